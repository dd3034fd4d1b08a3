/** Where nodes live: subnets of the configured zones, and who may connect to what. */
import * as pulumi from "@pulumi/pulumi";
import { getSubnet, getSubnetOutput } from "@pulumi/aws/ec2/getSubnet.js";
import { isSecurityGroup } from "./config/allowedSources.ts";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";

/** Subnet id for a zone: the configured one, else the default VPC's. */
export function subnetOf(
  zone: string,
  configured: Readonly<Record<string, string>>,
  opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
  const id = configured[zone];
  return id
    ? pulumi.output(id)
    : pulumi.output(getSubnet({ availabilityZone: zone, defaultForAz: true }, opts)).id;
}

/** Who may reach the members. */
export interface Openings {
  /** CIDRs for port 22. */
  readonly ssh: readonly string[];
  /** CIDRs and security groups for port 2379. */
  readonly clients: readonly string[];
}

/**
 * The members' security group, in the VPC of their subnets: 2380 from itself only, 2379 from the
 * named networks and groups, 22 from the named networks, everything outward.
 */
export function memberSecurityGroup(
  name: string,
  subnets: readonly pulumi.Output<string>[],
  open: Openings,
  tags: Record<string, pulumi.Input<string>>,
  opts: pulumi.CustomResourceOptions,
): { group: SecurityGroup; rules: pulumi.Resource[] } {
  const vpcId = getSubnetOutput(
    { id: subnets[0] ?? "" },
    opts.parent ? { parent: opts.parent } : {},
  ).vpcId;
  const group = new SecurityGroup(
    `${name}-members`,
    { vpcId, description: "etcd members", tags: { ...tags, Name: `${name}-members` } },
    opts,
  );
  const rule = (
    role: string,
    port: number,
    description: string,
    source: { cidrIpv4: string } | { referencedSecurityGroupId: pulumi.Input<string> },
  ) =>
    new SecurityGroupIngressRule(
      `${name}-${role}`,
      {
        securityGroupId: group.id,
        ipProtocol: "tcp",
        fromPort: port,
        toPort: port,
        description,
        ...source,
      },
      opts,
    );
  const inCidr = (cidr: string) => cidr.replace("/", "-");
  return {
    group,
    rules: [
      rule("peers", 2380, "etcd peers, members only", { referencedSecurityGroupId: group.id }),
      ...open.clients.map((source) =>
        rule(
          `clients-${inCidr(source)}`,
          2379,
          `etcd clients from ${source}`,
          isSecurityGroup(source) ? { referencedSecurityGroupId: source } : { cidrIpv4: source },
        ),
      ),
      ...open.ssh.map((cidr) =>
        rule(`ssh-${inCidr(cidr)}`, 22, `SSH from ${cidr}`, { cidrIpv4: cidr }),
      ),
      // A member asks DNS, fetches releases and packages, and speaks to its peers.
      new SecurityGroupEgressRule(
        `${name}-out`,
        {
          securityGroupId: group.id,
          ipProtocol: "-1",
          cidrIpv4: "0.0.0.0/0",
          description: "everything outward",
        },
        opts,
      ),
    ],
  };
}
