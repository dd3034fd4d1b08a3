/**
 * Which names belong to a cluster, and which records there are not ours. Pure.
 *
 * A wildcard counts as well: it answers for every name of ours that is not there yet, so a gate
 * could take its answer for a member's. Cloudflare's own nameservers let one answer for names any
 * number of levels below it, also where other names exist below those levels (RFC 4592 would not);
 * only a record of its own at a level between ends that. A cluster whose members all have their
 * names already lives with it.
 */
import { claimName, hostnameOf, srvNames } from "../names.ts";
import type { ListedRecord } from "../recovery/cloudflareLeftovers.ts";

/** Where a cluster's records go. */
export interface Place {
  readonly domain: string;
  /** Names of the members. */
  readonly members: readonly string[];
  /** Name of the zone; undefined where the token may not read it. */
  readonly zone: string | undefined;
}

/** A record that is not ours, and what is wrong with it when its name alone does not say so. */
export interface Taken {
  readonly record: ListedRecord;
  readonly why?: string;
}

/** Whether records of this domain can be made in the zone. */
export function isInZone(domain: string, zone: string): boolean {
  return domain === zone || domain.endsWith(`.${zone}`);
}

/** Every name to ask Cloudflare for. */
export function askedNames(place: Place): string[] {
  const levels = levelsOf(place);
  return [
    claimName(place.domain),
    ...place.members.map((member) => hostnameOf(member, place.domain)),
    ...srvNames(place.domain),
    ...wildcardsAt(place, levels),
    // NS records there, and records that keep a wildcard from answering.
    ...levels.filter((level) => level !== place.zone),
  ];
}

/**
 * What stands in the way among the records of these names: all but those with exactly our comment.
 * Without a comment (a stack whose id is not drawn yet) nothing is ours.
 */
export function takenNames(
  place: Place,
  records: readonly ListedRecord[],
  comment: string | undefined,
): Taken[] {
  const isOurs = (record: ListedRecord) => Boolean(comment) && record.comment === comment;
  const lives = place.members.every((member) =>
    records.some((record) => record.name === hostnameOf(member, place.domain) && isOurs(record)),
  );
  const foreign = records.filter((record) => !isOurs(record));
  return foreign.flatMap((record) => [
    ...atOurNames(record, place),
    ...(lives ? [] : aroundThem(record, place, records)),
  ]);
}

function atOurNames(record: ListedRecord, { domain, members }: Place): Taken[] {
  const { name, type } = record;
  const is = (...types: string[]) => types.includes(type);
  if (name === claimName(domain)) return [{ record }];
  if (members.some((member) => name === hostnameOf(member, domain)))
    return is("A", "AAAA", "CNAME") ? [{ record }] : [];
  return srvNames(domain).includes(name) && is("SRV", "CNAME") ? [{ record }] : [];
}

/** What answers in place of names that are not there yet: wildcards, and other nameservers. */
function aroundThem(record: ListedRecord, place: Place, records: readonly ListedRecord[]): Taken[] {
  const { name, type } = record;
  const { zone } = place;
  const levels = levelsOf(place);
  const is = (...types: string[]) => types.includes(type);
  if (wildcardsAt(place, levels).includes(name) && is("A", "AAAA", "CNAME", "SRV")) {
    const above = levels.indexOf(name.slice(2));
    const between = levels.slice(0, Math.max(above, 0));
    if (records.some((other) => between.includes(other.name))) return [];
    const wayOut = between[0] ? `; a record of any type at ${between[0]} ends that` : "";
    return [{ record, why: `answers for names of the cluster that are not there yet${wayOut}` }];
  }
  if (zone && name !== zone && levels.includes(name) && is("NS"))
    return [{ record, why: `other nameservers answer for ${name} and all below it` }];
  return [];
}

/** The domain and what is above it, up to the zone; to two labels where the zone is not known. */
function levelsOf({ domain, zone }: Place): string[] {
  const labels = domain.split(".");
  const levels = labels.map((_, i) => labels.slice(i).join("."));
  return levels.filter((level) =>
    zone ? isInZone(level, zone) : level === domain || level.includes("."),
  );
}

function wildcardsAt({ domain }: Place, levels: readonly string[]): string[] {
  return [`_tcp.${domain}`, ...levels].map((level) => `*.${level}`);
}
