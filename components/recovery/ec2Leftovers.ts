/**
 * Things in EC2 that a cut-off run left behind, found by their tags right before the same is made
 * again: mark, name and role together name one thing of the cluster.
 */
import type { EC2 } from "@aws-sdk/client-ec2";
import type { Setting } from "../engine/resource.ts";
import { ec2Client } from "./ec2Client.ts";
import { askForMark, kinds, removals, tagFilters } from "./ec2Things.ts";

type Inputs = Readonly<Record<string, unknown>>;

const addressType = "aws:ec2/eip:Eip";

/**
 * How a leftover is removed, by Pulumi's type. This runs as a hook of the program only, where
 * everything else waits for the new thing: what deletions do, in states, removes no machine.
 */
const leftoverRemovals: typeof removals = {
  ...removals,
  async "aws:ec2/instance:Instance"(ec2, id) {
    await ec2.terminateInstances({ InstanceIds: [id] });
    await terminated(ec2, id);
  },
  "aws:ebs/volume:Volume": (ec2, VolumeId) => ec2.deleteVolume({ VolumeId }),
  async [addressType](ec2, AllocationId) {
    // Outside a default VPC EC2 releases none that is associated.
    const { Addresses = [] } = await ec2.describeAddresses({ AllocationIds: [AllocationId] });
    const AssociationId = Addresses[0]?.AssociationId;
    if (AssociationId) await ec2.disassociateAddress({ AssociationId });
    await ec2.releaseAddress({ AllocationId });
  },
};

/**
 * Removes what bears the tags of the thing that is about to be made, unless it is in use: then it
 * is what the new one replaces (but for an Elastic IP, which goes also while it is associated).
 * Returns what was removed, in words.
 */
export async function removeLeftoverOf(
  type: string,
  inputs: Inputs,
  setting: Setting,
): Promise<string[]> {
  const egress = type === "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
  const rule = egress || type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
  const kind = kinds.find((k) => k.type === type);
  const remove = leftoverRemovals[type];
  const filters = tagFilters(inputs);
  // without a mark nothing is ours
  if (!rule && !(kind && remove && askForMark(filters))) return [];
  const ec2 = await ec2Client(setting);
  try {
    if (!kind || !remove) return await removeRules(ec2, inputs, egress);
    const found = (await kind.find(ec2, filters)).filter(
      ({ users }) => users.length === 0 || type === addressType,
    );
    return await each(
      found.map(({ id }) => id),
      (id) => remove(ec2, id),
      kind.word,
    );
  } finally {
    ec2.destroy();
  }
}

async function each(
  found: readonly (string | undefined)[],
  remove: (id: string) => Promise<unknown>,
  word: string,
): Promise<string[]> {
  const ids = found.flatMap((id) => id ?? []);
  for (const id of ids) await remove(id);
  return ids.map((id) => `the ${word} ${id}`);
}

/**
 * A rule has no tags of its own, but its group is ours by being in the state: the same rule in it
 * can only be ours.
 */
async function removeRules(ec2: EC2, inputs: Inputs, egress: boolean): Promise<string[]> {
  const GroupId = String(inputs.securityGroupId);
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
    Filters: [{ Name: "group-id", Values: [GroupId] }],
  });
  const same = SecurityGroupRules.filter(
    (r) =>
      r.IsEgress === egress &&
      r.IpProtocol === String(inputs.ipProtocol) &&
      r.CidrIpv4 === inputs.cidrIpv4 &&
      (inputs.fromPort === undefined || r.FromPort === Number(inputs.fromPort)) &&
      r.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId,
  );
  const revoke = (id: string) =>
    egress
      ? ec2.revokeSecurityGroupEgress({ GroupId, SecurityGroupRuleIds: [id] })
      : ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [id] });
  return each(
    same.map((r) => r.SecurityGroupRuleId),
    revoke,
    "security group rule",
  );
}

/** The SDK's waiter says nothing while it waits, so this says it before. */
async function terminated(ec2: EC2, id: string): Promise<void> {
  const { waitUntilInstanceTerminated } = await import("@aws-sdk/client-ec2");
  const seconds = 300;
  console.log(
    `waiting for the instance ${id}, left behind by a run that was cut off, to end: ${seconds} s ` +
      "at most",
  );
  const limits = { client: ec2, maxWaitTime: seconds, minDelay: 1, maxDelay: 5 };
  await waitUntilInstanceTerminated(limits, { InstanceIds: [id] }).catch((e: Error) => {
    throw new Error(
      `instance ${id}, left behind by a run that was cut off, has not ended within ${seconds} s ` +
        `after it was told to (${e.name}); look at it in EC2, then run the same command again`,
    );
  });
}
