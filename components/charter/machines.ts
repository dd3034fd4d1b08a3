/**
 * Machines: which machine and which data volume each member has, written down, so that `preview`
 * can see what is to be made anew, and who comes and goes. Nothing is fed from it. (`up` without
 * preview meets MemberShutdown.)
 *
 *   diff    another machine or volume of a member, or other members
 *   create  writes down
 *   update  writes down; its hooks refuse more than one machine that is alive
 *           (machinesInOneRun.ts) and any volume that is there (volumesStay.ts), and say in a
 *           preview what other members mean (otherMembers.ts)
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";

export interface MachinesArgs {
  /** Instance id by member. */
  readonly machineIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /** Id of the data volume by member. */
  readonly volumeIds: pulumi.Input<Record<string, pulumi.Input<string>>>;
}

interface Inputs {
  readonly machineIds: Readonly<Record<string, string>>;
  /** Undefined in states of before: they are brought up to date once. */
  readonly volumeIds?: Readonly<Record<string, string>>;
}

const records = resource<Inputs, Inputs>({
  type: "Machines",
  version: 1,
  // Unknown in a preview they may be texts.
  meaning: ({ machineIds, volumeIds }) =>
    [machineIds, volumeIds].map((ids) =>
      typeof ids === "object" ? Object.entries(ids).sort() : ids,
    ),
  make: async (inputs) => inputs,
  id: () => "machines",
});

/** The record of machines and volumes. */
export class Machines extends pulumi.dynamic.Resource {
  constructor(name: string, args: MachinesArgs, opts?: pulumi.CustomResourceOptions) {
    super(...records(name, { ...args }, opts));
  }
}
