/**
 * Leftovers: the other half of healing (see orphans.ts). What a cut-off run made and could not
 * write down is unknown to `pulumi destroy`, and may hold what is known: an instance its network
 * interface, an interface its security group. Pulumi deletes in the reverse order of creation, so
 * one of these, made after what is held and before what holds it, has its turn between the two.
 *
 *   create  notes what to look for
 *   diff    other tags
 *   update  notes it
 *   delete  removes what bears the tags
 */
import * as pulumi from "@pulumi/pulumi";
import type { Setting } from "./ec2Client.ts";
import { removeTagged } from "./ec2Orphans.ts";

export interface LeftoversArgs {
  /** Type of the things that are made after this, such as `aws:ec2/instance:Instance`. */
  readonly type: string;
  /** All tags that they have in common, the mark among them. */
  readonly tags: Readonly<Record<string, pulumi.Input<string>>>;
}

interface Inputs {
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly version: number;
}

/**
 * A dynamic provider that keeps the stack's configuration: the process that deletes runs no program
 * of ours.
 */
export interface Configured {
  configuration?: { get(key: string): string | undefined };
}

/** The wording around what could not be removed, or not even looked for. Pure. */
export function leftoversError(what: string): Error {
  const error = new Error(
    `What earlier runs left behind could not be removed:\n  ${what}\n` +
      "Mend that, or remove it by hand, and run `pulumi destroy` again. To give up on " +
      "the stack and look after its things yourself: pulumi stack rm --force",
  );
  error.stack = ""; // the SDK prints it where a deletion fails
  return error;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> & Configured = {
  async configure({ config }) {
    this.configuration = config;
  },
  async diff(_id, olds, news) {
    const meaning = ({ version, type, tags }: Inputs) =>
      JSON.stringify([
        version,
        type,
        typeof tags === "object" ? Object.entries(tags).sort() : tags,
      ]);
    return { changes: meaning(olds) !== meaning(news) };
  },
  async create(inputs) {
    return { id: "leftovers", outs: inputs };
  },
  async update(_id, _olds, news) {
    return { outs: news };
  },
  async delete(_id, { type, tags }) {
    const setting: Setting = (key) => this.configuration?.get(key);
    let removed: string[];
    try {
      removed = await removeTagged(tags, [type], setting);
    } catch (e) {
      throw leftoversError((e as Error).message);
    }
    for (const what of removed)
      console.log(`removed ${what}, left behind by a run that was cut off`);
  },
};

/**
 * Removes, when it is deleted, what of the things that are made after it the state does not know.
 */
export class Leftovers extends pulumi.dynamic.Resource {
  constructor(name: string, args: LeftoversArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, version: 1 }, opts, "etcd", "Leftovers");
  }
}
