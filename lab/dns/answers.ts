import { addresses, zone } from "../addresses.ts";
import type { DnsRecord } from "../cloudflare/records.ts";

/** Record types the lab publishes. */
export const recordTypes = ["A", "AAAA", "CNAME", "SRV", "TXT"] as const;
export type RecordType = (typeof recordTypes)[number];

/**
 * One answer as a nameserver gives it: `name` without the last dot, `content` in zone-file form
 * (names in it with the last dot).
 */
export interface Answer {
  readonly name: string;
  readonly type: string;
  /** Seconds. */
  readonly ttl: number;
  readonly content: string;
}

/** All answers of one name and type: what a nameserver stores and changes as one. */
export interface Rrset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  /** Sorted, each once. */
  readonly contents: readonly string[];
}

/** What Cloudflare serves for TTL 1, "automatic", and for proxied records. Seconds. */
const automaticTtl = 300;

/**
 * Addresses of the kind Cloudflare answers with for a proxied name, in place of what the record
 * says.
 */
const proxyAddresses = {
  A: ["104.21.48.113", "172.67.189.20"],
  AAAA: ["2606:4700:3030::6815:3071", "2606:4700:3036::ac43:bd14"],
} as const;

/**
 * What stands in the zone besides the records of the API: its nameservers and their addresses. The
 * SOA is made with the zone.
 */
export const standingAnswers: readonly Answer[] = (["ns1", "ns2"] as const).flatMap((server) => [
  { name: zone.name, type: "NS", ttl: 3600, content: `${server}.${zone.name}.` },
  { name: `${server}.${zone.name}`, type: "A", ttl: 3600, content: addresses[server] },
]);

/** What an honest nameserver answers for a record of the API. */
export function answersOf(record: DnsRecord): Answer[] {
  const { name, type } = record;
  const ttl = record.ttl === 1 ? automaticTtl : record.ttl;
  if (record.proxied) {
    const families = type === "AAAA" ? (["AAAA"] as const) : (["A"] as const);
    return families.flatMap((family) =>
      proxyAddresses[family].map((content) => ({ name, type: family, ttl: automaticTtl, content })),
    );
  }
  return [
    {
      name,
      type,
      ttl,
      content: zoneFileContent(
        type,
        type === "SRV" ? `${record.priority ?? 0} ${record.content}` : record.content,
      ),
    },
  ];
}

/**
 * Content in zone-file form: names end with a dot, text stands in quotes in pieces of at most 255
 * characters.
 */
export function zoneFileContent(type: string, content: string): string {
  if (type === "CNAME") return dotted(content);
  if (type === "SRV") {
    const fields = content.trim().split(/\s+/);
    return [...fields.slice(0, 3), dotted(fields[3] ?? "")].join(" ");
  }
  if (type === "TXT") {
    if (/^".*"$/s.test(content)) return content;
    const pieces = content.match(/.{1,255}/gs) ?? [""];
    return pieces.map((piece) => `"${piece.replace(/([\\"])/g, "\\$1")}"`).join(" ");
  }
  return content;
}

/**
 * Answers put together by name and type. One set has one TTL, the lowest; the same content twice
 * counts once.
 */
export function rrsetsOf(answers: readonly Answer[]): Map<string, Rrset> {
  const sets = new Map<string, Rrset>();
  for (const answer of answers) {
    const key = `${answer.name} ${answer.type}`;
    const before = sets.get(key);
    const contents = [...new Set([...(before?.contents ?? []), answer.content])].sort();
    sets.set(key, {
      name: answer.name,
      type: answer.type,
      ttl: Math.min(before?.ttl ?? answer.ttl, answer.ttl),
      contents,
    });
  }
  return sets;
}

function dotted(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower : `${lower}.`;
}
