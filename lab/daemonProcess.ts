import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import { closeSync, openSync, readdirSync, readFileSync, statSync } from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { addresses } from "./addresses.ts";
import { cacheDir, labDir, logDir, projectDir } from "./paths.ts";
import { run, runAsRoot } from "./shell.ts";

/** "<pid> <digest of the lab's code>" of the running daemon. */
export const daemonPidFile = path.join(labDir, "daemon.pid");
export const daemonLog = path.join(logDir, "daemon.log");
const script = path.join(projectDir, "lab/daemon.ts");

/** Whether the daemon of this checkout runs, answers, and runs the code that is there now. */
export async function daemonIsCurrent(): Promise<boolean> {
  const [pid, code] = readPidFile();
  return pid !== undefined && isDaemon(pid) && code === codeDigest() && (await daemonAnswers());
}

/**
 * Starts the daemon as root, a process of its own, and waits up to 20 s until its control interface
 * answers. Throws with the end of its log.
 */
export async function startDaemon(): Promise<void> {
  await stopDaemon();
  await fs.mkdir(logDir, { recursive: true });
  const log = openSync(daemonLog, "a");
  const environment = ["PATH", "LAB_CIDR", "HOME"].flatMap((name) =>
    process.env[name] === undefined ? [] : [`${name}=${process.env[name]}`],
  );
  const command = [
    "env",
    ...environment,
    `XDG_CACHE_HOME=${path.dirname(cacheDir)}`,
    process.execPath,
    "--disable-warning=ExperimentalWarning",
    script,
  ];
  const [program = "", ...args] =
    process.getuid?.() === 0 ? command : ["sudo", "-n", "--", ...command];
  const child = spawn(program, args, {
    cwd: projectDir,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let ended = false;
  child.on("error", () => {
    ended = true;
  });
  child.on("exit", () => {
    ended = true;
  });
  child.unref();
  // Under sudo the daemon is a child of ours only through it; it is the process that runs the
  // script.
  const pid = await found(child.pid, () => ended);
  await fs.writeFile(daemonPidFile, `${pid ?? 0} ${codeDigest()}\n`);
  for (const deadline = Date.now() + 20_000; Date.now() < deadline && !ended; await delay(50))
    if (await daemonAnswers()) return;
  const tail = (await fs.readFile(daemonLog, "utf8")).trim().split("\n").slice(-12).join("\n");
  await stopDaemon();
  throw new Error(
    `lab: the daemon ${ended ? "ended while starting" : "does not answer after 20 s"}; ` +
      `the end of ${path.relative(projectDir, daemonLog)}:\n${tail}`,
  );
}

/** Ends the daemon: asks, waits up to 12 s, then kills. None running: does nothing. */
export async function stopDaemon(): Promise<void> {
  const [pid] = readPidFile();
  if (pid !== undefined && isDaemon(pid)) {
    await runAsRoot("kill", [String(pid)]);
    for (const deadline = Date.now() + 12_000; isDaemon(pid); await delay(20)) {
      if (Date.now() > deadline) await runAsRoot("kill", ["-9", String(pid)]);
    }
  }
  await fs.rm(daemonPidFile, { force: true });
}

function readPidFile(): [number | undefined, string] {
  try {
    const [pid, code = ""] = readFileSync(daemonPidFile, "utf8").trim().split(" ");
    return [Number(pid), code];
  } catch {
    return [undefined, ""]; // none was started
  }
}

/** A pid may have been given to another process since, so its command line decides. */
function isDaemon(pid: number): boolean {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    return line.includes(script) && line[0] !== "sudo" && line[0] !== "env";
  } catch {
    return false;
  }
}

async function found(
  parent: number | undefined,
  ended: () => boolean,
): Promise<number | undefined> {
  for (const deadline = Date.now() + 5_000; Date.now() < deadline && !ended(); await delay(20)) {
    if (parent !== undefined && isDaemon(parent)) return parent;
    const candidates = await run("pgrep", ["-P", String(parent)]).catch(() => "");
    const child = candidates
      .split("\n")
      .map(Number)
      .find((pid) => pid > 0 && isDaemon(pid));
    if (child !== undefined) return child;
  }
  return undefined;
}

/** Whether a daemon of the lab answers on its control port. */
export async function daemonAnswers(): Promise<boolean> {
  return fetch(`http://127.0.0.1:${addresses.controlPort}/faults`, {
    signal: AbortSignal.timeout(2_000),
  }).then(
    (response) => response.ok,
    () => false,
  );
}

/**
 * Tells a daemon of yesterday's code from one of today's: names, sizes and times of the lab's
 * files.
 */
function codeDigest(): string {
  const hash = createHash("sha256");
  for (const entry of readdirSync(path.join(projectDir, "lab"), {
    recursive: true,
    withFileTypes: true,
  }).filter((e) => e.isFile() && e.name.endsWith(".ts"))) {
    const { size, mtimeMs } = statSync(path.join(entry.parentPath, entry.name));
    hash.update(`${entry.parentPath}/${entry.name} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex").slice(0, 16);
}
