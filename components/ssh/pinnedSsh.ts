/**
 * One SSH connection to a host whose key must be one of those given. Beside the command provider,
 * because that pins only one key.
 */
import type { Client } from "ssh2";
import type { Dialler } from "./dialler.ts";

export interface Login {
  /** 22 unless given. */
  readonly port?: number;
  readonly user: string;
  readonly privateKey: string;
}

/** What came of an attempt: a connection, or why there is none. */
export interface Attempt {
  readonly client?: Client;
  /** The key that the host showed and that is one of those given, else "". */
  readonly shown: string;
  /** The key that the host showed and that is none of those given, else "". */
  readonly foreignKey: string;
  /** The right host did not let the user in, or the private key cannot be read. */
  readonly refused: boolean;
  problem: string;
}

/**
 * Never rejects: every end of an attempt is an answer. Nothing but the handshake is sent to a host
 * with another key.
 */
export async function openPinned(
  dialler: Dialler,
  login: Login,
  hostKeys: readonly string[],
  timeoutMs: number,
): Promise<Attempt> {
  const { default: ssh2 } = await import("ssh2");
  const client = new ssh2.Client();
  let shown = "";
  let foreignKey = "";
  const way = await dialler.dial(login.port ?? 22).catch((error: Error) => error);
  if (way instanceof Error) return { shown, foreignKey, refused: false, problem: way.message };
  client.once("close", () => way.close());
  return new Promise((resolve) => {
    const failed = (problem: string, refused = false) => {
      client.end();
      resolve({ shown, foreignKey, refused, problem });
    };
    client.on("error", (error: Error & { level?: string }) => {
      if (foreignKey) failed("the host shows another key");
      else if (error.level === "client-authentication")
        failed("the key of sshPrivateKey is not accepted", true);
      else
        failed(
          error.level === "client-timeout"
            ? `no answer within ${timeoutMs / 1000} s`
            : error.message,
        );
    });
    client.on("close", () => failed("the connection was closed during the handshake"));
    client.on("ready", () => resolve({ client, shown, foreignKey, refused: false, problem: "" }));
    try {
      client.connect({
        host: way.host,
        port: way.port,
        username: login.user,
        privateKey: login.privateKey,
        readyTimeout: timeoutMs,
        // Another kind of key would be another key: the host must show the one that is pinned.
        algorithms: { serverHostKey: ["ssh-ed25519"] },
        hostVerifier: (key: Buffer) => {
          const line = `ssh-ed25519 ${key.toString("base64")}`;
          if (hostKeys.includes(line)) shown = line;
          else foreignKey = line;
          return shown !== "";
        },
      });
      // each step of the log-in would wait 40 ms and more for the other side's acknowledgement
      client.setNoDelay(true);
    } catch (error) {
      // Nothing was sent: the private key is none.
      failed(error instanceof Error ? error.message : String(error), true);
    }
  });
}

/**
 * Runs a command with a text on its standard input. `broken` says why there is no exit code; the
 * text is in no message.
 */
export function runScript(
  client: Client,
  command: string,
  script: string,
  timeoutMs: number,
): Promise<{ broken: string; code: number; output: string }> {
  return new Promise((resolve) => {
    let output = "";
    // declared before use, or the provider could not travel as text
    let timer: NodeJS.Timeout | undefined;
    const broken = (why: string) => {
      clearTimeout(timer);
      client.end();
      resolve({ broken: why, code: -1, output });
    };
    timer = setTimeout(
      () => broken(`${command} did not end within ${timeoutMs / 1000} s`),
      timeoutMs,
    );
    client.once("close", () => broken(`the connection broke while ${command} ran`));
    client.exec(command, (error, channel) => {
      if (error) return broken(error.message);
      let code = -1;
      const take = (chunk: Buffer) => {
        output += chunk.toString();
      };
      channel.on("data", take);
      channel.stderr.on("data", take);
      channel.on("exit", (status: number | null) => {
        code = status ?? -1;
      });
      channel.on("close", () => {
        clearTimeout(timer);
        resolve({ broken: "", code, output: output.trim() });
      });
      channel.end(script);
    });
  });
}

/** A host key the way ssh-keygen -l and ssh name it: SHA256:…. */
export function fingerprintOf(publicKey: string): string {
  const { createHash } = process.getBuiltinModule("node:crypto");
  return `SHA256:${createHash("sha256")
    .update(Buffer.from(publicKey.split(" ")[1] ?? "", "base64"))
    .digest("base64")
    .replace(/=+$/, "")}`;
}
