/** A DNS server on loopback for tests: what it answers is decided by a function, question by question. UDP and TCP on the same port. */
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import dnsPacket, { type Answer, type Packet } from "dns-packet";

/** What to answer: records, or a behaviour. `truncate` answers UDP with the TC bit and nothing else. */
export interface StubAnswer {
  readonly records?: readonly Answer[];
  readonly rcode?: "NOERROR" | "NXDOMAIN" | "SERVFAIL" | "REFUSED";
  readonly authoritative?: boolean;
  readonly authorities?: readonly Answer[];
  readonly additionals?: readonly Answer[];
  readonly silent?: boolean;
  readonly truncate?: boolean;
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

export async function startDnsStub(answer: (name: string, type: string) => StubAnswer, address = "127.0.0.1"): Promise<DnsStub> {
  const asked: string[] = [];
  const reply = (query: Packet, transport: "udp" | "tcp"): Packet | undefined => {
    const question = query.questions?.[0];
    if (!question) return undefined;
    asked.push(`${question.name} ${question.type} ${transport}`);
    const a = answer(question.name.toLowerCase(), question.type);
    if (a.silent) return undefined;
    const cut = a.truncate === true && transport === "udp";
    const flags = (a.authoritative === false ? 0 : dnsPacket.AUTHORITATIVE_ANSWER) | (cut ? dnsPacket.TRUNCATED_RESPONSE : 0) | rcodes[a.rcode ?? "NOERROR"];
    return { type: "response", id: query.id ?? 0, flags, questions: [question], answers: cut ? [] : [...(a.records ?? [])], authorities: [...(a.authorities ?? [])], additionals: [...(a.additionals ?? [])] };
  };
  const udp = createSocket("udp4");
  udp.on("message", (data, from) => { const r = reply(dnsPacket.decode(data), "udp"); if (r) udp.send(dnsPacket.encode(r), from.port, from.address); });
  await new Promise<void>((resolve) => udp.bind(0, address, resolve));
  const port = udp.address().port;
  const tcp = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.on("data", (data) => { const r = reply(dnsPacket.streamDecode(data), "tcp"); if (r) socket.write(dnsPacket.streamEncode(r)); });
  });
  await new Promise<void>((resolve, reject) => { tcp.on("error", reject); tcp.listen(port, address, resolve); });
  return { server: `${address}:${port}`, port, asked, close: async () => { udp.close(); await new Promise((resolve) => tcp.close(resolve)); } };
}
