import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import type { AddressInfo } from "node:net";
import ssh2 from "ssh2";
import type { Connection } from "ssh2";
import { makeHostKey } from "../hostKeys.ts";

/**
 * An SSH server on the loopback that really runs commands in a shell of this machine, for one user
 * with one key.
 */
export interface FakeSsh {
  readonly port: number;
  /** The server's own key, as it would stand in known_hosts. */
  readonly hostKey: string;
  readonly user: string;
  /** The private key it lets in. */
  readonly privateKey: string;
  /** How many connections were made so far. */
  connections(): number;
  close(): Promise<void>;
}

/**
 * `acceptEnv` are the variables it takes; others are dropped without a word, as sshd does. `port` 0
 * is any free one. It lets in a key of its own, or the same as another server.
 */
export async function startFakeSsh(
  acceptEnv: readonly string[] = [],
  port = 0,
  like?: FakeSsh,
): Promise<FakeSsh> {
  const host = await makeHostKey();
  const privateKey = like?.privateKey ?? (await makeHostKey()).privateKey;
  const allowed = ssh2.utils.parseKey(privateKey);
  if (allowed instanceof Error) throw allowed;
  const open = new Set<Connection>();
  let connections = 0;

  const server = new ssh2.Server(
    { hostKeys: [host.privateKey] },
    (connection: Connection & { setNoDelay?(on: boolean): void }) => {
      connections++;
      connection.setNoDelay?.(true);
      open.add(connection);
      connection.on("close", () => open.delete(connection));
      connection.on("error", () => undefined); // clients of these tests go away as they like
      connection.on("authentication", (attempt) => {
        const known =
          attempt.method === "publickey" &&
          attempt.username === "admin" &&
          attempt.key.data.equals(allowed.getPublicSSH());
        const signed =
          attempt.method === "publickey" &&
          (!attempt.signature ||
            allowed.verify(attempt.blob ?? Buffer.alloc(0), attempt.signature, attempt.hashAlgo) ===
              true);
        if (known && signed) attempt.accept();
        else attempt.reject(["publickey"]);
      });
      connection.on("ready", () =>
        connection.on("session", (accept) => {
          const env: Record<string, string> = {};
          const session = accept();
          session.on("env", (acceptVariable, _reject, { key, val }) => {
            if (acceptEnv.includes(key)) env[key] = String(val);
            acceptVariable?.();
          });
          session.on("exec", (acceptExec, _reject, { command }) => {
            const channel = acceptExec();
            const child = spawn("sh", ["-c", command], { env: { PATH: process.env.PATH, ...env } });
            child.stdout.on("data", (data: Buffer) => channel.write(data));
            child.stderr.on("data", (data: Buffer) => channel.stderr.write(data));
            // a real one lets it run, for nobody
            connection.on("close", () => child.kill("SIGKILL"));
            channel.on("data", (data: Buffer) => child.stdin.write(data));
            channel.on("end", () => child.stdin.end());
            child.stdin.on("error", () => undefined); // a command need not read its input
            child.on("close", (code, signal) => {
              if (signal) channel.exit(signal);
              else channel.exit(code ?? 0);
              channel.end();
            });
          });
        }),
      );
    },
  );
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    hostKey: host.publicKey,
    user: "admin",
    privateKey,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const connection of open) connection.end();
      }),
  };
}

/** A key that no server knows. */
export function strangeKey(): string {
  return generateKeyPairSync("rsa", {
    modulusLength: 2048,
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  }).privateKey;
}
