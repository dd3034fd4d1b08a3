/**
 * How anything on a member's machine is reached from here: the ports of etcd by `dial`, commands by
 * `run`. Whatever asks a member asks through this, and never by an address, so that a tunnel, or a
 * test's process, can stand behind it. Runs inside dynamic providers.
 */
import { poll } from "../engine/poll.ts";
import { openPinned, runScript, type Target } from "./pinnedSsh.ts";

/** Where a port of a member can be reached for a while. */
export interface Dialled {
  readonly host: string;
  readonly port: number;
  /** Ends what was opened for it. */
  close(): void;
}

/** What came of a script: `problem` says why there is no clean end of it, else it is "". */
export interface ScriptResult {
  readonly problem: string;
  readonly output: string;
}

export interface MemberAccess {
  /** Opens the way to a port of the machine. Rejects when there is none. */
  dial(port: number): Promise<Dialled>;
  /**
   * Runs a script as root, on standard input, where no process list shows it. Never rejects. Tries
   * to connect for `patienceMs`; the script may take `timeoutMs`.
   */
  run(script: string, patienceMs: number, timeoutMs: number): Promise<ScriptResult>;
}

/** What only dials. */
export type Dialler = Pick<MemberAccess, "dial">;

/** The machine's own ports, by its address. */
export function directDialler(host: string): Dialler {
  return {
    async dial(port) {
      return { host, port, close: () => undefined };
    },
  };
}

/** A machine that is gone gives no answer at all; one that is busy may refuse and then accept. */
const attemptMs = 10_000;
const pauseMs = 1_000;

/** The machine by its address, and by SSH with a pinned host key. */
export function pinnedAccess(target: Target & { readonly hostKey: string }): MemberAccess {
  return {
    ...directDialler(target.host),
    run: (script, patienceMs, timeoutMs) =>
      poll<ScriptResult, string>({
        seconds: patienceMs / 1000,
        pause: pauseMs,
        async look() {
          const attempt = await openPinned(target, [target.hostKey], attemptMs);
          const { client, problem, foreignKey, refused } = attempt;
          // Another key and a refused log-in do not change by waiting.
          if (!client) return { still: problem, hopeless: foreignKey !== "" || refused };
          try {
            const result = await runScript(client, "sudo -n sh -s", script, timeoutMs);
            const { broken, code, output } = result;
            if (broken) return { found: { problem: broken, output } };
            const failed = code === 0 ? "" : output || `exit code ${code}`;
            return { found: { problem: failed, output } };
          } finally {
            client.end();
          }
        },
        expired: (problem) => ({ problem, output: "" }),
      }),
  };
}
