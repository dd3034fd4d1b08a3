import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../clusterContext.ts";
import type { EtcdMember } from "../etcdMember.ts";
import { Founding } from "./founding.ts";
import { Machines } from "./machines.ts";
import { machinesInOneRun } from "./machinesInOneRun.ts";

/**
 * Writes down which machine each member has. Feeds nobody; its hook refuses a second machine that
 * is alive and would be made anew in one run.
 */
export function recordMachines({ name, options }: ClusterContext, members: readonly EtcdMember[]) {
  return new Machines(
    `${name}-machines`,
    { machineIds: ofEach(members, ({ node }) => node.instance.id) },
    options.with({ hooks: { beforeUpdate: [machinesInOneRun(name, options.parentOnly.parent)] } }),
  );
}

/**
 * Writes down, once the gate is open, who founds the cluster. All members are passed in every run;
 * the record keeps those of its creation. (Logical name: founding-volumes.)
 */
export function recordFounding(
  { name, options, foundedOnce }: ClusterContext,
  members: readonly EtcdMember[],
  gate: pulumi.Resource,
): Founding {
  return new Founding(
    `${name}-founding-volumes`,
    {
      volumeIds: ofEach(members, ({ node }) => node.volume.id),
      machineIds: ofEach(members, ({ node }) => node.instance.id),
      addresses: ofEach(members, ({ node }) => node.privateIp),
    },
    options.with({ dependsOn: [gate], hooks: { beforeCreate: [foundedOnce.noMembers] } }),
  );
}

function ofEach<T>(
  members: readonly EtcdMember[],
  pick: (member: EtcdMember) => T,
): Record<string, T> {
  return Object.fromEntries(members.map((member) => [member.name, pick(member)]));
}
