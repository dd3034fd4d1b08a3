/** Things in EC2 that a cut-off run left behind, found by their tags: mark, name and role together name one thing of the cluster. */
import type { EC2, Filter } from "@aws-sdk/client-ec2";
import * as pulumi from "@pulumi/pulumi";

type Inputs = Readonly<Record<string, unknown>>;
type Remover = (ec2: EC2, inputs: Inputs, tags: Filter[]) => Promise<string[]>;

const removers: Readonly<Record<string, Remover>> = {
  "aws:ec2/instance:Instance": async (ec2, _inputs, tags) => {
    const alive = { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] };
    const { Reservations = [] } = await ec2.describeInstances({ Filters: [...tags, alive] });
    const ids = Reservations.flatMap((r) => (r.Instances ?? []).flatMap((i) => i.InstanceId ?? []));
    if (!ids.length) return [];
    await ec2.terminateInstances({ InstanceIds: ids });
    await terminated(ec2, ids);
    return ids.map((id) => `the instance ${id}`);
  },
  "aws:ec2/networkInterface:NetworkInterface": async (ec2, _inputs, tags) => {
    const { NetworkInterfaces = [] } = await ec2.describeNetworkInterfaces({ Filters: [...tags, { Name: "status", Values: ["available"] }] });
    return each(NetworkInterfaces, (i) => i.NetworkInterfaceId, (id) => ec2.deleteNetworkInterface({ NetworkInterfaceId: id }), "network interface");
  },
  "aws:ebs/volume:Volume": async (ec2, _inputs, tags) => {
    const { Volumes = [] } = await ec2.describeVolumes({ Filters: [...tags, { Name: "status", Values: ["available"] }] });
    return each(Volumes, (v) => v.VolumeId, (id) => ec2.deleteVolume({ VolumeId: id }), "volume");
  },
  "aws:ec2/securityGroup:SecurityGroup": async (ec2, _inputs, tags) => {
    const { SecurityGroups = [] } = await ec2.describeSecurityGroups({ Filters: tags });
    return each(SecurityGroups, (g) => g.GroupId, (id) => ec2.deleteSecurityGroup({ GroupId: id }), "security group");
  },
  "aws:ec2/keyPair:KeyPair": async (ec2, _inputs, tags) => {
    const { KeyPairs = [] } = await ec2.describeKeyPairs({ Filters: tags });
    return each(KeyPairs, (k) => k.KeyPairId, (id) => ec2.deleteKeyPair({ KeyPairId: id }), "key pair");
  },
  "aws:ec2/eip:Eip": async (ec2, _inputs, tags) => {
    const { Addresses = [] } = await ec2.describeAddresses({ Filters: tags });
    return each(Addresses, (a) => a.AllocationId, (id) => ec2.releaseAddress({ AllocationId: id }), "Elastic IP");
  },
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (ec2, inputs) => removeRules(ec2, inputs, false),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (ec2, inputs) => removeRules(ec2, inputs, true),
};

/** Removes what bears the tags of the thing that is about to be made. Returns what was removed, in words. */
export async function removeOrphanOf(type: string, inputs: Inputs): Promise<string[]> {
  const remover = removers[type];
  if (!remover) return [];
  const tags = tagFilters(inputs);
  const isRule = type.includes("securityGroupIngressRule") || type.includes("securityGroupEgressRule");
  if (!isRule && !tags.some((t) => t.Name === "tag:Incarnation")) return []; // without a mark nothing is ours
  const ec2 = await client();
  try {
    return await remover(ec2, inputs, tags);
  } finally {
    ec2.destroy();
  }
}

/** Filters that fit only things with exactly these tags. Pure. */
export function tagFilters({ tags }: Inputs): Filter[] {
  const pairs = Object.entries(typeof tags === "object" && tags !== null ? tags : {}).filter(([key]) => !key.startsWith("__"));
  return pairs.map(([key, value]) => ({ Name: `tag:${key}`, Values: [String(value)] }));
}

async function each<T>(found: readonly T[], idOf: (item: T) => string | undefined, remove: (id: string) => Promise<unknown>, word: string): Promise<string[]> {
  const ids = found.flatMap((item) => idOf(item) ?? []);
  for (const id of ids) await remove(id);
  return ids.map((id) => `the ${word} ${id}`);
}

/** A rule has no tags of its own, but its group is ours by being in the state: the same rule in it can only be ours. */
async function removeRules(ec2: EC2, inputs: Inputs, egress: boolean): Promise<string[]> {
  const GroupId = String(inputs.securityGroupId);
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({ Filters: [{ Name: "group-id", Values: [GroupId] }] });
  const same = SecurityGroupRules.filter((r) => r.IsEgress === egress && r.IpProtocol === String(inputs.ipProtocol) && r.CidrIpv4 === inputs.cidrIpv4
    && (inputs.fromPort === undefined || r.FromPort === Number(inputs.fromPort)) && r.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId);
  const revoke = (id: string) => (egress ? ec2.revokeSecurityGroupEgress({ GroupId, SecurityGroupRuleIds: [id] }) : ec2.revokeSecurityGroupIngress({ GroupId, SecurityGroupRuleIds: [id] }));
  return each(same, (r) => r.SecurityGroupRuleId, revoke, "security group rule");
}

async function terminated(ec2: EC2, ids: string[]): Promise<void> {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: ids });
    const left = Reservations.flatMap((r) => r.Instances ?? []).filter((i) => i.State?.Name !== "terminated");
    if (!left.length) return;
    if (Date.now() > deadline) throw new Error(`instance ${left.map((i) => i.InstanceId).join(", ")}, left behind by a run that was cut off, is still ${left[0]?.State?.Name} 300 s after it was told to end; look at it in EC2, then run \`pulumi up\` again`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** With the same region, endpoint and credentials as the provider: from its configuration, else the SDK's usual chain. */
async function client(): Promise<EC2> {
  const { EC2 } = await import("@aws-sdk/client-ec2"); // a third of a second that a run without creations need not spend
  const config = new pulumi.Config("aws"), secret = (key: string) => pulumi.runtime.getConfig(`aws:${key}`);
  const endpoint = config.getObject<{ ec2?: string }[]>("endpoints")?.find((e) => e.ec2)?.ec2;
  const accessKeyId = secret("accessKey"), secretAccessKey = secret("secretKey"), sessionToken = secret("token"), profile = config.get("profile"), region = config.get("region");
  return new EC2({
    ...(region ? { region } : {}), ...(endpoint ? { endpoint } : {}), ...(profile ? { profile } : {}),
    ...(accessKeyId && secretAccessKey ? { credentials: { accessKeyId, secretAccessKey, ...(sessionToken ? { sessionToken } : {}) } } : {}),
    requestHandler: { connectionTimeout: 5000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  });
}
