/**
 * Runs of Pulumi that are killed (SIGKILL to the CLI and all its plugins) when a certain step
 * begins.
 */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import * as path from "node:path";
import { EventLog } from "../../commands/stack/eventLog.ts";
import { labDir, projectDir } from "../../lab/paths.ts";
import { pulumiEnvironment } from "../../lab/pulumiEnvironment.ts";
import { removeDeadLocks } from "../../lab/stack.ts";

/** The engine's events of the last run, a line of JSON each. */
export const eventFile: string = path.join(labDir, "kill.events");

/** What came of a run: the step at which it was killed, or how it ended by itself. */
export interface Run {
  readonly killedAt?: string;
  readonly code?: number;
  readonly text: string;
}

/**
 * Runs Pulumi with these arguments and kills it `delayMs` after `choose` has picked one of the
 * steps of this kind that have begun (URNs, in order). A run that is not killed ends within 240 s.
 */
export async function runUntil(
  cliDir: string,
  args: readonly string[],
  op: "create" | "update" | "delete",
  choose: (begun: readonly string[]) => string | undefined,
  delayMs: number,
): Promise<Run> {
  await removeDeadLocks(() => undefined);
  const output = path.join(labDir, "kill.log");
  await rm(eventFile, { force: true });
  const log = openSync(output, "w");
  const child = spawn(
    path.join(cliDir, "pulumi"),
    [...args, "--yes", "--skip-preview", "--non-interactive", "--event-log", eventFile],
    {
      cwd: projectDir,
      stdio: ["ignore", log, log],
      detached: true,
      env: { ...process.env, ...pulumiEnvironment(cliDir), PULUMI_DEBUG_COMMANDS: "true" },
    },
  );
  let code: number | undefined;
  const end = new Promise<void>((resolve) =>
    child.on("exit", (c) => {
      code = c ?? -1;
      resolve();
    }),
  );
  const events = new EventLog(eventFile);
  const begun: string[] = [];
  try {
    for (const deadline = Date.now() + 240_000; code === undefined;) {
      if (Date.now() > deadline) {
        killWithPlugins(child.pid ?? 0);
        throw new Error(
          `pulumi ${args.join(" ")} did not end within 240 ` +
            `s:\n${readFileSync(output, "utf8").slice(-3000)}`,
        );
      }
      begun.push(...stepsBegun(events, op));
      const step = choose(begun);
      if (step !== undefined) {
        await Promise.race([new Promise((resolve) => setTimeout(resolve, delayMs)), end]);
        if (code !== undefined) break; // it was the last step
        killWithPlugins(child.pid ?? 0);
        await end;
        return { killedAt: step, text: readFileSync(output, "utf8") };
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return { code, text: readFileSync(output, "utf8") };
  } finally {
    closeSync(log);
  }
}

/**
 * Plugins are process groups of their own, and outlive a killed CLI by up to a second; here nothing
 * goes on but what they have sent.
 */
function killWithPlugins(cli: number): void {
  const parents = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => [Number(pid), parentOf(pid)]),
  );
  const all = [cli];
  for (const pid of all) for (const [child, parent] of parents) if (parent === pid) all.push(child);
  for (const pid of all) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (e) {
      if ((e as NodeJS.ErrnoException).code !== "ESRCH") throw e; // it has ended meanwhile
    }
  }
}

/** "12 (a name) S 34 …": the parent is the second word after the name, which may hold anything. */
function parentOf(pid: string): number {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ")[1]);
  } catch {
    return 0; // it has ended meanwhile
  }
}

/**
 * The same until the `nth` step that is not in `known`; notes it there with those before it, which
 * this run lets pass.
 */
export async function runUntilNext(
  cliDir: string,
  args: readonly string[],
  op: "create" | "delete",
  known: Set<string>,
  nth: number,
  delayMs: number,
): Promise<Run> {
  let passed: readonly string[] = [];
  const run = await runUntil(
    cliDir,
    args,
    op,
    (begun) => {
      passed = begun.filter((urn) => !known.has(urn)).slice(0, nth);
      return passed[nth - 1];
    },
    delayMs,
  );
  for (const urn of passed) known.add(urn);
  return run;
}

/** New ones; components and providers are frames around the work. */
function stepsBegun(events: EventLog, op: string): string[] {
  return events
    .next()
    .flatMap(({ resourcePreEvent: e }) =>
      e?.metadata.op === op && !/^(pulumi|etcd:index):/.test(e.metadata.type)
        ? [e.metadata.urn]
        : [],
    );
}
