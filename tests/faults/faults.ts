/**
 * The faults of DNS at a first start, as data: what is broken, and what is known to come of it, as
 * measured.
 */
import { addressOf, domain, names } from "./places.ts";
import { fullName, hostRecord, peerRecord, type Zone } from "./zone.ts";

type Name = (typeof names)[number];

export interface Fault {
  /** Number in the fault table, and which case of it. */
  readonly id: string;
  readonly broken: string;
  /** Breaks a complete zone. `seconds` is how long a resolver keeps what it should forget. */
  apply(zone: Zone, seconds: number): void | Promise<void>;
  /**
   * Nodes that start while it is broken, with nobody to ask first; then, once all is repaired,
   * these.
   */
  readonly early: readonly Name[];
  readonly late?: readonly Name[];
  /** What etcd alone ends in. */
  readonly alone: string;
  /**
   * What the program's health check says of that: reasons, of which each must be there; none:
   * healthy.
   */
  readonly health: readonly RegExp[];
  /** What the gate says on the authoritative servers; undefined: it opens. */
  readonly gate: RegExp | undefined;
  /** What the node's own gate says through its resolver; undefined: it lets etcd start. */
  readonly node: RegExp | undefined;
  /** The fault ends by itself. */
  readonly passes?: boolean;
}

const all: readonly Name[] = names;
const without = (zone: Zone, name: string, type: string) => {
  zone.records = zone.records.filter((r) => !(r.name === fullName(name) && r.type === type));
};

export const faults: readonly Fault[] = [
  {
    id: "D1",
    broken: "no address of b and c yet",
    early: ["a"],
    late: ["b", "c"],
    apply(zone) {
      without(zone, "b", "A");
      without(zone, "c", "A");
    },
    alone: "a: a cluster of 1 → a: a cluster (1 of 2) of 1; b c: a cluster (2 of 2) of 3",
    health: [
      /^2 clusters instead of one: a in \w+; b, c in \w+$/,
      /^a does not list b/,
      /^b does not list a/,
    ],
    gate: /b\.etcd\.test A +10\.88\.0\.2 +NXDOMAIN, wanted 10\.88\.0\.12/,
    node: /b\.etcd\.test A +NXDOMAIN, wanted 10\.88\.0\.12 \(the resolver may keep this answer for 1800 s\)/,
  },
  {
    id: "D1b",
    broken: "no address of c yet",
    early: ["a", "b"],
    late: ["c"],
    apply(zone) {
      without(zone, "c", "A");
    },
    alone: "a b: a cluster of 2 → a b: a cluster of 2; c: no leader",
    health: [/^c \(.*\): gave no answer/, /^a does not list c/],
    gate: /c\.etcd\.test A +10\.88\.0\.2 +NXDOMAIN, wanted 10\.88\.0\.13/,
    node: /c\.etcd\.test A +NXDOMAIN, wanted 10\.88\.0\.13/,
  },
  {
    id: "D2",
    broken: "a is not in SRV",
    early: all,
    late: ["a"],
    apply(zone) {
      zone.records = zone.records.filter(
        (r) => !(r.type === "SRV" && r.data.target === fullName("a")),
      );
    },
    alone:
      'a: exit 1: cannot find local etcd member "a" in SRV records; b c: a cluster of 2 ' +
      "→ a: no leader; b c: a cluster of 2",
    health: [/^a \(.*\): gave no answer/, /^b does not list a/],
    gate: /SRV +10\.88\.0\.2 +lacks a\.etcd\.test:2380/,
    node: /SRV +lacks a\.etcd\.test:2380/,
  },
  {
    id: "D3",
    broken: "every DNS server is down",
    early: all,
    apply: (zone) => zone.down(),
    alone: "a b c: exit 1: lookup of its own name: connection refused",
    health: [/^a \(.*\): does not answer/, /^c \(.*\): does not answer/],
    gate: /every record +10\.88\.0\.2 +no answer over UDP .* or TCP/,
    node: /SRV +Connection refused from 10\.88\.0\.53/,
  },
  {
    id: "D6",
    broken: "a's SRV is there twice",
    early: all,
    apply(zone) {
      zone.records.push(peerRecord("a", zone.tls));
    },
    alone:
      "a: exit 1: failed to resolve … to match --initial-cluster; b c: exit 1: initial " +
      "cluster … has duplicate url",
    health: [/^a \(.*\): does not answer/, /^c \(.*\): does not answer/],
    gate: /SRV +10\.88\.0\.2 +lists a\.etcd\.test 2 times/,
    node: /SRV +a\.etcd\.test:2380 is listed twice/,
  },
  {
    id: "D6b",
    broken: "a's SRV is there twice, with another weight",
    early: all,
    apply(zone) {
      zone.records.push(peerRecord("a", zone.tls, 5));
    },
    alone:
      "a: exit 1: failed to resolve … to match --initial-cluster; b c: exit 1: initial " +
      "cluster … has duplicate url",
    health: [/^a \(.*\): does not answer/, /^c \(.*\): does not answer/],
    gate: /SRV +10\.88\.0\.2 +lists a\.etcd\.test 2 times/,
    node: /SRV +a\.etcd\.test:2380 is listed twice/,
  },
  {
    id: "D7",
    broken: "SRV and A of a machine that is gone",
    early: all,
    apply(zone) {
      zone.records.push(peerRecord("old", zone.tls), hostRecord("old"));
    },
    alone: "a b c: a cluster of 4",
    health: [/^a lists \d \(https?:\/\/old\.etcd\.test:2380\), which is not declared$/],
    gate: /SRV +10\.88\.0\.2 +names old\.etcd\.test, which is no member/,
    node: /SRV +unexpected target old\.etcd\.test:2380/,
  },
  {
    id: "D8",
    broken: "SRV of a machine that is gone, its A gone, too",
    early: all,
    apply(zone) {
      zone.records.push(peerRecord("old", zone.tls));
    },
    alone: "a b c: a cluster of 3",
    health: [],
    gate: /SRV +10\.88\.0\.2 +names old\.etcd\.test, which is no member/,
    node: /SRV +unexpected target old\.etcd\.test:2380/,
  },
  {
    id: "D9",
    broken: "both kinds of server SRV",
    early: all,
    apply(zone) {
      zone.records.push(...names.map((name) => peerRecord(name, !zone.tls)));
    },
    alone: "a b c: no leader",
    health: [/^no member accepted a write/, /^a \(.*\): gave no answer/],
    gate: /SRV +10\.88\.0\.2 +exists beside _etcd-server/,
    node: /SRV +must not exist beside _etcd-server/,
  },
  {
    id: "D10",
    broken: "a's address is an old one",
    early: all,
    apply(zone) {
      without(zone, "a", "A");
      zone.records.push(hostRecord("a", addressOf("old")));
    },
    alone: "a b c: a cluster of 3",
    health: [],
    gate: /a\.etcd\.test A +10\.88\.0\.2 +10\.88\.0\.99, wanted 10\.88\.0\.11/,
    node: /a\.etcd\.test A +10\.88\.0\.99, wanted 10\.88\.0\.11/,
  },
  {
    id: "D11",
    broken: "the resolver remembers that c had no address",
    early: all,
    passes: true,
    apply(zone, seconds) {
      zone.rememberAbsence(fullName("c"), "A", seconds);
    },
    alone: "a b: a cluster of 2; c: exit 1: lookup of its own name: no such host",
    health: [/^c \(.*\): does not answer/, /^a does not list c/],
    gate: undefined,
    node: /c\.etcd\.test A +NXDOMAIN, wanted 10\.88\.0\.13 \(the resolver may keep this answer for \d s\)/,
  },
  {
    id: "D12",
    broken: "one answer takes 2.5 s",
    early: all,
    apply(zone) {
      slow(zone, 2500);
    },
    alone: "a b c: a cluster of 3",
    health: [],
    gate: /c\.etcd\.test A +10\.88\.0\.2 +no answer over UDP \(nothing in 1 s\) or TCP/,
    node: /c\.etcd\.test A +no answer within 2 s from 10\.88\.0\.53/,
  },
  {
    id: "D12b",
    broken: "SERVFAIL for the addresses of b and c",
    early: ["a"],
    late: ["b", "c"],
    apply(zone) {
      zone.special = (name, type) =>
        type === "A" && (name === fullName("b") || name === fullName("c"))
          ? { rcode: "SERVFAIL" }
          : undefined;
    },
    alone: "a: a cluster of 1 → a: a cluster (1 of 2) of 1; b c: a cluster (2 of 2) of 3",
    health: [/^2 clusters instead of one: a in \w+; b, c in \w+$/],
    gate: /b\.etcd\.test A +10\.88\.0\.2 +SERVFAIL/,
    node: /b\.etcd\.test A +SERVFAIL from 10\.88\.0\.53/,
  },
  {
    id: "D12c",
    broken: "answers are cut off over UDP",
    early: all,
    apply(zone) {
      const usual = zone.records;
      zone.special = (name, type) => ({
        records: usual.filter((r) => r.name === name && r.type === type),
        truncate: true,
      });
    },
    alone: "a b c: a cluster of 3",
    health: [],
    gate: undefined,
    node: undefined,
  },
];

function slow(zone: Zone, delayMs: number): void {
  const records = zone.records;
  zone.special = (name, type) =>
    name === fullName("c") && type === "A"
      ? { records: records.filter((r) => r.name === name && r.type === type), delayMs }
      : undefined;
}

export const expected = (tls: boolean) => ({
  domain,
  tls,
  port: 2380,
  members: names.map((name) => ({ target: fullName(name), address: addressOf(name) })),
});
