/**
 * Leftovers: the other half of healing (see beforeCreate.ts). What a cut-off run made and could not
 * write down is unknown to `pulumi destroy`, and may hold what is known: an instance its network
 * interface, an interface its security group. Pulumi deletes in the reverse order of creation, so
 * one of these, made after what is held and before what holds it, has its turn between the two.
 *
 *   create  notes what to look for, and where
 *   diff    other tags, another account or region
 *   update  notes it
 *   delete  fails in another account or region; does nothing while clients are still sent there
 *           (so this is no destroy); else removes what is unused and can hold no data, and fails
 *           with the command that removes the rest
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import { inWords, markedRecords } from "./cloudflareLeftovers.ts";
import { askedAtHome } from "./home.ts";
import {
  findTagged,
  leftoversError,
  removeUnused,
  serviceRecord,
  wordsOf,
} from "./leftoversAtDestroy.ts";

export interface LeftoversArgs {
  /** Type of the things that are made after this, such as `aws:ec2/instance:Instance`. */
  readonly type: string;
  /** All tags that they have in common, the mark among them. */
  readonly tags: Readonly<Record<string, pulumi.Input<string>>>;
  /**
   * The zone of the cluster's records: those that send clients to it show that it is in service.
   */
  readonly zoneId: pulumi.Input<string>;
  /** The same mark on records. */
  readonly comment: pulumi.Input<string>;
  /** The AWS account and region of the things. @default they are not compared */
  readonly account?: pulumi.Input<string>;
  readonly region?: pulumi.Input<string>;
  /**
   * Whether they are made with an AWS provider that is given in the options. A deletion cannot ask
   * with it, so it looks for nothing then, and says so. @default false
   */
  readonly ownProvider?: boolean;
}

interface Inputs {
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly zoneId: string;
  readonly comment: string;
  readonly account?: string;
  readonly region?: string;
  readonly ownProvider?: boolean;
}

const leftovers = resource<Inputs, Inputs>({
  type: "Leftovers",
  version: 3,
  meaning: ({ type, tags, zoneId, comment, account, region, ownProvider }) => [
    type,
    zoneId,
    comment,
    account,
    region,
    ownProvider,
    // unknown in a preview they are a text
    typeof tags === "object" ? Object.entries(tags).sort() : tags,
  ],
  make: async (inputs) => inputs,
  id: () => "leftovers",
  async remove({ type, tags, zoneId, comment, account, region, ownProvider }, { setting }) {
    if (ownProvider) return; // the stack id's deletion says it for all
    let outcome;
    try {
      await askedAtHome({ account, region }, setting);
      const found = await findTagged(tags, [type], setting);
      if (found.length === 0) return;
      const records = await markedRecords(zoneId, comment, setting);
      const service = serviceRecord(records, tags.Name);
      if (service) {
        console.log(
          `left alone: ${found.map(wordsOf).join(", ")}; ${inWords(service)} still sends clients ` +
            "there, so this is no destroy",
        );
        return;
      }
      outcome = await removeUnused(found, records, setting);
    } catch (e) {
      throw leftoversError([(e as Error).message]);
    }
    for (const what of outcome.removed)
      console.log(`removed ${what}, left behind by a run that was cut off`);
    if (outcome.left.length) throw leftoversError(outcome.left);
  },
});

/**
 * Removes, when it is deleted in a destroy, what the state does not know of the things that are
 * made after it; an instance or a volume is only named.
 */
export class Leftovers extends pulumi.dynamic.Resource {
  constructor(name: string, args: LeftoversArgs, opts?: pulumi.CustomResourceOptions) {
    super(...leftovers(name, { ...args }, opts));
  }
}
