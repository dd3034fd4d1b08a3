/**
 * Runs the files of tests/lab, one after the other on each host there is: a file has a lab for
 * itself, and a host has room for one.
 */
import * as path from "node:path";
import { projectDir } from "../lab/paths.ts";
import { CommandError, run, type RunOptions } from "../lab/shell.ts";
import { onSecondHost } from "./secondHost.ts";

/**
 * Every test has a deadline of its own (commands/test.ts); this one is for a file that gets stuck
 * between them.
 */
const fileDeadlineMs = 60 * 60_000;
const command = [process.execPath, "commands/run.mjs", "test"];

export interface Sums {
  passed: number;
  failed: number;
}

/** Runs a command on a host, as `run` does. */
export type Host = (command: readonly string[], options: RunOptions) => Promise<string>;
/**
 * This one, where the command is told when this process is killed, and the second one, where it is
 * killed, too.
 */
export const twoHosts: readonly Host[] = [
  (command, options) =>
    run("setpriv", ["--pdeathsig", "TERM", ...command], { ...options, cwd: projectDir }),
  onSecondHost,
];

/**
 * Runs the files on all hosts at the same time, as `npm test -- FILE` each. Tells every line as it
 * comes, with the file's name before it.
 */
export async function runOnHosts(
  hosts: readonly Host[],
  files: readonly string[],
  say: (line: string) => void,
): Promise<Sums> {
  const sums: Sums = { passed: 0, failed: 0 };
  const queue = [...files];
  await Promise.all(
    hosts.map(async (host) => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const { passed, failed } = await runFile(host, path.relative(projectDir, file), say);
        sums.passed += passed;
        sums.failed += failed;
      }
    }),
  );
  return sums;
}

async function runFile(host: Host, file: string, say: (line: string) => void): Promise<Sums> {
  const name = path.basename(file, ".test.ts");
  const tell = (line: string) => {
    say(`${name}  ${line}`);
  };
  let last = "";
  const onLine = (line: string) => {
    if (line.trim() !== "") last = line;
    if (!isFrame(line)) tell(line);
  };
  try {
    await host([...command, file], { timeoutMs: fileDeadlineMs, onLine });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.code !== 1) tell(error.message); // 1: tests failed, and said so
  }
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(last) ?? [];
  if (passed === undefined) tell("the file ended without a count");
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 1) };
}

/**
 * What `npm test -- FILE` says around the tests. What is not as it should be is not among it. Pure.
 */
function isFrame(line: string): boolean {
  return (
    line === "" ||
    /^ℹ ((tests|suites|pass|duration_ms) [\d.]+|(fail|cancelled|skipped|todo) 0)$|^lab tier: |^\d+ passed, \d+ failed$/.test(
      line,
    )
  );
}
