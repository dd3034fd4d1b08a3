import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import ssh2 from "ssh2";
import type { Connection } from "ssh2";
import type { KeyPair } from "../../components/ssh/hostKey.ts";

/**
 * A machine's SSH server on the loopback that runs nothing: it takes what is sent to it, and a host
 * key out of that, as a machine would.
 */
export interface FakeMachine {
  readonly port: number;
  /** What was sent to commands so far. */
  readonly received: string[];
  /** How many log-ins were tried, right or wrong. */
  logIns(): number;
  /** The next command breaks the connection: before the machine has taken its input, or after. */
  breakNext(when: "before" | "after"): void;
  /** The next command says this and ends with exit code 1. */
  failNext(text: string): void;
  /** Shows another host key to new connections. */
  show(privateKey: string): void;
  close(): Promise<void>;
}

/** Where it listens, and what its commands print. */
interface Place {
  readonly address?: string;
  /** @default any free one */
  readonly port?: number;
  /** What a command prints that was sent this. @default nothing */
  readonly answer?: (sent: string) => string | Promise<string>;
}

/**
 * Lets in the key `allowed`. With `takesKeys` false it says that it took a host key, and shows its
 * old one.
 */
export async function startFakeMachine(
  key: KeyPair,
  allowed: string,
  takesKeys = true,
  { address = "127.0.0.1", port = 0, answer = () => "" }: Place = {},
): Promise<FakeMachine> {
  const user = ssh2.utils.parseKey(allowed);
  if (user instanceof Error) throw user;
  const received: string[] = [];
  const open = new Set<Connection>();
  let logIns = 0;
  let breaking: "" | "before" | "after" = "";
  let failing = "";
  let host = serverWith(key.privateKey);

  function serverWith(privateKey: string) {
    return new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
      open.add(connection);
      connection.on("error", () => undefined).on("close", () => open.delete(connection));
      connection.on("authentication", (attempt) => {
        logIns++;
        if (
          attempt.method === "publickey" &&
          !(user instanceof Error) &&
          attempt.key.data.equals(user.getPublicSSH())
        )
          attempt.accept();
        else attempt.reject(["publickey"]);
      });
      connection.on("ready", () =>
        connection.on("session", (accept) =>
          accept().on("exec", (acceptExec) => {
            const channel = acceptExec();
            const broken = breaking;
            const failure = failing;
            breaking = failing = "";
            let text = "";
            channel.on("data", (data: Buffer) => {
              text += data.toString();
            });
            channel.on("end", async () => {
              const sent = /-----BEGIN[^]*-----END [A-Z ]+-----\n/.exec(text)?.[0];
              if (broken !== "before") received.push(text);
              if (broken !== "before" && sent && takesKeys) show(sent);
              channel.write(await answer(text));
              if (failure) channel.stderr.write(failure);
              if (!broken) channel.exit(failure ? 1 : 0);
              if (!broken) channel.end();
              else connection.end();
            });
          }),
        ),
      );
    });
  }
  function show(privateKey: string) {
    host = serverWith(privateKey);
  }

  const front = createServer((socket) => host.injectSocket(socket)).listen(port, address);
  await once(front, "listening");
  return {
    port: (front.address() as AddressInfo).port,
    received,
    show,
    logIns: () => logIns,
    breakNext(when) {
      breaking = when;
    },
    failNext(said) {
      failing = said;
    },
    close: () =>
      new Promise((resolve) => {
        front.close(() => resolve());
        for (const connection of open) connection.end();
      }),
  };
}
