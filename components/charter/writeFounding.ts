import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../clusterContext.ts";
import type { EtcdMember } from "../etcdMember.ts";
import type { Settings } from "../settings/settings.ts";
import { forgottenWord } from "../recovery/forgottenWord.ts";
import { Founding } from "./founding.ts";
import { Machines } from "./machines.ts";
import { machinesInOneRun } from "./machinesInOneRun.ts";
import { otherMembers } from "./otherMembers.ts";
import { volumesStay } from "./volumesStay.ts";

/**
 * Writes down which machine and which data volume each member has. Feeds nobody; its hooks refuse a
 * second machine that is alive and would be made anew in one run, and another volume for one that
 * is there, and say in a preview what other members mean.
 */
export function recordMachines(
  { name, options }: ClusterContext,
  { keepData }: Pick<Settings, "keepData">,
  members: readonly EtcdMember[],
): Machines {
  const { parent } = options.parentOnly;
  const declared = members.map((member) => member.name);
  return new Machines(
    `${name}-machines`,
    {
      machineIds: ofEach(members, ({ node }) => node.instance.id),
      volumeIds: ofEach(members, ({ node }) => node.volume.id),
    },
    options.with({
      hooks: {
        beforeUpdate: [
          otherMembers(name, declared, keepData === "volumes", parent),
          volumesStay(name, declared, parent),
          machinesInOneRun(name, declared, parent),
        ],
      },
    }),
  );
}

/**
 * Writes down, once the gate is open, who founds the cluster. All members are passed in every run;
 * the record keeps those of its creation. (Logical name: founding-volumes.)
 */
export function recordFounding(
  { name, options, ownership, foundedOnce }: ClusterContext,
  members: readonly EtcdMember[],
  gate: pulumi.Resource,
): Founding {
  const record = `${name}-founding-volumes`;
  return new Founding(
    record,
    {
      // Asked only once the stack has a state: Pulumi's engine dies of the question before that.
      word: ownership.stackId.apply(() => forgottenWord(record, name)),
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
