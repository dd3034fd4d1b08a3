/**
 * The zone of the bench: what its two authoritative servers answer, and the resolver between them
 * and the nodes, which is each node's own: what one has asked, no other one knows. It is a stand-in
 * that keeps only what a test tells it to keep; that a real unbound behaves so is shown by
 * tests/lab/dnsFaults.test.ts.
 */
import type { Answer } from "dns-packet";
import { serverSrvName } from "../../components/names.ts";
import { startDnsStub, type DnsStub, type StubAnswer } from "../dnsStub.ts";
import { addressOf, domain, names, nameservers, resolver } from "./places.ts";

export interface Zone {
  readonly tls: boolean;
  /** What is published. Tests change it in place. */
  records: Answer[];
  /** How a question is answered instead of with the records; undefined: as usual. */
  special: (name: string, type: string) => StubAnswer | undefined;
  /** Hosts that the resolver was asked for while there was nothing of them, each time. */
  readonly missed: string[];
  /** The resolver was asked too early: it goes on saying "no such name" for so many seconds. */
  rememberAbsence(name: string, type: string, seconds: number): void;
  /**
   * For how many seconds a resolver goes on saying "no such name" to the one node that asked while
   * there was nothing. Tests change it in place. @default 0
   */
  absenceSeconds: number;
  /** Every server stops: a question is refused by the host. */
  down(): Promise<void>;
  /** Servers answer, everything is published, nothing is remembered. */
  restore(): Promise<void>;
  close(): Promise<void>;
}

export const fullName = (name: string) => `${name}.${domain}`;
export const hostRecord = (name: string, address = addressOf(name)): Answer => ({
  name: fullName(name),
  type: "A",
  ttl: 60,
  data: address,
});
export const peerRecord = (name: string, tls: boolean, weight = 0): Answer => ({
  name: serverSrvName(domain, tls),
  type: "SRV",
  ttl: 60,
  data: { priority: 0, weight, port: 2380, target: fullName(name) },
});

const complete = (tls: boolean, members: readonly string[]): Answer[] =>
  members.flatMap((name) => [hostRecord(name), peerRecord(name, tls)]);

/** SOA minimum of Cloudflare's zones. */
const negativeSeconds = 1800;
const soa = (seconds: number): Answer => ({
  name: domain,
  type: "SOA",
  ttl: seconds,
  data: {
    mname: fullName("ns1"),
    rname: fullName("admin"),
    serial: 1,
    refresh: 60,
    retry: 60,
    expire: 3600,
    minimum: negativeSeconds,
  },
});

/** Starts the three servers on their own addresses, port 53. */
export async function startZone(tls: boolean, members: readonly string[] = names): Promise<Zone> {
  const absent = new Map<string, number>();
  const published = (name: string, type: string): StubAnswer => {
    const special = zone.special(name, type);
    if (special) return special;
    const records = zone.records.filter((r) => r.name === name && r.type === type);
    if (records.length) return { records };
    return {
      rcode: zone.records.some((r) => r.name === name) ? "NOERROR" : "NXDOMAIN",
      authorities: [soa(negativeSeconds)],
    };
  };
  const missed: string[] = [];
  const relayed = { authoritative: false, recursive: true };
  const resolved = (name: string, type: string, from: string): StubAnswer => {
    const isHost = !name.startsWith("_"); // the other kind of SRV must not be there
    const now = Date.now();
    const own = `${name} ${type} ${from}`;
    const until = Math.max(absent.get(`${name} ${type}`) ?? 0, absent.get(own) ?? 0);
    if (isHost && !zone.records.some((r) => r.name === name)) {
      missed.push(`${name} ${type}`);
      if (until <= now) absent.set(own, now + zone.absenceSeconds * 1000);
    }
    return until > now
      ? { rcode: "NXDOMAIN", authorities: [soa(Math.ceil((until - now) / 1000))], ...relayed }
      : { ...published(name, type), ...relayed };
  };
  let servers: DnsStub[] = [];
  const up = async () => {
    if (!servers.length)
      servers = await Promise.all([
        ...nameservers.map((address) => startDnsStub(published, address, 53)),
        startDnsStub(resolved, resolver, 53),
      ]);
  };
  const down = async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  };
  const zone: Zone = {
    tls,
    missed,
    records: complete(tls, members),
    special: () => undefined,
    absenceSeconds: 0,
    down,
    close: down,
    rememberAbsence(name, type, seconds) {
      absent.set(`${name} ${type}`, Date.now() + seconds * 1000);
    },
    async restore() {
      zone.records = complete(tls, members);
      zone.special = () => undefined;
      zone.absenceSeconds = 0;
      absent.clear();
      missed.length = 0;
      await up();
    },
  };
  await up();
  return zone;
}
