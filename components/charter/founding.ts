/**
 * Founding: which machines, disks and addresses the cluster was founded with, and a word for that
 * founding. Members that are declared later are not in it.
 *
 *   diff    never, but for a record of an older release that names no founders
 *   create  writes down
 *   update  names the founders of such a record; all else stays
 *   delete  nothing
 *
 * It is made once the peer records are right everywhere, right before anything is started, and
 * decides who gets a ticket for a first start (bootstrap/ticket.ts).
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";

export interface FoundingArgs {
  /** Data volume of each declared member, by name. */
  readonly volumeIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Id of each declared member's EC2 instance, by name. */
  readonly machineIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Private address of each declared member, by name. */
  readonly addresses: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * The word of a founding that was long ago, where the state has forgotten this record. @default
   * it is founded now
   */
  readonly word?: pulumi.Input<string | undefined>;
}

type ByName = Readonly<Record<string, string>>;

interface Inputs {
  readonly volumeIds: ByName;
  readonly machineIds: ByName;
  readonly addresses: ByName;
  readonly word?: string;
}

/** One member that starts the cluster. */
export interface Founder {
  /** Its private address. */
  readonly address: string;
  /**
   * Id of its EC2 instance, and of its data volume. Undefined where a release up to 0.1.0 has
   * written the record.
   */
  readonly machine?: string | undefined;
  readonly volume?: string | undefined;
}

interface Outputs {
  readonly volumeIds: ByName;
  /**
   * By name. Releases up to 0.1.0 wrote the address alone, even older ones no founders. What is new
   * stands in here, because an output that old states lack would be unknown in every preview.
   */
  readonly founders?: Readonly<Record<string, Founder | string>>;
  readonly founding?: string;
}

/**
 * The word of a founding: eight hexadecimal digits that follow from the data volumes, whose ids are
 * never given twice. Another founding has other disks, so data that a destroy left cannot pass for
 * a member of the next cluster; and a record that is made anew over the same disks (a destroy that
 * was cut short, then `up`) is the same founding.
 */
export async function foundingWord(volumeIds: ByName): Promise<string> {
  const { createHash } = await import("node:crypto");
  const disks = Object.entries(volumeIds).map((entry) => entry.join("="));
  return createHash("sha256").update(disks.sort().join(" ")).digest("hex").slice(0, 8);
}

const foundings = resource<Inputs, Outputs>({
  type: "Founders",
  computed: ["founding", "founders"],
  due: (olds) => olds.founders === undefined,
  async make({ volumeIds, machineIds, addresses, word }, { olds }) {
    // Who founded is not known any more, and has started: no machine, so no ticket.
    if (!olds && word) return { volumeIds, founders: addresses, founding: word };
    if (!olds) {
      const founders = Object.entries(addresses).map(([name, address]) => [
        name,
        { address, machine: machineIds[name], volume: volumeIds[name] },
      ]);
      const founding = await foundingWord(volumeIds);
      return { volumeIds, founders: Object.fromEntries(founders), founding };
    }
    // Its members have started long since: no machine is written down, so there is no ticket.
    const names = Object.keys(olds.volumeIds).sort();
    const founders = Object.fromEntries(names.map((name) => [name, addresses[name] ?? ""]));
    const outs = { volumeIds: olds.volumeIds, founders };
    return olds.founding === undefined ? outs : { ...outs, founding: olds.founding };
  },
  id: () => "founders",
});

/** The record of founders. Its type keeps the name it has in the states of living clusters. */
export class Founding extends pulumi.dynamic.Resource {
  /**
   * See foundingWord; random in records of up to 0.1.0, and undefined for a cluster that was
   * founded before there were such words.
   */
  declare readonly founding: pulumi.Output<string | undefined>;
  /** As the state holds it: see Outputs. */
  declare readonly founders: pulumi.Output<Readonly<Record<string, Founder | string>>>;
  /** The founders by name. */
  readonly recorded: pulumi.Output<Readonly<Record<string, Founder>>>;

  constructor(name: string, args: FoundingArgs, opts?: pulumi.CustomResourceOptions) {
    super(...foundings(name, { ...args }, opts));
    this.recorded = this.founders.apply(foundersOf);
  }
}

/** Founders as any release wrote them; undefined in a run that leaves the record out. Pure. */
function foundersOf(
  written: Readonly<Record<string, Founder | string>> | undefined,
): Readonly<Record<string, Founder>> {
  return Object.fromEntries(
    Object.entries(written ?? {}).map(([name, founder]) => [
      name,
      typeof founder === "string" ? { address: founder } : founder,
    ]),
  );
}

/**
 * `initial-cluster-token` of a cluster: its domain, the stack's random word and the founding's, so
 * that no two foundings can be taken for one. Pure.
 */
export function clusterToken(domain: string, stackId: string, founding?: string): string {
  return [domain, stackId, founding].filter(Boolean).join("-");
}
