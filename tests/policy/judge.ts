/**
 * Rules of the policy pack, asked as the SDK asks them; and resources that all of them accept, for
 * a test to break in one place.
 */
import type {
  PolicyResource,
  ResourceValidationArgs,
  ResourceValidationPolicy,
  StackValidationPolicy,
} from "@pulumi/policy";
import { archiveDigests } from "../../components/settings/etcdReleases.ts";
import { schema } from "../../components/settings/schema.ts";

export interface Resource {
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>>;
  readonly ignoreChanges?: readonly string[];
}

const tags = {
  Project: "etcd",
  Stack: "prod",
  Incarnation: "0123456789ab",
  Name: "a.etcd.test",
  Role: "instance",
};
const record = {
  zoneId: "0".repeat(32),
  ttl: 60,
  proxied: false,
  comment: "pulumi etcd/prod 0123456789ab",
};
const srv = (name: string, port: number) => ({
  ...record,
  name,
  type: "SRV",
  priority: 0,
  data: { priority: 0, weight: 0, port, target: "a.etcd.test" },
});
const rule = { securityGroupId: "sg-members", ipProtocol: "tcp" };

/** One of each kind, as the program registers them. */
export const valid = {
  cluster: {
    type: "etcd:index:EtcdCluster",
    props: {
      domain: "etcd.test",
      nodes: ["a", "b", "c"],
      etcdVersion: schema.etcdVersion.default,
      etcdChecksums: schema.etcdChecksums.default,
      etcdSha256: archiveDigests(schema.etcdVersion.default),
    },
  },
  instance: {
    type: "aws:ec2/instance:Instance",
    ignoreChanges: ["ami", "userData", "keyName"],
    props: {
      ami: "ami-1",
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true },
      tags,
    },
  },
  volume: { type: "aws:ebs/volume:Volume", props: { size: 20, encrypted: true, tags } },
  interface: {
    type: "aws:ec2/networkInterface:NetworkInterface",
    props: { subnetId: "subnet-1", tags },
  },
  group: { type: "aws:ec2/securityGroup:SecurityGroup", props: { vpcId: "vpc-1", tags } },
  key: { type: "aws:ec2/keyPair:KeyPair", props: { publicKey: "ssh-ed25519 AAAA", tags } },
  address: { type: "aws:ec2/eip:Eip", props: { domain: "vpc", tags } },
  attachment: {
    type: "aws:ec2/volumeAttachment:VolumeAttachment",
    props: { deviceName: "/dev/sdf" },
  },
  peers: {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    props: { ...rule, fromPort: 2380, toPort: 2380, referencedSecurityGroupId: "sg-members" },
  },
  clients: {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    props: { ...rule, fromPort: 2379, toPort: 2379, cidrIpv4: "10.0.0.0/16" },
  },
  ssh: {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    props: { ...rule, fromPort: 22, toPort: 22, cidrIpv4: "10.0.0.0/16" },
  },
  out: {
    type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    props: { ...rule, ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
  },
  a: {
    type: "cloudflare:index/dnsRecord:DnsRecord",
    props: { ...record, name: "a.etcd.test", type: "A", content: "10.0.0.4" },
  },
  server: {
    type: "cloudflare:index/dnsRecord:DnsRecord",
    props: srv("_etcd-server-ssl._tcp.etcd.test", 2380),
  },
  client: {
    type: "cloudflare:index/dnsRecord:DnsRecord",
    props: srv("_etcd-client-ssl._tcp.etcd.test", 2379),
  },
} as const satisfies Record<string, Resource>;

/** A valid resource with some inputs changed; `undefined` takes one away. */
export function broken(
  kind: keyof typeof valid,
  change: Readonly<Record<string, unknown>>,
): Resource {
  const props = Object.entries({ ...valid[kind].props, ...change }).filter(
    ([, value]) => value !== undefined,
  );
  return { ...valid[kind], props: Object.fromEntries(props) };
}

const typed = (type: string, props: unknown) => {
  const isType = (resource: unknown) =>
    (resource as { __pulumiType?: string }).__pulumiType === type;
  return {
    type,
    props: props as Record<string, unknown>,
    isType,
    asType: (resource: unknown) => (isType(resource) ? props : undefined) as never,
  };
};

class NotApplicable extends Error {}
const never = () => {
  throw new NotApplicable();
};

/** What a rule says of a resource; nothing when it accepts it or does not concern it. */
export async function judge(
  policy: ResourceValidationPolicy,
  resource: Resource,
): Promise<string[]> {
  const said: string[] = [];
  const options = {
    ignoreChanges: [...(resource.ignoreChanges ?? [])],
  } as unknown as ResourceValidationArgs["opts"];
  const args: ResourceValidationArgs = {
    ...typed(resource.type, resource.props),
    urn: "urn",
    name: "name",
    opts: options,
    stackTags: new Map(),
    getConfig: () => ({}) as never,
    notApplicable: never,
  };
  for (const validate of [policy.validateResource ?? []].flat()) {
    try {
      await validate(args, (message) => {
        said.push(message);
      });
    } catch (error) {
      if (!(error instanceof NotApplicable)) throw error;
    }
  }
  return said;
}

/** What a rule over the whole stack says. */
export async function judgeStack(
  policy: StackValidationPolicy,
  resources: readonly Resource[],
): Promise<string[]> {
  const said: string[] = [];
  const all = resources.map(({ type, props }): PolicyResource => ({
    ...typed(type, props),
    urn: `urn of ${props.name}`,
    name: "name",
    opts: {} as PolicyResource["opts"],
    dependencies: [],
    propertyDependencies: {},
  }));
  await policy.validateStack(
    { resources: all, stackTags: new Map(), getConfig: () => ({}) as never, notApplicable: never },
    (message) => {
      said.push(message);
    },
  );
  return said;
}
