/**
 * Founders: what the cluster was founded with, written down at the first `up`, before anything else
 * is made.
 *
 * Until members can be added, replaced, rolled and upgraded, every node starts with the state `new`
 * and the member list of DNS. A newcomer started that way, or a founder that comes back on an empty
 * disk, could form a second quorum beside the first (measured: with one of three members down, two
 * wiped ones form an empty cluster with the *same* cluster ID). So what decides membership must not
 * change, and what would take more than one member down at once is refused, here, where `preview`
 * shows it and nothing has been touched yet.
 *
 *   check   refuses such a change, with the reason
 *   diff    a change that is allowed
 *   create  writes down, and draws a word for this founding
 *   update  writes down; the word stays
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";

/**
 * All optional: the volumes are known later than the rest, and are written down by a resource of
 * their own.
 */
export interface FoundersArgs {
  /** Names of the nodes. */
  readonly nodes?: pulumi.Input<string[]>;
  readonly domain?: pulumi.Input<string>;
  /** Zone of the records. */
  readonly zoneId?: pulumi.Input<string>;
  readonly tls?: pulumi.Input<boolean>;
  /** Certificate of the CA that was brought; empty where the cluster makes its own. */
  readonly authority?: pulumi.Input<string>;
  readonly etcdVersion?: pulumi.Input<string>;
  /**
   * Availability zone and configured subnet of each node, as one text: they decide its volume and
   * its address.
   */
  readonly places?: pulumi.Input<Record<string, string>>;
  readonly instanceTypes?: pulumi.Input<Record<string, string>>;
  /** The key that EC2 puts on the machines. */
  readonly sshPublicKey?: pulumi.Input<string>;
  /** The key that all disks are encrypted with; empty for the account's default. */
  readonly kmsKeyId?: pulumi.Input<string>;
  /** Data volume of each node, by name. */
  readonly volumeIds?: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

interface Inputs {
  readonly nodes?: readonly string[];
  readonly domain?: string;
  readonly zoneId?: string;
  readonly tls?: boolean;
  readonly authority?: string;
  readonly etcdVersion?: string;
  readonly places?: Readonly<Record<string, string>>;
  readonly instanceTypes?: Readonly<Record<string, string>>;
  readonly sshPublicKey?: string;
  readonly kmsKeyId?: string;
  readonly volumeIds?: Readonly<Record<string, string>>;
}

interface Outputs extends Inputs {
  /** Not in states of earlier releases. */
  readonly founding?: string;
}

/** Why a change is refused; empty when it may be made. Pure, and tolerant of preview's unknowns. */
export function refusals(olds: Inputs, news: Inputs): { property: string; reason: string }[] {
  const found: { property: string; reason: string }[] = [];
  const refuse = (property: keyof Inputs, reason: string) => found.push({ property, reason });
  const differs = <K extends keyof Inputs>(key: K) =>
    olds[key] !== undefined &&
    news[key] !== undefined &&
    JSON.stringify(olds[key]) !== JSON.stringify(news[key]);
  const otherwise = "set it back, or destroy the stack first";

  if (olds.nodes && Array.isArray(news.nodes)) {
    const before = [...olds.nodes].sort().join(", ");
    const after = [...news.nodes].sort().join(", ");
    if (before !== after)
      refuse(
        "nodes",
        `nodes: a founded cluster keeps its members (founded by ${before}; got ` +
          `${after}). A node started now could form a second cluster; set the nodes back, ` +
          "or destroy the stack first",
      );
  }
  if (differs("domain"))
    refuse(
      "domain",
      "domain: members find one another by the domain they were founded under " +
        `(${olds.domain}; got ${news.domain}); ${otherwise}`,
    );
  if (differs("zoneId"))
    refuse(
      "zoneId",
      "zoneId: every record would be gone before another is made in the other zone, and " +
        `members find one another by them (founded in ${olds.zoneId}; got ` +
        `${news.zoneId}); ${otherwise}`,
    );
  if (differs("tls"))
    refuse(
      "tls",
      `tls: peers cannot speak both ways at once (founded with ${olds.tls}; got ` +
        `${news.tls}); ${otherwise}`,
    );
  if (differs("authority"))
    refuse(
      "authority",
      "caCertificate: members believe the CA they were started with, and another would " +
        `need each of them restarted twice; ${otherwise}`,
    );
  if (differs("etcdVersion"))
    refuse(
      "etcdVersion",
      "etcdVersion: a running cluster is upgraded one member at a time, which this " +
        `release does not do yet (founded with ${olds.etcdVersion}; got ` +
        `${news.etcdVersion}); ${otherwise}`,
    );
  if (differs("sshPublicKey"))
    refuse(
      "sshPublicKey",
      `sshPrivateKey: another key would replace every machine at once; ${otherwise}`,
    );
  if (olds.nodes && typeof news.kmsKeyId === "string" && (olds.kmsKeyId ?? "") !== news.kmsKeyId) {
    refuse(
      "kmsKeyId",
      "kmsKeyId: a disk keeps the key it was made with, so another would replace every " +
        `data volume (founded with ${olds.kmsKeyId || "the account's default"}; got ` +
        `${news.kmsKeyId || "the account's default"}); ${otherwise}`,
    );
  }
  for (const node of changed(olds.places, news.places)) {
    refuse(
      "places",
      `nodes.${node}: a member keeps its zone and subnet, for its data volume and its ` +
        `address lie there (${olds.places?.[node]}; got ${news.places?.[node]}); ` +
        `${otherwise}`,
    );
  }
  const retyped = changed(olds.instanceTypes, news.instanceTypes);
  if (retyped.length > 1)
    refuse(
      "instanceTypes",
      `instanceType: it changes for ${retyped.join(", ")}, which would stop them all at ` +
        "once; change one node at a time with nodes.<name>.instanceType, and look at the " +
        "cluster's health between",
    );
  const lost = changed(olds.volumeIds, news.volumeIds);
  if (lost.length)
    refuse(
      "volumeIds",
      `data volume of ${lost.join(", ")}: a member whose disk is replaced must not come ` +
        "back under its old identity; keep the volume, or destroy the stack first",
    );
  return found;
}

/**
 * Keys that both have, with different values. Names that come or go are the business of `nodes`.
 */
function changed(
  olds: Readonly<Record<string, string>> = {},
  news: Readonly<Record<string, string>> = {},
): string[] {
  return typeof news === "object"
    ? Object.keys(olds).filter((key) => key in news && news[key] !== olds[key])
    : [];
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> = {
  async check(olds, news) {
    return { inputs: news, failures: refusals(olds ?? {}, news) };
  },
  async diff(_id, olds, news) {
    const recorded = (i: Inputs) =>
      JSON.stringify([
        i.nodes,
        i.domain,
        i.zoneId,
        i.tls,
        i.authority,
        i.etcdVersion,
        i.places,
        i.instanceTypes,
        i.sshPublicKey,
        i.kmsKeyId,
        i.volumeIds,
      ]);
    return { changes: recorded(olds) !== recorded(news) };
  },
  async create(inputs) {
    const { randomBytes } = await import("node:crypto");
    return { id: "founders", outs: { ...inputs, founding: randomBytes(4).toString("hex") } };
  },
  async update(_id, { founding }, news) {
    return { outs: { ...news, ...(founding ? { founding } : {}) } };
  },
};

/** The record of founders. */
export class Founders extends pulumi.dynamic.Resource {
  /**
   * Eight random hexadecimal digits, drawn when this record is made. The record of volumes goes
   * before any volume does: where a destroy removed only some of them, the next `up` founds under
   * another word, and the data that is left cannot pass for a member of the new cluster.
   */
  declare readonly founding: pulumi.Output<string | undefined>;

  constructor(name: string, args: FoundersArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, founding: undefined }, opts, "etcd", "Founders");
  }
}
