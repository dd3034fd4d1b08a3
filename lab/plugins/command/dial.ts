import { Client } from "ssh2";
import type { ConnectConfig, ServerHostKeyAlgorithm } from "ssh2";
import type { Duplex } from "node:stream";
import { note } from "../callLog.ts";
import type { Call } from "../handler.ts";
import { pause } from "../polling.ts";
import type { Connection } from "./connection.ts";

type Hop = Omit<Connection, "proxy">;

const firstDelayMs = 100;
const delayFactor = 1.5;
const longestDelayMs = 5000;
/**
 * The official plugin has no keep-alive and waits for ever for a host that vanished; here two
 * minutes of silence end the command.
 */
const keepaliveMs = 15_000;
const keepaliveLimit = 8;

/**
 * Opens an SSH connection, trying again as the official plugin does: 0.1 s after the first failure,
 * then half as long again each time, up to 5 s, until `dialErrorLimit` failures. A refused key
 * counts as a failed dial too. `signal` ends the trying.
 */
export async function dial(
  connection: Connection,
  call: Call,
  signal: AbortSignal,
): Promise<Client> {
  if (!connection.proxy)
    return withRetry("Dial", connection.dialErrorLimit, call, signal, () => connect(connection));
  try {
    const { proxy } = connection;
    const bastion = await withRetry("Dial proxy", proxy.dialErrorLimit, call, signal, () =>
      connect(proxy),
    );
    const socket = await withRetry("Dial from proxy", connection.dialErrorLimit, call, signal, () =>
      through(bastion, connection),
    );
    return (await connect(connection, socket)).on("close", () => bastion.end());
  } catch (error) {
    throw new Error(`proxy: ${messageOf(error)}`);
  }
}

async function withRetry<T>(
  what: string,
  limit: number,
  call: Call,
  signal: AbortSignal,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let failures = 0, delay = firstDelayMs; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      note(`  ${what} failed: ${messageOf(error)}`);
      if (limit > -1 && failures + 1 > limit)
        throw new Error(`after ${failures} failed attempts: ${messageOf(error)}`);
      call.say(
        "status",
        `${what} ${failures + 1}/${limit === -1 ? "inf" : limit} failed: retrying`,
      );
    }
    delay = Math.min(delay * delayFactor, longestDelayMs);
    await pause(delay, signal, what).catch(() => {
      throw new Error(endOf(signal));
    });
  }
}

/**
 * Why the trying ended, in the official plugin's words: the resource's time is over, or the user
 * cancelled.
 */
function endOf(signal: AbortSignal): string {
  return signal.reason instanceof DOMException && signal.reason.name === "TimeoutError"
    ? "context deadline exceeded"
    : "context canceled";
}

function connect(hop: Hop, socket?: Duplex): Promise<Client> {
  // throws for a key that cannot be read, which no retry would mend
  const config = configFor(hop, socket);
  return new Promise((resolve, reject) => {
    const client = new Client();
    const refused = (error: Error) => {
      client.end();
      reject(worded(error, hop));
    };
    // a server that shuts down in the middle says nothing
    const closed = () => reject(new Error("ssh: handshake failed: EOF"));
    // a connection that breaks later is told to whoever runs a command on it
    client.on("error", () => undefined);
    client.once("error", refused).once("close", closed);
    client.once("ready", () => {
      client.removeListener("error", refused).removeListener("close", closed);
      resolve(client);
    });
    client.on("keyboard-interactive", (_name, _instructions, _language, prompts, answer) =>
      answer(prompts.map(() => hop.password ?? "")),
    );
    client.connect(config);
    // each step of the log-in would wait 40 ms and more for the other side's acknowledgement
    if (!socket) client.setNoDelay(true);
  });
}

function configFor(hop: Hop, socket: Duplex | undefined): ConnectConfig {
  const expected = hop.hostKey === undefined ? undefined : parseHostKey(hop.hostKey);
  return {
    host: hop.host,
    port: hop.port,
    username: hop.user,
    ...(socket ? { sock: socket } : {}),
    ...(hop.privateKey ? { privateKey: hop.privateKey } : {}),
    ...(hop.privateKeyPassword ? { passphrase: hop.privateKeyPassword } : {}),
    ...(hop.password ? { password: hop.password, tryKeyboard: true } : {}),
    // SSH_AUTH_SOCK is not looked at: whether a run works must not depend on whose shell started
    // it.
    ...(hop.agentSocketPath ? { agent: hop.agentSocketPath } : {}),
    // The official limit covers only the TCP connection; here the handshake is in it too, or a
    // frozen host would hold the run for ever.
    readyTimeout: hop.perDialTimeout * 1000,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: keepaliveLimit,
    // A host that has keys of several kinds must show the one that is pinned. Without a key any
    // host is taken, as officially.
    ...(expected
      ? {
          algorithms: { serverHostKey: [expected.type] },
          hostVerifier: (key: Buffer) => key.equals(expected.bytes),
        }
      : {}),
  };
}

/** The key in a line of the form "ssh-ed25519 AAAA... comment". */
function parseHostKey(line: string): { type: ServerHostKeyAlgorithm; bytes: Buffer } {
  const [type, key] = line.trim().split(/\s+/);
  const bytes = Buffer.from(key ?? "", "base64");
  if (!type || bytes.length < 4 || bytes.subarray(4, 4 + bytes.readUInt32BE(0)).toString() !== type)
    throw new Error("failed to parse host key: ssh: no key found");
  return { type: type as ServerHostKeyAlgorithm, bytes };
}

function through(bastion: Client, { host, port }: Hop): Promise<Duplex> {
  return new Promise((resolve, reject) =>
    bastion.forwardOut("127.0.0.1", 0, host, port, (error, stream) =>
      error ? reject(error) : resolve(stream),
    ),
  );
}

/** What went wrong, in the words of the SSH library that the official plugin uses. */
function worded(error: Error & { level?: string; code?: string }, { host, port }: Hop): Error {
  const target = `dial tcp ${host}:${port}`;
  if (error.code === "ECONNREFUSED") return new Error(`${target}: connect: connection refused`);
  if (error.code === "EHOSTUNREACH") return new Error(`${target}: connect: no route to host`);
  if (error.code === "ENOTFOUND") return new Error(`${target}: lookup ${host}: no such host`);
  if (error.level === "client-timeout") return new Error(`${target}: i/o timeout`);
  if (error.level === "client-authentication")
    return new Error(
      "ssh: handshake failed: ssh: unable to authenticate, attempted methods [none " +
        "publickey], no supported methods remain",
    );
  if (/Host denied/.test(error.message))
    return new Error("ssh: handshake failed: ssh: host key mismatch");
  if (/no matching host key format/.test(error.message))
    return new Error("ssh: handshake failed: ssh: no common algorithm for host key");
  return new Error(`ssh: handshake failed: ${error.message}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
