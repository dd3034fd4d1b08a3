import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run as runTests } from "node:test";
import { spec } from "node:test/reporters";
import { whyNoLab } from "../lab/ability.ts";
import { command, usageError } from "../lab/command.ts";
import { projectDir } from "../lab/paths.ts";
import { ensurePrerequisites } from "../lab/prerequisites.ts";
import { run } from "../lab/shell.ts";
import { ensureCli } from "../lab/toolchain/cli.ts";
import { ensureEtcd } from "../lab/toolchain/etcd.ts";

const help = `
npm test                          all tiers this machine can run
npm test -- --tier unit           everything but tests/lab: types, functions, providers, real etcd on loopback
npm test -- --tier lab            tests/lab: the whole thing, with npm run up (needs root or sudo)
npm test -- FILE…                 these files only

Where the lab cannot run its tier is skipped, and the last lines say so; ETCD_LAB_REQUIRED=1 makes that a failure.
The last line is "N passed, N failed".
`;

/** The versions of etcd that the etcd tier runs against: the oldest supported, the default, the newest. */
const etcdVersions = ["3.5.35", "3.6.14", "3.7.3"];
const labTier = path.join(projectDir, "tests/lab") + path.sep;
const sums = { passed: 0, failed: 0 };

await command("test", help, async (args) => {
  const { tier, files: named } = await readArguments(args);
  const files = named.length > 0 ? named : await testFiles();
  const lab = files.filter((file) => file.startsWith(labTier)), others = files.filter((file) => !file.startsWith(labTier));
  const skipReason = tier !== "unit" && lab.length > 0 ? await whyNoLab() : undefined;
  const say = (line: string) => { process.stdout.write(`${line}\n`); };

  if (named.length === 0) {
    await checkTypes(say);
    if (tier !== "lab") await prepare(say);
  }
  if (tier !== "lab" && others.length > 0) await runTier("unit", others, os.availableParallelism(), 180_000);
  if (tier !== "unit" && lab.length > 0 && skipReason === undefined) {
    await ensurePrerequisites(say);
    await runTier("lab", lab, 1, 30 * 60_000); // one lab, so one file at a time
  }
  if (skipReason !== undefined) {
    const required = process.env.ETCD_LAB_REQUIRED === "1";
    say(`\nThe lab tier (${lab.length} files in tests/lab) was ${required ? "REQUIRED (ETCD_LAB_REQUIRED=1) and could not run" : "SKIPPED"}: ${skipReason}`);
    if (required) sums.failed += lab.length;
  }
  say(`${sums.passed} passed, ${sums.failed} failed`);
  return sums.failed > 0 ? 1 : 0;
});

async function readArguments(args: readonly string[]): Promise<{ tier: "unit" | "lab" | undefined; files: string[] }> {
  let tier: "unit" | "lab" | undefined;
  const files: string[] = [];
  const rest = [...args];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    if (argument === "--tier" || argument.startsWith("--tier=")) {
      const value = argument.startsWith("--tier=") ? argument.slice("--tier=".length) : rest.shift();
      if (value !== "unit" && value !== "lab") throw usageError("test", `--tier is unit or lab (got ${value ?? "nothing"})`);
      tier = value;
    } else if (argument.startsWith("-")) {
      throw usageError("test", `there is no option ${argument}`);
    } else {
      const file = path.resolve(argument);
      if (!await fs.access(file).then(() => true, () => false)) throw usageError("test", `there is no test file ${argument}`);
      files.push(file);
    }
  }
  return { tier, files };
}

async function testFiles(): Promise<string[]> {
  const entries = await fs.readdir(path.join(projectDir, "tests"), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts")).map((entry) => path.join(entry.parentPath, entry.name)).sort();
}

/** Counts as one test. */
async function checkTypes(say: (line: string) => void): Promise<void> {
  const started = Date.now();
  try {
    await run(process.execPath, [path.join(projectDir, "node_modules/typescript/bin/tsc"), "--noEmit", "--pretty", "false"], { cwd: projectDir, timeoutMs: 300_000, onLine: say });
    sums.passed += 1;
    say(`types: tsc --noEmit finds nothing (${((Date.now() - started) / 1000).toFixed(1)} s)`);
  } catch {
    sums.failed += 1;
    say("types: tsc --noEmit failed, see above");
  }
}

/** What tests of providers and of etcd run: the CLI and real etcd, from the cache or made now. */
async function prepare(say: (line: string) => void): Promise<void> {
  await Promise.all([ensureCli(say), (async () => { for (const version of etcdVersions) await ensureEtcd(version, say); })()]);
}

async function runTier(name: string, files: string[], concurrency: number, timeout: number): Promise<void> {
  process.stdout.write(`\n${name} tier: ${files.length} files\n`);
  // A file whose failed test left a process behind would otherwise never end: the runner's own timeout is for tests, not for files.
  const stream = runTests({ files, concurrency, timeout, cwd: projectDir, execArgv: ["--test-force-exit"] });
  stream.on("test:summary", ({ file, counts }) => {
    if (file !== undefined) return; // one for each file, then one for all
    sums.passed += counts.passed;
    sums.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
}
