/** The CLI as a child process: what a runner's signals do to it, and when it has to end. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";

export interface Ended {
  readonly code: number;
  readonly output: string;
  readonly noise: string;
}

export interface Call {
  /** A word for messages: "preview". */
  readonly what: string;
  readonly minutes: number;
  /** Gets whole lines while it runs; nothing is told without it. */
  readonly tell?: (text: string) => void;
}

/** The job was cancelled: what was begun has been written down, and nothing more is begun. */
export class Cancelled extends Error {}

/** Rules of the repository's policy pack, where it has one. */
export const withPolicy = existsSync("policy") ? ["--policy-pack", "policy"] : [];

let cancelled = false;
let running: (() => void) | undefined;

/**
 * A first SIGINT or SIGTERM goes on to the CLI once, as SIGINT: it ends its current steps and
 * writes them down. A second SIGINT would make it drop them, so no second one is passed on.
 */
export function heedSignals(say: (text: string) => void): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => {
      if (cancelled) return;
      cancelled = true;
      say(running ? "cancelled: pulumi ends its current steps" : "cancelled: nothing was begun");
      if (running) running();
      else process.exit(130);
    });
}

/**
 * Runs `pulumi ARGS`. Past its minutes it is told to end as if the job were cancelled, and killed
 * two minutes later.
 * @throws Cancelled when the job was
 */
export async function pulumi(args: readonly string[], call: Call): Promise<Ended> {
  // A group of its own: a terminal's Ctrl-C would reach it a second time.
  const child = spawn("pulumi", [...args, "--non-interactive"], {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    // The command provider fails on an agent that is gone, although it needs none.
    env: { ...process.env, SSH_AUTH_SOCK: undefined, PULUMI_SKIP_UPDATE_CHECK: "true" },
  });
  running = () => child.kill("SIGINT");
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    child.kill("SIGINT");
  }, call.minutes * 60_000);
  const end = setTimeout(() => child.kill("SIGKILL"), (call.minutes + 2) * 60_000);
  const said = { output: "", noise: "" };
  for (const [stream, key] of [
    [child.stdout, "output"],
    [child.stderr, "noise"],
  ] as const) {
    let partial = "";
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      said[key] += chunk;
      const lines = (partial + chunk).split("\n");
      partial = lines.pop() ?? "";
      if (call.tell && lines.length) call.tell(lines.join("\n"));
    });
    stream.on("end", () => {
      if (partial && call.tell) call.tell(partial);
    });
  }
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", (error) => {
        reject(new Error(`pulumi could not be started (${error.message}); is the CLI on PATH?`));
      });
      child.on("close", (status) => {
        resolve(status ?? 1);
      });
    });
    if (cancelled) throw new Cancelled(`${call.what} was cancelled`);
    if (late)
      throw new Error(
        `${call.what}: not done after ${call.minutes} minutes, so it was ended; what it had ` +
          "begun is in the state, and the next run goes on from there",
      );
    return { code, ...said };
  } finally {
    clearTimeout(deadline);
    clearTimeout(end);
    running = undefined;
  }
}
