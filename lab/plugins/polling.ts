import type { Call } from "./handler.ts";

/**
 * How often a state is asked for. The official providers wait 10 s and more between looks; on one
 * machine that is only waiting.
 */
const intervalMs = 100;

export interface Wait {
  /** What is waited for, as it stands in the message: "EC2 Instance (i-1) create". */
  readonly what: string;
  readonly pending: readonly string[];
  readonly target: readonly string[];
  /** How long, unless the program gave the resource another time (customTimeouts). */
  readonly timeoutMs: number;
}

/**
 * Asks for a state until it is one of the wanted ones. Throws, in the official providers' words,
 * when another state appears, when the deadline passes, or when the run is cancelled. No state ("")
 * stands for a thing that is not there. `reason` is asked for what the service says about an
 * unexpected state.
 */
export async function waitForState(
  call: Call,
  wait: Wait,
  look: () => Promise<string>,
  reason: () => string = () => "",
): Promise<void> {
  const timeoutMs = call.timeoutMs ?? wait.timeoutMs;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const state = await look();
    if (wait.target.includes(state)) return;
    const wanted = wait.target.map((target) => target || "gone").join(", ");
    if (!wait.pending.includes(state)) {
      throw new Error(
        `waiting for ${wait.what}: unexpected state '${state}', wanted target ` +
          `'${wanted}'${reason() ? `. last error: ${reason()}` : ""}`,
      );
    }
    if (performance.now() >= deadline) {
      throw new Error(
        `waiting for ${wait.what}: timeout while waiting for state to become ` +
          `'${wanted}' (last state: '${state}', timeout: ${spoken(timeoutMs)})`,
      );
    }
    await pause(intervalMs, call.signal, wait.what);
  }
}

/**
 * Waits, unless the run is cancelled meanwhile: then it throws and says what it was waiting for.
 */
export function pause(ms: number, signal: AbortSignal, what: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const cancelled = () => {
      clearTimeout(timer);
      reject(new Error(`cancelled while waiting for ${what}`));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", cancelled);
      resolve();
    }, ms);
    if (signal.aborted) cancelled();
    else signal.addEventListener("abort", cancelled, { once: true });
  });
}

/** A duration the way Go prints it: 10m0s, 1.5s. */
function spoken(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}
