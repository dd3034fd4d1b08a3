/**
 * What GitHub's runner does to a step: runs its script as a file (with `bash -c` bash would make
 * way for the last command by itself), and on a cancel sends SIGINT to the entry process alone,
 * SIGTERM 7.5 s later, and SIGKILL to all that is left of its tree 2.5 s after that.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Step {
  readonly pid: number;
  /** All that it wrote so far. */
  log(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

export async function startStep(
  script: string,
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Step> {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-step-"));
  const file = path.join(folder, "step.sh");
  await fs.writeFile(file, script);
  const child = spawn("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", file], {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on("exit", (code, signal) => {
      void fs.rm(folder, { recursive: true, force: true });
      resolve({ code, signal });
    });
  });
  return { pid: child.pid ?? 0, log: () => log, ended };
}

/** Cancels it. Returns which of the processes that it had still run half a second later. */
export async function cancel({ pid, ended }: Step): Promise<number[]> {
  const before = await treeOf(pid);
  const over = ended.then(() => true as const);
  const within = (ms: number) => Promise.race([over, sleep(ms, false as const)]);
  process.kill(pid, "SIGINT");
  if (!(await within(7_500))) {
    process.kill(pid, "SIGTERM");
    if (!(await within(2_500))) await killAll(await treeOf(pid));
  }
  await sleep(500);
  const alive = await Promise.all(before.map(isRunning));
  return before.filter((_, i) => alive[i]);
}

/** As when the machine dies. */
export async function killAll(pids: readonly number[]): Promise<void> {
  for (const pid of pids)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // gone already
    }
  for (const pid of pids) while (await isRunning(pid)) await sleep(50);
}

/** A process and all that descends from it, whatever group it is in. */
export async function treeOf(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const entry of await fs.readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = await fs.readFile(`/proc/${entry}/stat`, "utf8").catch(() => "");
    const parent = stat
      .slice(stat.lastIndexOf(")") + 1)
      .trim()
      .split(" ")[1];
    if (parent !== undefined) parents.set(Number(entry), Number(parent));
  }
  const tree = [root];
  for (const pid of tree)
    for (const [child, parent] of parents) if (parent === pid) tree.push(child);
  return tree;
}

async function isRunning(pid: number): Promise<boolean> {
  const stat = await fs.readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return stat !== "" && stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3) !== "Z";
}
