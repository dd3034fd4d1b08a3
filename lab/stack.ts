import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { projectDir, stateDir } from "./paths.ts";
import { pulumiEnvironment, stackName } from "./pulumiEnvironment.ts";
import { run } from "./shell.ts";

const project = "etcd"; // the name in Pulumi.yaml
const stateFile = path.join(stateDir, ".pulumi/stacks", project, `${stackName}.json`);
const lockDir = path.join(stateDir, ".pulumi/locks");

/**
 * Makes the stack when the backend has none. Pulumi.dev.yaml, which has the stack's salt already,
 * stays as it is.
 */
export async function createStack(cliDir: string): Promise<void> {
  if (existsSync(stateFile)) return;
  await fs.mkdir(stateDir, { recursive: true });
  await run(
    path.join(cliDir, "pulumi"),
    ["stack", "select", "--create", stackName, "--non-interactive"],
    { cwd: projectDir, env: pulumiEnvironment(cliDir) },
  );
}

interface StateResource {
  readonly type?: string;
  readonly outputs?: { readonly stack?: string };
}

/**
 * How many resources the stack's state has, and how many steps a killed run left open; zeroes when
 * there is no stack.
 */
export async function stackContents(): Promise<{
  resources: number;
  open: number;
  /** The stack that the things were made for; undefined where nothing says so. */
  madeFor?: string | undefined;
}> {
  const text = await fs.readFile(stateFile, "utf8").catch(() => undefined);
  if (text === undefined) return { resources: 0, open: 0 }; // no stack yet
  const state: {
    checkpoint?: { latest?: { resources?: StateResource[]; pending_operations?: unknown[] } };
  } = JSON.parse(text);
  const { resources = [], pending_operations: open = [] } = state.checkpoint?.latest ?? {};
  const stackId = resources.find(({ type = "" }) => type.endsWith("etcd:Incarnation"));
  return { resources: resources.length, open: open.length, madeFor: stackId?.outputs?.stack };
}

/** Forgets the stack: state, history, locks. What it described must be gone already. */
export async function forgetStack(): Promise<void> {
  await fs.rm(stateDir, { recursive: true, force: true });
}

/**
 * Removes locks of Pulumi processes that are no more: one that was killed cannot remove its own,
 * and would block every later run. Throws when the process is alive, or on another host: two at a
 * time would harm the state.
 */
export async function removeDeadLocks(report: (line: string) => void): Promise<void> {
  if (!existsSync(lockDir)) return;
  for (const entry of (await fs.readdir(lockDir, { recursive: true, withFileTypes: true })).filter(
    (e) => e.isFile() && e.name.endsWith(".json"),
  )) {
    const file = path.join(entry.parentPath, entry.name);
    const lock: { pid?: number; hostname?: string } = JSON.parse(await fs.readFile(file, "utf8"));
    if (lock.hostname !== os.hostname()) {
      throw new Error(
        `the stack ${stackName} is locked by process ${lock.pid ?? "unknown"} on ` +
          `${lock.hostname ?? "an unknown host"}, and whether that lives cannot be seen ` +
          "from here; when you know that it does not: npm run pulumi -- cancel",
      );
    }
    if (lock.pid !== undefined && (await isPulumi(lock.pid))) {
      throw new Error(busyWords(stackName, String(lock.pid)));
    }
    report(
      "stack: removing the lock of an earlier run that was killed (process " +
        `${lock.pid ?? "unknown"})`,
    );
    await fs.rm(file);
  }
}

/** What is said when another run has the stack; one that has just begun has its lock already. */
export function busyWords(stack: string, pid: string): string {
  return (
    `another Pulumi works on the stack ${stack} (process ${pid}); wait for ` +
    `it, or end it with: kill -INT ${pid}`
  );
}

/**
 * Whether this process is a Pulumi at work: numbers are given again, and one that was killed is
 * listed until its parent has noticed.
 */
async function isPulumi(pid: number): Promise<boolean> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""); // no such process
  return /^\d+ \(pulumi\) [^ZX]/.test(stat);
}
