import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import * as path from "node:path";

/** How a program is called. */
export interface Call {
  readonly args: readonly string[];
  /** Added to our own environment; undefined removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
}

/**
 * Writes a file that nobody else can read and that goes when the program ends. Returns its path.
 */
export type PrivateFile = (name: string, content: string) => string;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Runs a program on our own terminal and returns its exit code (128 + signal when a signal ended
 * it). Signals are passed on, `terminate` in place of SIGTERM and SIGHUP, and the program decides
 * what they mean. The files that `call` makes are removed once it has ended. Throws when it cannot
 * be started.
 */
export async function passThrough(
  program: string,
  call: (file: PrivateFile) => Call,
  terminate?: NodeJS.Signals,
): Promise<number> {
  // Everything up to the program's start happens without a pause, so that no signal comes between
  // a file and those who remove it.
  let folder: string | undefined;
  const file: PrivateFile = (name, content) => {
    folder ??= mkdtempSync(path.join(tmpdir(), "etcd-on-ec2-")); // mode 0700
    const place = path.join(folder, name);
    writeFileSync(place, content, { mode: 0o600 });
    return place;
  };
  let send: (signal: NodeJS.Signals) => void = () => undefined;
  const passOn = (signal: NodeJS.Signals) => {
    send(signal);
  };
  for (const signal of signals) process.on(signal, passOn);
  try {
    const { args, env, cwd } = call(file);
    return await new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        stdio: "inherit",
        cwd,
        env: { ...process.env, ...env },
      });
      send = (signal) => {
        if (signal !== "SIGINT") child.kill(terminate ?? signal);
        else if (!process.stdin.isTTY) child.kill(signal); // a terminal sends Ctrl-C to it, too
      };
      child.on("error", (error) =>
        reject(new Error(`${program} could not be started (${error.message})`)),
      );
      child.on("exit", (code, signal) =>
        resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)),
      );
    });
  } finally {
    for (const signal of signals) process.off(signal, passOn);
    if (folder) rmSync(folder, { recursive: true, force: true });
  }
}
