/**
 * Machines: which machine each member has, written down, so that `preview` can see that several
 * are to be made anew. Nothing is fed from it. (`up` without preview meets MemberShutdown.)
 *
 *   diff    another machine of a member
 *   create  writes down
 *   update  writes down; its hook refuses more than one that is alive (machinesInOneRun.ts)
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";

export interface MachinesArgs {
  /** Instance id by member. */
  readonly machineIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

interface Inputs {
  readonly machineIds: Readonly<Record<string, string>>;
}

const records = resource<Inputs, Inputs>({
  type: "Machines",
  version: 1,
  // Unknown in a preview it may be a text.
  meaning: ({ machineIds: ids }) => (typeof ids === "object" ? Object.entries(ids).sort() : ids),
  make: async (inputs) => inputs,
  id: () => "machines",
});

/** The record of machines. */
export class Machines extends pulumi.dynamic.Resource {
  constructor(name: string, args: MachinesArgs, opts?: pulumi.CustomResourceOptions) {
    super(...records(name, { ...args }, opts));
  }
}
