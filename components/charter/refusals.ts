/**
 * Which changes of a cluster are refused, and why. Pure.
 *
 * Members come and go by their names in `nodes`. What a cluster is found and recognised by, and
 * where a member's data and address lie, stays; and what would take more than one member down at
 * once is refused here, where `preview` shows it and nothing has been touched yet.
 */

import type { Refusal } from "../engine/resource.ts";

/**
 * What is written down, at the first `up` and whenever members come or go; missing keys are those
 * of states of older releases.
 */
export interface CharterInputs {
  /** Names of the members. */
  readonly nodes?: readonly string[];
  readonly domain?: string;
  /** Zone of the records. */
  readonly zoneId?: string;
  readonly tls?: boolean;
  /** Certificate of the CA that was brought; empty where the cluster makes its own. */
  readonly authority?: string;
  readonly etcdVersion?: string;
  /**
   * Availability zone and configured subnet of each member, as one text: they decide its volume and
   * its address.
   */
  readonly places?: Readonly<Record<string, string>>;
  readonly instanceTypes?: Readonly<Record<string, string>>;
  /** The key that EC2 puts on the machines. */
  readonly sshPublicKey?: string;
  /** The key that all disks are encrypted with; empty for the account's default. */
  readonly kmsKeyId?: string;
}

/** One key that keeps its value, in the order in which refusals are shown. */
interface Kept {
  readonly key: keyof CharterInputs;
  /** The setting, as a person writes it. */
  readonly setting: string;
  readonly why: string;
  /** What stands before the founded value; undefined: the values are not shown. */
  readonly founded?: "under" | "in" | "with";
}

const keptKeys: readonly Kept[] = [
  {
    key: "domain",
    setting: "domain",
    why: "members find one another by it",
    founded: "under",
  },
  {
    key: "zoneId",
    setting: "zoneId",
    why:
      "every record would be gone before another is made in the other zone, and members find " +
      "one another by them",
    founded: "in",
  },
  { key: "tls", setting: "tls", why: "peers cannot speak both ways at once", founded: "with" },
  {
    key: "authority",
    setting: "caCertificate",
    why:
      "members believe the CA they were started with, and another would need each of them " +
      "restarted twice",
  },
  {
    key: "etcdVersion",
    setting: "etcdVersion",
    why: "a running cluster is upgraded one member at a time, which this release does not do yet",
    founded: "with",
  },
  {
    key: "sshPublicKey",
    setting: "sshPrivateKey",
    why: "another key would replace every machine at once",
  },
];
const wayOut = "set it back, or destroy the stack first";

/**
 * What a cluster keeps once a member may have been started: why each change of it is refused; empty
 * when nothing of it changes. Tolerates the unknowns of a preview.
 */
export function foundedRefusals(olds: CharterInputs, news: CharterInputs): Refusal[] {
  return [
    ...keptKeys.flatMap((kept) => keptReason(kept, olds, news)),
    ...kmsKeyReason(olds, news),
    ...placeReasons(olds, news),
  ];
}

/**
 * What is refused in a run that leaves the charter itself out: in one with it, it agrees by then.
 */
export function leftOutRefusals(olds: CharterInputs, news: CharterInputs): Refusal[] {
  const kept = foundedRefusals(olds, news);
  if (!hasOtherMembers(olds, news)) return kept;
  const [before, after] = [olds, news].map(({ nodes = [] }) => [...nodes].sort().join(", "));
  const reason =
    `nodes: members come and go only in a run of the whole program (there are ${before}; got ` +
    `${after}); run pulumi up without --target and --exclude`;
  return [{ property: "nodes", reason }, ...kept];
}

function keptReason(kept: Kept, olds: CharterInputs, news: CharterInputs): Refusal[] {
  const before = olds[kept.key];
  const after = news[kept.key];
  if (before === undefined || after === undefined || before === after) return [];
  const values = kept.founded
    ? ` (founded ${kept.founded} ${String(before)}; got ${shown(after)})`
    : "";
  return [{ property: kept.key, reason: `${kept.setting}: ${kept.why}${values}; ${wayOut}` }];
}

/** In a preview a value that is made in the same run is this marker of Pulumi's. */
const unknownMarker = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

function shown(value: unknown): string {
  return value === unknownMarker ? "a value that is not known yet" : String(value);
}

/** Whether members come or go. An older state that names none is left as it is. */
export function hasOtherMembers(olds: CharterInputs, news: CharterInputs): boolean {
  if (!olds.nodes || !Array.isArray(news.nodes)) return false;
  return [...olds.nodes].sort().join() !== [...news.nodes].sort().join();
}

/** A state of before this setting holds no key: those clusters have the account's default. */
function kmsKeyReason(olds: CharterInputs, news: CharterInputs): Refusal[] {
  if (!olds.nodes || typeof news.kmsKeyId !== "string") return [];
  if ((olds.kmsKeyId ?? "") === news.kmsKeyId) return [];
  const inWords = (key: string | undefined) => key || "the account's default";
  const reason =
    "kmsKeyId: a disk keeps the key it was made with, so another would replace every data " +
    `volume (founded with ${inWords(olds.kmsKeyId)}; got ${inWords(news.kmsKeyId)}); ${wayOut}`;
  return [{ property: "kmsKeyId", reason }];
}

function placeReasons(olds: CharterInputs, news: CharterInputs): Refusal[] {
  const taken = [...Object.keys(olds.places ?? {}), ...Object.keys(news.places ?? {})];
  const free = [..."abcdefghijklmnopqrstuvwxyz"].filter((letter) => !taken.includes(letter));
  return changedKeys(olds.places, news.places).map((member, i) => {
    const other = free[i] ?? "another name";
    const reason =
      `nodes.${member}: a member keeps its zone and subnet, for its data volume and its address ` +
      `lie there (${olds.places?.[member]}; got ${shown(news.places?.[member])}); set it back, ` +
      `or in nodes write ${other} in place of ${member}, with the settings that ${member} was to ` +
      `have: pulumi up lets ${other} join, and then ${member} leave`;
    return { property: "places", reason };
  });
}

/** Why a change of instance types is refused: founded or not, only one machine stops at a time. */
export function typeRefusals(olds: CharterInputs, news: CharterInputs): Refusal[] {
  const retyped = changedKeys(olds.instanceTypes, news.instanceTypes);
  if (retyped.length <= 1) return [];
  const reason =
    `instanceType: it changes for ${retyped.join(", ")}, which would stop them all at once; ` +
    "change one node at a time with nodes.<name>.instanceType, and look at the cluster's health " +
    "between";
  return [{ property: "instanceTypes", reason }];
}

/** Keys that both have, with different values. A member that comes or goes is no change of it. */
function changedKeys(
  olds: Readonly<Record<string, string>> = {},
  news: Readonly<Record<string, string>> = {},
): string[] {
  // In a preview `news` may be the marker of an unknown value.
  if (typeof news !== "object") return [];
  return Object.keys(olds).filter((key) => key in news && news[key] !== olds[key]);
}
