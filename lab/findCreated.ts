import {
  DescribeAddressesCommand, DescribeInstancesCommand, DescribeKeyPairsCommand, DescribeNetworkInterfacesCommand, DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand, DescribeVolumesCommand, type Filter,
} from "@aws-sdk/client-ec2";
import { addresses, zone } from "./addresses.ts";
import { ec2Client } from "./ec2/client.ts";

type Inputs = Readonly<Record<string, unknown>>;

/** For each type: ids of all that look like what the inputs ask for. Tags name one thing of the cluster each; see EtcdNode. */
const finders: Readonly<Record<string, (inputs: Inputs) => Promise<(string | undefined)[]>>> = {
  "aws:ec2/instance:Instance": async (inputs) => {
    const alive = { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] };
    const { Reservations = [] } = await ec2((client) => client.send(new DescribeInstancesCommand({ Filters: [...tagsOf(inputs), alive] })));
    return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId));
  },
  "aws:ec2/networkInterface:NetworkInterface": async (inputs) =>
    (await ec2((client) => client.send(new DescribeNetworkInterfacesCommand({ Filters: tagsOf(inputs) })))).NetworkInterfaces?.map(({ NetworkInterfaceId }) => NetworkInterfaceId) ?? [],
  "aws:ebs/volume:Volume": async (inputs) =>
    (await ec2((client) => client.send(new DescribeVolumesCommand({ Filters: tagsOf(inputs) })))).Volumes?.map(({ VolumeId }) => VolumeId) ?? [],
  "aws:ec2/securityGroup:SecurityGroup": async (inputs) =>
    (await ec2((client) => client.send(new DescribeSecurityGroupsCommand({ Filters: tagsOf(inputs) })))).SecurityGroups?.map(({ GroupId }) => GroupId) ?? [],
  "aws:ec2/keyPair:KeyPair": async (inputs) =>
    (await ec2((client) => client.send(new DescribeKeyPairsCommand({ Filters: tagsOf(inputs) })))).KeyPairs?.map(({ KeyName }) => KeyName) ?? [],
  "aws:ec2/eip:Eip": async (inputs) =>
    (await ec2((client) => client.send(new DescribeAddressesCommand({ Filters: tagsOf(inputs) })))).Addresses?.map(({ AllocationId }) => AllocationId) ?? [],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (inputs) => rules(inputs, false),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (inputs) => rules(inputs, true),
  "cloudflare:index/dnsRecord:DnsRecord": records,
};

/**
 * The id of what was made from these inputs and is not yet in the state, in the lab's EC2 and Cloudflare. Undefined when there is none,
 * and for types that may simply be made again (attachments, commands, dynamic resources).
 */
export async function findCreated(type: string, inputs: Inputs, known: ReadonlySet<string>): Promise<string | undefined> {
  const candidates = await finders[type]?.(inputs) ?? [];
  return candidates.find((id) => id !== undefined && !known.has(id));
}

async function ec2<T>(ask: (client: ReturnType<typeof ec2Client>) => Promise<T>): Promise<T> {
  const client = ec2Client("etcd-lab-up");
  try {
    return await ask(client);
  } finally {
    client.destroy();
  }
}

function tagsOf({ tags }: Inputs): Filter[] {
  const pairs = Object.entries(typeof tags === "object" && tags !== null ? tags : {}).filter(([name]) => !name.startsWith("__"));
  if (pairs.length === 0) throw new Error("stack: something half made has no tags to find it by; take the lab down with npm run down and start anew with npm run up");
  return pairs.map(([name, value]) => ({ Name: `tag:${name}`, Values: [String(value)] }));
}

async function rules(inputs: Inputs, egress: boolean): Promise<(string | undefined)[]> {
  const filter = { Name: "group-id", Values: [String(inputs.securityGroupId)] };
  const { SecurityGroupRules = [] } = await ec2((client) => client.send(new DescribeSecurityGroupRulesCommand({ Filters: [filter] })));
  return SecurityGroupRules.filter((rule) => rule.IsEgress === egress && rule.IpProtocol === String(inputs.ipProtocol)
    && (inputs.fromPort === undefined || rule.FromPort === Number(inputs.fromPort)) && rule.CidrIpv4 === inputs.cidrIpv4
    && rule.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId).map(({ SecurityGroupRuleId }) => SecurityGroupRuleId);
}

async function records(inputs: Inputs): Promise<string[]> {
  const query = new URLSearchParams({ name: String(inputs.name), type: String(inputs.type), per_page: "100" });
  const response = await fetch(`http://127.0.0.1:${addresses.cloudflarePort}/client/v4/zones/${zone.id}/dns_records?${query}`, {
    headers: { authorization: `Bearer ${zone.apiToken}` }, signal: AbortSignal.timeout(10_000),
  });
  const answer: { result?: { id: string; content: string; data?: { target?: string } }[] } = JSON.parse(await response.text());
  const wanted = typeof inputs.data === "object" && inputs.data !== null && "target" in inputs.data ? inputs.data.target : undefined;
  return (answer.result ?? []).filter(({ content, data }) => wanted === undefined ? content === inputs.content : data?.target === wanted).map(({ id }) => id);
}
