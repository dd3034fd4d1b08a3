import { spawn } from "node:child_process";
import { constants } from "node:os";

/**
 * Runs a command on our own terminal and returns its exit code (128 + signal when a signal ended
 * it). Throws when it cannot be started.
 */
export function passThrough(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>> = {},
): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "inherit", env: { ...process.env, ...env } });
    child.on("error", (error) =>
      reject(new Error(`${program} could not be started (${error.message})`)),
    );
    child.on("exit", (code, signal) =>
      resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)),
    );
  });
}
