/**
 * Runs the files of tests/lab, one after the other on each host there is: a file has a lab for
 * itself, and a host has room for one. The longest start first, so that the hosts end together.
 * The files of tests/faults, which need no lab, run beside them.
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

/**
 * About how many minutes a file takes beside another one; the table at the end of a run tells. Only
 * the order matters; a file that is not listed counts as one minute.
 */
export const minutes: Readonly<Record<string, number>> = {
  "pipelines.test.ts": 12,
  "changesUnderFaults.test.ts": 9.5,
  "members.test.ts": 8,
  "kills.test.ts": 6.5,
  "memberStories.test.ts": 6,
  "recovery.test.ts": 5.5,
  "serviceFaults.test.ts": 5,
  "noHarm.test.ts": 5,
  "destroy.test.ts": 4.6,
  "upgrade.test.ts": 4.5,
  "dnsFaults.test.ts": 4.1,
  "killsUndone.test.ts": 4,
  "dnsAtFirstStart.test.ts": 3.7,
  "unit.test.ts": 3.7,
  "hostKeys.test.ts": 3.5,
  "firstLight.test.ts": 3.3,
  "securityGroups.test.ts": 2.8,
  "oneMachine.test.ts": 2.6,
  "oldState.test.ts": 2.5,
  "memberKills.test.ts": 2.5,
  "instanceTypes.test.ts": 2.4,
  "policy.test.ts": 2.2,
};

/** What came of one file. */
export interface FileRun {
  /** Without folder and ending. */
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly host: string;
  readonly seconds: number;
}

/** A place where one file runs at a time. */
export interface Host {
  readonly name: string;
  /** Runs a command there, as `run` does. */
  readonly run: (command: readonly string[], options: RunOptions) => Promise<string>;
}

/** This host, where the command is told when this process is killed. */
const onThisHost: Host["run"] = (command, options) =>
  run("setpriv", ["--pdeathsig", "TERM", ...command], { ...options, cwd: projectDir });

/** This host and the second one, where the command is killed with this process. */
export const twoHosts: readonly Host[] = [
  { name: "host 1", run: onThisHost },
  { name: "host 2", run: onSecondHost },
];

/** This host, for what needs no lab and runs beside one. */
export const besideLab: Host = { name: "beside", run: onThisHost };

/** The files, those that take longest first. Pure. */
export function longestFirst(files: readonly string[]): string[] {
  const weight = (file: string) => minutes[path.basename(file)] ?? 1;
  return files.toSorted((a, b) => weight(b) - weight(a));
}

/**
 * Runs the files in this order on all hosts at the same time, as `npm test -- FILE` each. Tells
 * every line as it comes, with the file's name before it, and how long each file took.
 */
export async function runOnHosts(
  hosts: readonly Host[],
  files: readonly string[],
  say: (line: string) => void,
): Promise<FileRun[]> {
  const runs: FileRun[] = [];
  const queue = [...files];
  await Promise.all(
    hosts.map(async (host) => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift())
        runs.push(await runFile(host, path.relative(projectDir, file), say));
    }),
  );
  return runs;
}

async function runFile(host: Host, file: string, say: (line: string) => void): Promise<FileRun> {
  const name = path.basename(file, ".test.ts");
  const tell = (line: string) => {
    say(`${name}  ${line}`);
  };
  const started = Date.now();
  let last = "";
  const onLine = (line: string) => {
    if (line.trim() !== "") last = line;
    if (!isFrame(line)) tell(line);
  };
  try {
    await host.run([...command, file], { timeoutMs: fileDeadlineMs, onLine });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    if (error.code !== 1) tell(error.message); // 1: tests failed, and said so
  }
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/.exec(last) ?? [];
  if (passed === undefined) tell("the file ended without a count");
  const seconds = Math.round((Date.now() - started) / 1000);
  tell(`${seconds} s (${host.name})`);
  return {
    name,
    passed: Number(passed ?? 0),
    failed: Number(failed ?? 1),
    host: host.name,
    seconds,
  };
}

/** The files' times, a line each, the longest first; and how long each host was at work. Pure. */
export function timeTable(runs: readonly FileRun[]): string[] {
  const width = Math.max(...runs.map(({ name }) => name.length));
  const hosts = [...new Set(runs.map(({ host }) => host))].sort();
  const busy = hosts.map((host) => {
    const ofHost = runs.filter((run) => run.host === host);
    return `${host} ${ofHost.reduce((sum, { seconds }) => sum + seconds, 0)} s`;
  });
  return [
    ...runs
      .toSorted((a, b) => b.seconds - a.seconds)
      .map(
        ({ name, host, seconds }) =>
          `${name.padEnd(width)}  ${String(seconds).padStart(5)} s  ${host}`,
      ),
    `at work: ${busy.join(", ")}`,
  ];
}

/**
 * What `npm test -- FILE` says around the tests. What is not as it should be is not among it. Pure.
 */
function isFrame(line: string): boolean {
  return (
    line === "" ||
    /^ℹ ((tests|suites|pass|duration_ms) [\d.]+|(fail|cancelled|skipped|todo) 0)$|^(faults|lab) tier: |^\d+ passed, \d+ failed$/.test(
      line,
    )
  );
}
