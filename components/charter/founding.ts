/**
 * Founding: which disks and addresses the cluster was founded with, and a word for that founding.
 * Members that are declared later are not in it.
 *
 *   check   refuses another data volume for a founder
 *   diff    a founder with another address: an interface that was lost before the first start would
 *           else keep the cluster from founding; and a record of an older release, without any
 *   create  writes down, and draws the word
 *   update  writes down the founders' addresses; all else stays
 *   delete  nothing
 *
 * The record goes before any volume does: where a destroy removed only some of them, the next `up`
 * founds under another word, and data that is left cannot pass for a member of the new cluster.
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import { volumeRefusals } from "./refusals.ts";

export interface FoundingArgs {
  /** Data volume of each declared member, by name. */
  readonly volumeIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Private address of each declared member, by name. */
  readonly addresses: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

interface Inputs {
  readonly volumeIds: Readonly<Record<string, string>>;
  readonly addresses: Readonly<Record<string, string>>;
}

interface Outputs {
  readonly volumeIds: Readonly<Record<string, string>>;
  /** Not in states of releases up to 0.1.0. */
  readonly founders?: Readonly<Record<string, string>>;
  /** Not in states of even older ones. */
  readonly founding?: string;
}

/**
 * The founders with the addresses they have now: those whose volumes stand in the record. One that
 * has none any more keeps the old one. Pure.
 */
function foundersNow(
  { volumeIds, founders = {} }: Outputs,
  addresses: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = Object.keys(volumeIds).sort();
  return Object.fromEntries(names.map((name) => [name, addresses[name] ?? founders[name] ?? ""]));
}

const foundings = resource<Inputs, Outputs>({
  type: "Founders",
  computed: ["founding", "founders"],
  check: (olds, news) => volumeRefusals(olds.volumeIds, news.volumeIds),
  due: (olds, { addresses }) =>
    Object.entries(foundersNow(olds, addresses)).some(
      ([name, address]) => olds.founders?.[name] !== address,
    ),
  async make({ volumeIds, addresses }, { olds }) {
    if (!olds) {
      const { randomBytes } = await import("node:crypto");
      return { volumeIds, founders: addresses, founding: randomBytes(4).toString("hex") };
    }
    const outs = { volumeIds: olds.volumeIds, founders: foundersNow(olds, addresses) };
    return olds.founding === undefined ? outs : { ...outs, founding: olds.founding };
  },
  id: () => "founders",
});

/** The record of founders. Its type keeps the name it has in the states of living clusters. */
export class Founding extends pulumi.dynamic.Resource {
  /**
   * Eight random hexadecimal digits, drawn when this record is made; undefined for a cluster that
   * was founded before there were such words.
   */
  declare readonly founding: pulumi.Output<string | undefined>;
  /** Private address of each founder by name. */
  declare readonly founders: pulumi.Output<Readonly<Record<string, string>>>;

  constructor(name: string, args: FoundingArgs, opts?: pulumi.CustomResourceOptions) {
    super(...foundings(name, { ...args }, opts));
  }
}

/**
 * `initial-cluster-token` of a cluster: its domain and the random words of the stack's and of the
 * founding's birth, so that no two foundings can be taken for one. Pure.
 */
export function clusterToken(domain: string, stackId: string, founding?: string): string {
  return [domain, stackId, founding].filter(Boolean).join("-");
}
