/**
 * Things in EC2 that a cut-off run left behind, found by their tags: mark, name and role together
 * name one thing of the cluster.
 */
import type { EC2, Filter } from "@aws-sdk/client-ec2";
import { ec2Client, type Setting } from "./ec2Client.ts";

type Inputs = Readonly<Record<string, unknown>>;
type Tags = Readonly<Record<string, string>>;

/** One kind of thing that bears tags. */
interface Kind {
  /** Pulumi's type. */
  readonly type: string;
  readonly word: string;
  /** What removes one by hand, before its id. */
  readonly command: string;
  /**
   * Fits only those that nothing uses: right before one is made, one in use is what it replaces.
   */
  readonly unused: readonly Filter[];
  find(ec2: EC2, filters: Filter[]): Promise<(string | undefined)[]>;
  /** The same for a kind whose use no filter shows. */
  inUse?(ec2: EC2, id: string): Promise<boolean>;
  remove(ec2: EC2, id: string): Promise<unknown>;
}

const available = { Name: "status", Values: ["available"] };

/** In the order in which EC2 lets them go. */
const kinds: readonly Kind[] = [
  {
    type: "aws:ec2/instance:Instance",
    word: "instance",
    command: "terminate-instances --instance-ids",
    unused: [],
    async find(ec2, filters) {
      const alive = {
        Name: "instance-state-name",
        Values: ["pending", "running", "shutting-down", "stopping", "stopped"],
      };
      const found = await pages((page) =>
        ec2.describeInstances({ Filters: [...filters, alive], ...page }),
      );
      return found
        .flatMap((p) => p.Reservations ?? [])
        .flatMap((r) => (r.Instances ?? []).map((i) => i.InstanceId));
    },
    async remove(ec2, id) {
      await ec2.terminateInstances({ InstanceIds: [id] });
      await terminated(ec2, id);
    },
  },
  {
    type: "aws:ebs/volume:Volume",
    word: "volume",
    command: "delete-volume --volume-id",
    unused: [available],
    find: async (ec2, Filters) =>
      (await pages((page) => ec2.describeVolumes({ Filters, ...page })))
        .flatMap((p) => p.Volumes ?? [])
        .map((v) => v.VolumeId),
    remove: (ec2, VolumeId) => ec2.deleteVolume({ VolumeId }),
  },
  {
    type: "aws:ec2/networkInterface:NetworkInterface",
    word: "network interface",
    command: "delete-network-interface --network-interface-id",
    unused: [available],
    find: async (ec2, Filters) => (await interfaces(ec2, Filters)).map((i) => i.NetworkInterfaceId),
    remove: (ec2, NetworkInterfaceId) => ec2.deleteNetworkInterface({ NetworkInterfaceId }),
  },
  {
    type: "aws:ec2/eip:Eip",
    word: "Elastic IP",
    command: "release-address --allocation-id",
    unused: [],
    find: async (ec2, Filters) =>
      ((await ec2.describeAddresses({ Filters })).Addresses ?? []).map((a) => a.AllocationId),
    async remove(ec2, AllocationId) {
      // Outside a default VPC EC2 releases none that is associated.
      const { Addresses = [] } = await ec2.describeAddresses({ AllocationIds: [AllocationId] });
      const AssociationId = Addresses[0]?.AssociationId;
      if (AssociationId) await ec2.disassociateAddress({ AssociationId });
      await ec2.releaseAddress({ AllocationId });
    },
  },
  {
    type: "aws:ec2/securityGroup:SecurityGroup",
    word: "security group",
    command: "delete-security-group --group-id",
    unused: [],
    find: async (ec2, Filters) =>
      ((await ec2.describeSecurityGroups({ Filters })).SecurityGroups ?? []).map((g) => g.GroupId),
    inUse: async (ec2, id) =>
      (await interfaces(ec2, [{ Name: "group-id", Values: [id] }])).length > 0,
    remove: (ec2, GroupId) => ec2.deleteSecurityGroup({ GroupId }),
  },
  {
    type: "aws:ec2/keyPair:KeyPair",
    word: "key pair",
    command: "delete-key-pair --key-pair-id",
    unused: [],
    find: async (ec2, Filters) =>
      ((await ec2.describeKeyPairs({ Filters })).KeyPairs ?? []).map((k) => k.KeyPairId),
    remove: (ec2, KeyPairId) => ec2.deleteKeyPair({ KeyPairId }),
  },
];

/**
 * Removes what bears the tags of the thing that is about to be made. Returns what was removed, in
 * words.
 */
export async function removeOrphanOf(
  type: string,
  inputs: Inputs,
  setting: Setting,
): Promise<string[]> {
  const egress = type === "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
  const rule = egress || type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
  const kind = kinds.find((k) => k.type === type);
  const filters = tagFilters(inputs);
  // without a mark nothing is ours
  if (!rule && !(kind && filters.some((t) => t.Name === "tag:Incarnation"))) return [];
  const ec2 = await ec2Client(setting);
  try {
    if (!kind) return await removeRules(ec2, inputs, egress);
    const found: string[] = [];
    for (const id of await kind.find(ec2, [...filters, ...kind.unused]))
      if (id && !(await kind.inUse?.(ec2, id))) found.push(id);
    return await each(found, (id) => kind.remove(ec2, id), kind.word);
  } finally {
    ec2.destroy();
  }
}

/**
 * Removes all that bears these tags, of all kinds or of one, and returns it in words. An instance
 * is waited for, up to 300 s; what is held by something that goes is tried again for 30 s.
 * @throws Error with a line and a command for each thing that could not be removed
 */
export async function removeTagged(
  tags: Tags,
  types: readonly string[],
  setting: Setting,
): Promise<string[]> {
  const filters = tagFilters({ tags });
  const removed: string[] = [];
  const kept: string[] = [];
  if (!filters.some((t) => t.Name === "tag:Incarnation"))
    throw new Error("without the tag Incarnation nothing can be told to be ours");
  const ec2 = await ec2Client(setting);
  try {
    for (const { type, word, command, find, remove } of kinds) {
      if (types.length && !types.includes(type)) continue;
      const found = await find(ec2, filters).catch((e: Error) => {
        throw new Error(`EC2 could not be asked for a leftover ${word}: ${e.name}: ${e.message}`);
      });
      for (const id of found.flatMap((one) => one ?? [])) {
        try {
          await letGo(() => remove(ec2, id));
          removed.push(`the ${word} ${id}`);
        } catch (e) {
          kept.push(
            `the ${word} ${id}: ${(e as Error).name}: ${(e as Error).message}\n    aws ` +
              `ec2 ${command} ${id} --region ${await ec2.config.region()}`,
          );
        }
      }
    }
  } finally {
    ec2.destroy();
  }
  if (kept.length) throw new Error(kept.join("\n  "));
  return removed;
}

/** All pages: EC2 lists many things in no other way. */
async function pages<T extends { NextToken?: string | undefined }>(
  ask: (page: { MaxResults: number; NextToken?: string }) => Promise<T>,
): Promise<T[]> {
  const all: T[] = [];
  for (let NextToken: string | undefined; ;) {
    const page = await ask({ MaxResults: 200, ...(NextToken ? { NextToken } : {}) });
    all.push(page);
    NextToken = page.NextToken;
    if (!NextToken) return all;
  }
}

const interfaces = async (ec2: EC2, Filters: Filter[]) =>
  (await pages((page) => ec2.describeNetworkInterfaces({ Filters, ...page }))).flatMap(
    (p) => p.NetworkInterfaces ?? [],
  );

/** Filters that fit only things with exactly these tags. Pure. */
export function tagFilters({ tags }: Inputs): Filter[] {
  const pairs = Object.entries(typeof tags === "object" && tags !== null ? tags : {}).filter(
    ([key]) => !key.startsWith("__"),
  );
  return pairs.map(([key, value]) => ({ Name: `tag:${key}`, Values: [String(value)] }));
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

/**
 * EC2 sees a little later that what held a thing is gone. What is gone itself counts as removed.
 */
async function letGo(remove: () => Promise<unknown>): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    try {
      await remove();
      return;
    } catch (e) {
      const { name } = e as Error;
      if (/NotFound/.test(name)) return;
      if (!/InUse|DependencyViolation|InvalidParameterValue/.test(name) || Date.now() > deadline)
        throw e;
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }
}

async function terminated(ec2: EC2, id: string): Promise<void> {
  const started = Date.now();
  for (let said = 0; ;) {
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [id] });
    const state = Reservations.flatMap((r) => r.Instances ?? [])[0]?.State?.Name ?? "terminated";
    const waited = Math.round((Date.now() - started) / 1000);
    if (state === "terminated") return;
    if (waited > 300)
      throw new Error(
        `instance ${id}, left behind by a run that was cut off, is still ${state} 300 s ` +
          "after it was told to end; look at it in EC2, then run the same command again",
      );
    if (waited - said >= 15)
      console.log(
        `waiting for the instance ${id}, left behind by a run that was cut off, to end ` +
          `(${state}), ${(said = waited)} s of 300 s`,
      );
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
