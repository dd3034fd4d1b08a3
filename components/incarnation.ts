/**
 * Incarnation: one random word for each life of the stack, in the state before anything else exists.
 *
 *   create  draws it
 *   diff    never
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";

const provider: pulumi.dynamic.ResourceProvider<object, { word: string }> = {
  async diff() {
    return { changes: false };
  },
  async create() {
    const { randomBytes } = await import("node:crypto");
    const word = randomBytes(6).toString("hex");
    return { id: word, outs: { word } };
  },
};

/** Twelve random hexadecimal digits: part of the mark of all we make, and of etcd's cluster token. */
export class Incarnation extends pulumi.dynamic.Resource {
  declare readonly word: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { word: undefined }, opts, "etcd", "Incarnation");
  }
}
