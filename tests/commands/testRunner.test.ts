// npm test counts every test of a file, and a file that does not end well fails. Does not prove it
// for a file whose process hangs in a loop.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { eventually, npmRun } from "../lab/harness.ts";

let folder = "";
before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "runner-"));
});
after(() => rm(folder, { recursive: true }));

/** Runs a file with this text, after `import test from "node:test"`. */
async function runFile(
  name: string,
  text: string,
  ...options: string[]
): Promise<{ code: number; text: string; last: string }> {
  const file = path.join(folder, `${name}.test.mjs`);
  await writeFile(file, `import test from "node:test";\n${text}\n`);
  const outcome = await npmRun("test", ...options, file);
  return { ...outcome, last: outcome.text.trim().split("\n").at(-1) ?? "" };
}

test("a thousand tests with long names are a thousand, as often as they run", async () => {
  for (let i = 0; i < 3; i++) {
    const { code, last } = await runFile(
      "many",
      `for (let i = 0; i < 1000; i++) test(i + " ${"x".repeat(400)}", () => undefined);`,
    );
    assert.deepEqual([code, last], [0, "1000 passed, 0 failed"]);
  }
});

test("one that fails is one that fails", async () => {
  const { code, last } = await runFile(
    "failing",
    'test("one", () => undefined); test("two", () => { throw new Error("no"); });',
  );
  assert.deepEqual([code, last], [1, "1 passed, 1 failed"]);
});

test("a file that ends in the middle of its tests fails", async () => {
  const { code, text } = await runFile(
    "early",
    'test("one", () => undefined); test("two", () => { process.exit(0); }); ' +
      'test("three", () => undefined);',
  );
  assert.equal(code, 1, text);
  assert.match(text, /early\.test\.mjs: the process ended before its last test did/);
});

test("a file that leaves something open ends all the same, fails, and names it", async () => {
  const { code, text, last } = await runFile(
    "open",
    'test("one", () => { setInterval(() => undefined, 1000); });',
  );
  assert.deepEqual([code, last], [1, "1 passed, 1 failed"]);
  assert.match(text, /open\.test\.mjs: still open 10 s after the last test: .*Timeout/);
});

test("--all reaches every file, and nothing else does", async () => {
  const text =
    'test("all", () => { if (process.env.ETCD_TEST_ALL !== "1") throw new Error("a sample"); });';
  assert.equal((await runFile("all", text, "--all")).last, "1 passed, 0 failed");
  assert.equal((await runFile("all", text)).last, "0 passed, 1 failed");
});

test("an option that is not there, or a tier, is named with how it is called", async () => {
  for (const [args, said] of [
    [["--al"], /^test: Unknown option '--al'/m],
    [["--tier", "labs"], /^test: --tier is unit, pipelines, faults, lab \(got labs\)/m],
    [["no.test.ts"], /^test: there is no test file no\.test\.ts/m],
  ] as const) {
    const { code, text } = await npmRun("test", ...args);
    assert.equal(code, 1);
    assert.match(text, said);
    assert.match(text, /npm run test -- --help shows how it is called$/m);
  }
});

test("a file ends with its runner, also when that is killed", async () => {
  const file = path.join(folder, "orphan.test.mjs");
  const pidFile = path.join(folder, "pid");
  await writeFile(
    file,
    `import { writeFileSync } from "node:fs"; import test from "node:test";
    test("long", async () => {
      writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
      await new Promise((resolve) => setTimeout(resolve, 120_000));
    });`,
  );
  const runner = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path.join(projectDir, "commands/test.ts"), file],
    { stdio: "ignore", env: { ...process.env, NODE_TEST_CONTEXT: undefined } },
  );
  await eventually(
    "the file to run",
    30_000,
    async () => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "",
  );
  const command = () => {
    try {
      return readFileSync(`/proc/${readFileSync(pidFile, "utf8")}/cmdline`, "utf8");
    } catch {
      return "";
    }
  };
  assert.ok(command().includes(file));
  runner.kill("SIGKILL");
  await eventually("the file's process to end", 30_000, async () => !command().includes(file));
});
