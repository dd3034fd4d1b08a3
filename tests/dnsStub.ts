/**
 * A DNS server on loopback for tests: what it answers is decided by a function, question by
 * question. UDP and TCP on the same port.
 */
import { createSocket, type Socket } from "node:dgram";
import { createServer, type AddressInfo, type Server } from "node:net";
import dnsPacket, { type Answer, type Packet } from "dns-packet";

/**
 * What to answer: records, or a behaviour. `truncate` answers UDP with the TC bit and nothing else.
 */
export interface StubAnswer {
  readonly records?: readonly Answer[];
  readonly rcode?: "NOERROR" | "NXDOMAIN" | "SERVFAIL" | "REFUSED";
  readonly authoritative?: boolean;
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
  readonly silent?: boolean;
  readonly truncate?: boolean;
  /** How late the answer comes; at once unless given. */
  readonly delayMs?: number;
  /** Recursion is available: a resolver's answer. */
  readonly recursive?: boolean;
}

export interface DnsStub {
  /** `address:port`, as etcd:nameservers takes it. */
  readonly server: string;
  readonly port: number;
  /** Questions so far, "name type transport". */
  readonly asked: string[];
  close(): Promise<void>;
}

const rcodes = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 };

/** `wanted` is the port; 0 takes a free one. `from` is the address of whoever asks. */
export async function startDnsStub(
  answer: (name: string, type: string, from: string) => StubAnswer,
  address = "127.0.0.1",
  wanted = 0,
): Promise<DnsStub> {
  const asked: string[] = [];
  const reply = async (
    query: Packet,
    transport: "udp" | "tcp",
    from: string,
  ): Promise<Packet | undefined> => {
    const question = query.questions?.[0];
    if (!question) return undefined;
    asked.push(`${question.name} ${question.type} ${transport}`);
    const a = answer(question.name.toLowerCase(), question.type, from);
    if (a.silent) return undefined;
    if (a.delayMs) await new Promise((resolve) => setTimeout(resolve, a.delayMs));
    const cut = a.truncate === true && transport === "udp";
    const flags =
      (a.authoritative === false ? 0 : dnsPacket.AUTHORITATIVE_ANSWER) |
      (cut ? dnsPacket.TRUNCATED_RESPONSE : 0) |
      (a.recursive ? dnsPacket.RECURSION_AVAILABLE : 0) |
      rcodes[a.rcode ?? "NOERROR"];
    return {
      type: "response",
      id: query.id ?? 0,
      flags,
      questions: [question],
      answers: cut ? [] : [...(a.records ?? [])],
      authorities: [...(a.authorities ?? [])],
      additionals: [...(a.additionals ?? [])],
    };
  };
  const tcp = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const asker = socket.remoteAddress ?? "";
    const respond = async (message: Buffer) => {
      const r = await reply(dnsPacket.streamDecode(message), "tcp", asker);
      if (r && socket.writable) socket.write(dnsPacket.streamEncode(r));
    };
    // a resolver library sends the questions for A and AAAA in one piece
    let received = Buffer.alloc(0);
    socket.on("data", async (data) => {
      received = Buffer.concat([received, data]);
      const messages: Buffer[] = [];
      for (
        let size = 0;
        received.length >= 2 && received.length >= (size = 2 + received.readUInt16BE(0));
        received = received.subarray(size)
      )
        messages.push(received.subarray(0, size));
      for (const message of messages) await respond(message);
    });
  });
  const udp = await listenOnBoth(tcp, address, wanted);
  let open = true;
  udp.on("message", async (data, from) => {
    const r = await reply(dnsPacket.decode(data), "udp", from.address);
    if (r && open) udp.send(dnsPacket.encode(r), from.port, from.address);
  });
  const port = udp.address().port;
  return {
    server: `${address}:${port}`,
    port,
    asked,
    close: async () => {
      open = false;
      udp.close();
      await new Promise((resolve) => tcp.close(resolve));
    },
  };
}

/** A free TCP port whose UDP twin may be taken by another test: looks for a pair, 20 times. */
async function listenOnBoth(tcp: Server, address: string, wanted: number): Promise<Socket> {
  for (let attempt = 1; ; attempt++) {
    await new Promise<void>((resolve, reject) => {
      tcp.once("error", reject);
      tcp.listen(wanted, address, () => {
        tcp.off("error", reject);
        resolve();
      });
    });
    const udp = createSocket("udp4");
    const error = await new Promise<Error | undefined>((resolve) => {
      udp.once("error", resolve);
      udp.bind((tcp.address() as AddressInfo).port, address, () => resolve(undefined));
    });
    if (!error) return udp;
    await new Promise((resolve) => tcp.close(resolve));
    if (wanted !== 0 || attempt === 20) throw error;
  }
}
