/**
 * Which changes of a cluster are refused, and why. Pure.
 *
 * Until members can be added, replaced, rolled and upgraded, every node starts with the state `new`
 * and the member list of DNS. A newcomer started that way, or a founder that comes back on an empty
 * disk, could form a second quorum beside the first (measured: with one of three members down, two
 * wiped ones form an empty cluster with the *same* cluster ID). So what decides membership must not
 * change, and what would take more than one member down at once is refused here, where `preview`
 * shows it and nothing has been touched yet.
 */

import type { Refusal } from "../engine/resource.ts";

/** What is written down at the first `up`; missing keys are those of states of older releases. */
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
    ...membersReason(olds, news),
    ...keptKeys.flatMap((kept) => keptReason(kept, olds, news)),
    ...kmsKeyReason(olds, news),
    ...placeReasons(olds, news),
  ];
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

function membersReason(olds: CharterInputs, news: CharterInputs): Refusal[] {
  if (!olds.nodes || !Array.isArray(news.nodes)) return [];
  const before = [...olds.nodes].sort().join(", ");
  const after = [...news.nodes].sort().join(", ");
  if (before === after) return [];
  const reason =
    `nodes: a founded cluster keeps its members (founded by ${before}; got ${after}). A node ` +
    "started now could form a second cluster; set the nodes back, or destroy the stack first";
  return [{ property: "nodes", reason }];
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
  return changedKeys(olds.places, news.places).map((member) => ({
    property: "places",
    reason:
      `nodes.${member}: a member keeps its zone and subnet, for its data volume and its address ` +
      `lie there (${olds.places?.[member]}; got ${shown(news.places?.[member])}); ${wayOut}`,
  }));
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

/** Why other data volumes than the founded ones are refused. `olds`, `news`: volume by member. */
export function volumeRefusals(
  olds: Readonly<Record<string, string>> | undefined,
  news: Readonly<Record<string, string>> | undefined,
): Refusal[] {
  const lost = changedKeys(olds, news);
  if (lost.length === 0) return [];
  const reason =
    `data volume of ${lost.join(", ")}: a member whose disk is replaced must not come back under ` +
    "its old identity; keep the volume, or destroy the stack first";
  return [{ property: "volumeIds", reason }];
}

/**
 * Keys that both have, with different values. Names that come or go are the business of `nodes`.
 */
function changedKeys(
  olds: Readonly<Record<string, string>> = {},
  news: Readonly<Record<string, string>> = {},
): string[] {
  // In a preview `news` may be the marker of an unknown value.
  if (typeof news !== "object") return [];
  return Object.keys(olds).filter((key) => key in news && news[key] !== olds[key]);
}
