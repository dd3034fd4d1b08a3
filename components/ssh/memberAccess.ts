/**
 * How anything on a member's machine is reached from here: the ports of etcd by `dial`, commands by
 * `run`. Whatever asks a member asks through this, and never by an address, so that a tunnel, or a
 * test's process, can stand behind it. Runs inside dynamic providers.
 */
import { poll } from "../engine/poll.ts";
import { directDialler, type Dialler } from "./dialler.ts";
import { openPinned, runScript, type Login } from "./pinnedSsh.ts";

/** What came of a script: `problem` says why there is no clean end of it, else it is "". */
export interface ScriptResult {
  readonly problem: string;
  readonly output: string;
}

export interface MemberAccess extends Dialler {
  /**
   * Runs a script as root, on standard input, where no process list shows it. Never rejects. Tries
   * to connect for `patienceMs`; the script may take `timeoutMs`.
   */
  run(script: string, patienceMs: number, timeoutMs: number): Promise<ScriptResult>;
}

/** A machine that is gone gives no answer at all; one that is busy may refuse and then accept. */
const attemptMs = 10_000;
const pauseMs = 1_000;

/** How a machine is logged into once it shows its lasting key. */
export interface PinnedLogin extends Login {
  readonly host: string;
  /** 22 unless given. */
  readonly port?: number;
  /** The only host key that is believed. */
  readonly hostKey: string;
}

/** The machine by its address, and by SSH with a pinned host key. */
export function pinnedAccess(login: PinnedLogin): MemberAccess {
  const dialler = directDialler(login.host);
  return {
    ...dialler,
    run: (script, patienceMs, timeoutMs) =>
      poll<ScriptResult, string>({
        seconds: patienceMs / 1000,
        pause: pauseMs,
        async look() {
          const attempt = await openPinned(dialler, login, [login.hostKey], attemptMs);
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
