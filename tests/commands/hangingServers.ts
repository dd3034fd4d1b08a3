/** Other sides that hang, on the loopback: a command must end all the same. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** What a connection meets. */
export type Hanging =
  | "frozen" // it opens, and nothing is ever said: a machine that stands still
  | "gone" // it does not even open: packets are dropped
  | "TLS" // it opens, the handshake begins and is never finished
  | "HTTP/2"; // it opens, speaks for a moment, and is silent then: half open

export interface HangingServer {
  readonly port: number;
  close(): Promise<void>;
}

export function startHanging(kind: Hanging): Promise<HangingServer> {
  if (kind === "gone") return startGone();
  return startSilent((socket) => {
    // The head of a TLS record (handshake, 16000 bytes) of which nothing follows.
    if (kind === "TLS") socket.once("data", () => socket.write(Buffer.from("1603033e80", "hex")));
    // An empty SETTINGS frame.
    if (kind === "HTTP/2") socket.write(Buffer.from("000000040000000000", "hex"));
  });
}

async function startSilent(begin: (socket: Socket) => void): Promise<HangingServer> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => undefined).resume();
    begin(socket);
  });
  return {
    port: await portOf(server.listen(0, "127.0.0.1")),
    async close() {
      for (const socket of open) socket.destroy();
      await once(server.close(), "close");
    },
  };
}

/**
 * A process that listens and stands still: once its queue is full, the kernel drops what knocks, as
 * a machine that is gone, or a security group, does.
 */
async function startGone(): Promise<HangingServer> {
  const script = `
    const listen = { port: 0, host: "127.0.0.1", backlog: 1 };
    const server = require("node:net").createServer();
    server.listen(listen, () => console.log(server.address().port));`;
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  child.kill("SIGSTOP");
  const port = Number(line.toString());
  const queued = Array.from({ length: 8 }, () =>
    connect(port, "127.0.0.1").on("error", () => undefined),
  );
  return {
    port,
    async close() {
      for (const socket of queued) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

async function portOf(server: Server): Promise<number> {
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
