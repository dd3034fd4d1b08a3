/**
 * Connects to a machine for the first time and gives it its lasting host key. Thinking about keys
 * is here, SSH itself in pinnedSsh.ts.
 */
import { poll } from "../engine/poll.ts";
import type { Dialler } from "./dialler.ts";
import { hostKeyScript } from "./hostKeyScript.ts";
import { fingerprintOf, openPinned, runScript, type Attempt } from "./pinnedSsh.ts";

export interface Contact {
  /** Name of the member, for messages. */
  readonly node: string;
  readonly instanceId: string;
  /** Its private address: what messages show, and where it is reached unless a tunnel stands in. */
  readonly host: string;
  /** 22 unless given. */
  readonly port?: number;
  readonly user: string;
  readonly privateKey: string;
  /** Public half of the key in the user data; "" where it brought none. */
  readonly firstHostKey: string;
  readonly hostKey: string;
  readonly hostPrivateKey: string;
  readonly timeoutSeconds: number;
}

/**
 * Where SSH was seen closed before, a foreign key or a refused log-in may be a machine in the
 * middle of its boot, for this long. Where it was open from the first attempt on, it is an answer.
 */
const patienceMs = 20_000;
/**
 * sshd counts connections without a log-in, and shuts out for a while who makes many
 * (PerSourcePenalties of OpenSSH 9.8).
 */
const pauseMs = 200;
const pauseAfterRefusalMs = 2_000;
const attemptMs = 15_000;
const scriptMs = 30_000;
const longestConfirmMs = 30_000;

/**
 * Opens SSH with a machine that shows one of the two keys, hands the lasting one over, and returns
 * when a new connection shows it.
 * @throws with what was seen, and what to do, when the machine does not open SSH in time or is not
 *   the one that was made.
 */
export async function takeOver(
  contact: Contact,
  dialler: Dialler,
  say: (line: string) => void,
): Promise<void> {
  const { node, host, firstHostKey, hostKey, timeoutSeconds } = contact;
  if (!firstHostKey)
    throw new Error(
      `${node} (${host}): the user data of ${contact.instanceId} holds no host key, so ` +
        "nothing can tell this machine from another; replace it with `pulumi up " +
        "--replace` and the URN of its instance",
    );
  let refusedSince: number | undefined;
  let booting = false;
  let foreignKey = "";
  await poll<void, Attempt>({
    seconds: timeoutSeconds,
    pause: (_waited, { foreignKey: other, refused }) =>
      other || refused ? Math.min(pauseAfterRefusalMs, timeoutSeconds * 200) : pauseMs,
    async look() {
      const attempt = await openPinned(dialler, contact, [hostKey, firstHostKey], attemptMs);
      if (attempt.client) {
        const broken = await handOver(contact, dialler, attempt, say);
        if (broken === "") return { found: undefined };
        attempt.problem = broken;
      }
      const definite = attempt.foreignKey !== "" || attempt.refused;
      if (definite) refusedSince ??= Date.now();
      else booting ||= !attempt.shown;
      if (definite || attempt.shown) foreignKey = attempt.foreignKey;
      const waited = Date.now() - (refusedSince ?? Date.now());
      const hopeless = definite && (!booting || waited > patienceMs);
      return { still: attempt, hopeless };
    },
    saying: {
      say,
      line: ({ problem }, waited) =>
        `waiting for SSH on ${node} (${host}), ${waited} s of ${timeoutSeconds} s: ${problem}`,
    },
    expired: (attempt, waited) => {
      throw new Error(
        foreignKey ? foreign(contact, foreignKey) : unreachable(contact, attempt, waited),
      );
    },
  });
}

/**
 * Runs the script and sees the lasting key in force. Returns "" or what broke the connection, which
 * may be tried again.
 */
async function handOver(
  contact: Contact,
  dialler: Dialler,
  { client, shown }: Attempt,
  say: (line: string) => void,
): Promise<string> {
  const { node, host, hostKey } = contact;
  if (!client) return "not connected";
  try {
    if (shown === hostKey)
      say(
        `${node} (${host}) has its lasting host key already: an earlier run was cut off ` +
          "right after handing it over",
      );
    const { broken, code, output } = await runScript(
      client,
      "sudo -n bash -s",
      hostKeyScript({ publicKey: hostKey, privateKey: contact.hostPrivateKey }),
      scriptMs,
    );
    if (broken) return broken;
    if (code !== 0)
      throw new Error(
        `${node} (${host}) did not take its lasting host key (exit code ` +
          `${code}):\n${output.split("\n").slice(-10).join("\n")}`,
      );
  } finally {
    client.end();
  }
  // sshd reads its keys again a moment after it was told to.
  const confirmMs = Math.min(longestConfirmMs, contact.timeoutSeconds * 1000);
  return poll<string, string>({
    seconds: confirmMs / 1000,
    pause: pauseMs,
    async look() {
      const attempt = await openPinned(dialler, contact, [hostKey], attemptMs);
      attempt.client?.end();
      return attempt.client ? { found: "" } : { still: attempt.problem };
    },
    expired: (seen) => {
      throw new Error(
        `${node} (${host}) took its lasting host key ${fingerprintOf(hostKey)} but does not ` +
          `show it after ${confirmMs / 1000} s (${seen}); look at HostKey in ` +
          "/etc/ssh/sshd_config there: /etc/ssh/ssh_host_ed25519_key has to be among its keys",
      );
    },
  });
}

function foreign(
  { node, host, instanceId, firstHostKey, hostKey }: Contact,
  shown: string,
): string {
  return [
    `The machine at ${host} is not the one that was made for ${node}: its SSH host key ` +
      "is another. Nothing was sent to it.",
    `  it shows    ${fingerprintOf(shown)}`,
    `  expected    ${fingerprintOf(firstHostKey)} (from the user data of ` +
      `${instanceId}), or ${fingerprintOf(hostKey)} (its lasting key)`,
    'Something else answers at this address, or stands in between; see "host key" in ' +
      "docs/troubleshooting.md.",
  ].join("\n");
}

function unreachable(
  { node, host, port, user }: Contact,
  { problem, refused }: Attempt,
  seconds: number,
): string {
  const next = refused
    ? "sshUser has to be the image's user with sudo, and the key one that this machine " +
      "was made with."
    : "Is there a way to this address from here, and is this machine's address in sshFrom?";
  return (
    `${node} (${host}:${port ?? 22}) does not let ${user} in by SSH after ${seconds} s: ` +
    `${problem}. ${next} \`pulumi up\` tries again.`
  );
}
