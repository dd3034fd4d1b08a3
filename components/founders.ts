/**
 * Founders: who founded the cluster, written down once, at the first `up`.
 *
 * Until members can be added and replaced, every node starts with the state `new` and the member list of DNS. A newcomer started that
 * way, or a founder that comes back on an empty disk, could form a second quorum beside the first (measured: with one of three members down, two
 * wiped ones form an empty cluster with the *same* cluster ID). So what decides membership must not change, and preview says so.
 *
 *   check   refuses a change of names, domain, TLS or data volumes, with the reason
 *   diff    nothing ever to do
 *   create  writes them down
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";

export interface FoundersArgs {
  /** Names of the nodes. */
  readonly nodes: pulumi.Input<string[]>;
  readonly domain: pulumi.Input<string>;
  readonly tls: pulumi.Input<boolean>;
  /** Data volume of each node, by name. */
  readonly volumeIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

interface Inputs {
  readonly nodes: readonly string[];
  readonly domain: string;
  readonly tls: boolean;
  readonly volumeIds: Readonly<Record<string, string>>;
}

/** Why a change of founders is refused; empty when nothing that decides membership changes. Pure, and tolerant of preview's unknowns. */
export function refusals(olds: Partial<Inputs>, news: Partial<Inputs>): { property: string; reason: string }[] {
  const found: { property: string; reason: string }[] = [];
  if (!olds.nodes) return found; // the first `up`
  const before = [...olds.nodes].sort().join(", "), after = Array.isArray(news.nodes) ? [...news.nodes].sort().join(", ") : before;
  if (before !== after) {
    found.push({ property: "nodes", reason: `nodes: a founded cluster keeps its members (founded by ${before}; got ${after}). A node started now could form a second cluster; set the nodes back, or destroy the stack first` });
  }
  if (news.domain !== undefined && news.domain !== olds.domain) {
    found.push({ property: "domain", reason: `domain: members find one another by the domain they were founded under (${olds.domain}; got ${news.domain}); set it back, or destroy the stack first` });
  }
  if (news.tls !== undefined && news.tls !== olds.tls) {
    found.push({ property: "tls", reason: `tls: peers cannot speak both ways at once (founded with ${olds.tls}; got ${news.tls}); set it back, or destroy the stack first` });
  }
  const lost = Object.entries(olds.volumeIds ?? {}).filter(([node, volume]) => news.volumeIds && node in news.volumeIds && news.volumeIds[node] !== volume).map(([node]) => node);
  if (lost.length) {
    found.push({ property: "volumeIds", reason: `data volume of ${lost.join(", ")}: a member whose disk is replaced must not come back under its old identity; keep the volume, or destroy the stack first` });
  }
  return found;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async check(olds, news) {
    return { inputs: news, failures: refusals(olds ?? {}, news) };
  },
  async diff() {
    return { changes: false };
  },
  async create(inputs) {
    return { id: `founders-${inputs.domain}`, outs: inputs };
  },
};

/** The record of founders. */
export class Founders extends pulumi.dynamic.Resource {
  constructor(name: string, args: FoundersArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args }, opts, "etcd", "Founders");
  }
}
