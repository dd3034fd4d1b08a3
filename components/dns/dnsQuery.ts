/**
 * One question to one nameserver, without recursion: UDP first, TCP when the answer was cut or none
 * came.
 *
 * These functions run inside a dynamic provider, which carries them as text: modules are imported
 * inside them, nothing is captured. `node:dns` would not do: it shows neither the AA bit nor the
 * response code, and always asks for recursion.
 */
import type { Packet } from "dns-packet";
import type { Answer } from "./dnsAnswers.ts";
import type { Question } from "./dnsExpectation.ts";

export interface Nameserver {
  readonly address: string;
  readonly port: number;
}

/**
 * Asks and never throws: a server that does not answer within `timeoutMs` (on UDP, then again on
 * TCP) is an Answer, too.
 */
export async function ask(
  server: Nameserver,
  question: Question,
  timeoutMs: number,
): Promise<Answer> {
  const reply = await exchange(server, question.name, question.type, timeoutMs);
  return typeof reply === "string" ? unanswered(reply) : toAnswer(reply, question);
}

/** The raw reply, or in words why there is none. */
export async function exchange(
  server: Nameserver,
  name: string,
  type: Question["type"] | "NS",
  timeoutMs: number,
): Promise<Packet | string> {
  const dnsPacket = await import("dns-packet");
  const id = Math.floor(Math.random() * 65536);
  const query: Packet = {
    type: "query",
    id,
    flags: 0,
    questions: [{ name, type }],
    additionals: [
      {
        type: "OPT",
        name: ".",
        udpPayloadSize: 1232,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  };
  const answersOurs = (reply: Packet) =>
    reply.id === id &&
    reply.type === "response" &&
    reply.questions?.[0]?.name.toLowerCase() === name.toLowerCase();
  const udp = await overUdp(server, dnsPacket.encode(query), timeoutMs, (data) => {
    try {
      const reply = dnsPacket.decode(data);
      return answersOurs(reply) ? reply : undefined;
    } catch {
      return undefined;
    }
  });
  if (typeof udp !== "string" && !(udp as { flag_tc?: boolean }).flag_tc) return udp;
  const tcp = await overTcp(server, dnsPacket.streamEncode(query), timeoutMs, (data) => {
    try {
      return dnsPacket.streamDecode(data) ?? undefined;
    } catch {
      return undefined;
    }
  });
  return typeof tcp === "string" && typeof udp === "string"
    ? `no answer over UDP (${udp}) or TCP (${tcp})`
    : tcp;
}

async function overUdp(
  server: Nameserver,
  query: Uint8Array,
  timeoutMs: number,
  decode: (data: Buffer) => Packet | undefined,
): Promise<Packet | string> {
  const { createSocket } = await import("node:dgram");
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    // Declared in order of use: the SDK's serialiser takes a name used before its declaration for a
    // captured one.
    const timer = setTimeout(
      () => socket.emit("error", new Error(`nothing in ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const finish = (result: Packet | string) => {
      clearTimeout(timer);
      socket.close();
      resolve(result);
    };
    socket.on("error", (e) => finish(e.message));
    socket.on("message", (data) => {
      const reply = decode(data);
      if (reply) finish(reply);
    });
    // Connected, so that "port unreachable" is an error at once and only this server's packets are
    // read.
    socket.connect(server.port, server.address, () => socket.send(query));
  });
}

async function overTcp(
  server: Nameserver,
  query: Uint8Array,
  timeoutMs: number,
  decode: (data: Buffer) => Packet | undefined,
): Promise<Packet | string> {
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const socket = connect(server.port, server.address);
    let received = Buffer.alloc(0);
    const timer = setTimeout(
      () => socket.destroy(new Error(`nothing in ${timeoutMs / 1000} s`)),
      timeoutMs,
    );
    const finish = (result: Packet | string) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => socket.write(query));
    socket.on("error", (e) => finish(e.message));
    socket.on("close", () => finish("connection closed"));
    socket.on("data", (data) => {
      received = Buffer.concat([received, data]);
      if (received.length < 2 || received.length < received.readUInt16BE(0) + 2) return;
      finish(decode(received) ?? "an answer that is no DNS message");
    });
  });
}

/** An Answer for a server that gave none. */
export function unanswered(detail: string): Answer {
  return { outcome: "silent", authoritative: false, targets: [], addresses: [], detail };
}

/**
 * Reads what matters out of a reply; names in lower case and without a trailing dot, as we compare
 * them.
 */
export function toAnswer(reply: Packet, question: Question): Answer {
  const { rcode, flag_aa: authoritative } = reply as Packet & { rcode: string; flag_aa: boolean };
  const plain = (name: string) => name.toLowerCase().replace(/\.$/, "");
  const targets: { target: string; port: number }[] = [];
  const addresses: string[] = [];
  for (const record of reply.answers ?? []) {
    if (plain(record.name) !== question.name) continue;
    if (record.type === "SRV" && question.type === "SRV")
      targets.push({ target: plain(record.data.target), port: record.data.port });
    if ((record.type === "A" || record.type === "AAAA") && record.type === question.type)
      addresses.push(record.data);
  }
  const known = ["NXDOMAIN", "SERVFAIL", "REFUSED"] as const;
  const outcome =
    rcode === "NOERROR"
      ? targets.length + addresses.length
        ? "records"
        : "empty"
      : (known.find((k) => k === rcode) ?? "other");
  return { outcome, authoritative, targets, addresses, detail: `answered ${rcode}` };
}
