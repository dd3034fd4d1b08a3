/**
 * Incarnation: one random word for each life of the stack, in the state before anything else
 * exists. All that bears the mark depends on it, for the mark contains the word, so it is deleted
 * last: whatever still bears the mark then is unknown to the state, and goes.
 *
 *   create  draws the word
 *   diff    another stack name or zone, or a new meaning (`version`); the word never changes
 *   update  notes them
 *   delete  removes what bears the mark at Cloudflare and in EC2
 */
import * as pulumi from "@pulumi/pulumi";
import { removeMarkedRecords } from "./cloudflareOrphans.ts";
import type { Setting } from "./ec2Client.ts";
import { removeTagged } from "./ec2Orphans.ts";
import { type Configured, leftoversError } from "./leftovers.ts";
import { markComment, markTags } from "./mark.ts";

export interface IncarnationArgs {
  readonly project: string;
  readonly stack: string;
  /** The zone at Cloudflare where records with the mark are. */
  readonly zoneId: pulumi.Input<string>;
}

interface Inputs {
  readonly project: string;
  readonly stack: string;
  readonly zoneId: string;
  readonly version: number;
}

interface Outputs extends Inputs {
  readonly word: string;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> & Configured = {
  async configure({ config }) {
    this.configuration = config;
  },
  async diff(_id, olds, news) {
    const meaning = (i: Inputs) => JSON.stringify([i.version, i.project, i.stack, i.zoneId]);
    return { changes: meaning(olds) !== meaning(news) };
  },
  async create(inputs) {
    const { randomBytes } = await import("node:crypto");
    const word = randomBytes(6).toString("hex");
    return { id: word, outs: { ...inputs, word } };
  },
  async update(_id, { word }, news) {
    return { outs: { ...news, word } };
  },
  async delete(_id, { project, stack, zoneId, word }) {
    const setting: Setting = (key) => this.configuration?.get(key);
    const mark = { project, stack, incarnation: word };
    const failures: string[] = [];
    // Names before machines, as in every leaving; a service that cannot be reached does not keep
    // the other from being cleaned.
    for (const remove of [
      () => removeMarkedRecords(zoneId, markComment(mark), setting),
      () => removeTagged(markTags(mark), [], setting),
    ]) {
      try {
        for (const what of await remove())
          console.log(`removed ${what}, left behind by a run that was cut off`);
      } catch (e) {
        failures.push((e as Error).message);
      }
    }
    if (failures.length) throw leftoversError(failures.join("\n  "));
  },
};

/**
 * Twelve random hexadecimal digits: part of the mark of all we make, and of etcd's cluster token.
 */
export class Incarnation extends pulumi.dynamic.Resource {
  declare readonly word: pulumi.Output<string>;

  constructor(name: string, args: IncarnationArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, version: 2, word: undefined }, opts, "etcd", "Incarnation");
  }
}
