// The outside of every command: help, refusals, exit codes. Does not prove what the commands do;
// tests/lab does.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { test } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { CommandError, run } from "../../lab/shell.ts";

const names = readdirSync(path.join(projectDir, "commands"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3));

async function call(...args: string[]): Promise<{ code: number | null; text: string }> {
  try {
    return {
      code: 0,
      text: await run(process.execPath, [path.join(projectDir, "commands/run.mjs"), ...args], {
        cwd: projectDir,
        env: { NODE_TEST_CONTEXT: undefined },
      }),
    };
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return { code: error.code, text: error.output };
  }
}

test("package.json has a script for each command", () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(
    readFileSync(path.join(projectDir, "package.json"), "utf8"),
  );
  for (const name of names) assert.equal(scripts[name], `node commands/run.mjs ${name}`);
});

for (const name of names) {
  test(`${name} --help says how it is called, and does nothing`, async () => {
    const { code, text } = await call(name, "--help");
    assert.equal(code, 0);
    assert.match(text, new RegExp(`^npm (run )?${name}`));
  });
}

test("an unknown command is one line that lists the commands, exit 2", async () => {
  const { code, text } = await call("upp");
  assert.equal(code, 2);
  assert.equal(text, `upp: there is no command "upp"; there are: ${names.join(", ")}\n`);
});

for (const [args, message] of [
  [
    ["up", "please"],
    /^up: up takes no arguments \(got please\); npm run up -- --help shows how it is called\n$/,
  ],
  [["check", "twice"], /^check: check takes --fix only \(got twice\)/],
  [["down", "now"], /^down: down takes no arguments/],
  [["bench", "--fast"], /^bench: there is no option --fast; npm run bench -- --help shows/],
  [["lab", "stop", "now"], /^lab: stop takes no arguments \(got now\); /],
  [["lab"], /^lab: a subcommand is needed: start, stop, status, logs, fault, destroy; /],
  [["lab", "begin"], /^lab: there is no subcommand begin: /],
  [["test", "--tier", "all"], /^test: --tier is unit, pipelines, faults, lab \(got all\)/],
  [["test", "no-such-file.ts"], /^test: there is no test file no-such-file\.ts/],
] as const) {
  test(`npm run ${args.join(" ")} is refused in one line`, async () => {
    const { code, text } = await call(...args);
    assert.equal(code, 1);
    assert.match(text, message);
    assert.equal(text.trimEnd().split("\n").length, 1);
  });
}

test("the help of faults lists every kind with its parameters", async () => {
  const { text } = await call("lab", "fault", "--help");
  for (const word of ["withhold:", "falsify:", "ssh-late:", "server=…", "(optional)"])
    assert.ok(text.includes(word), word);
});
