/** Where members live: subnets of the configured zones, and who may connect to what. */
import * as pulumi from "@pulumi/pulumi";
import { getSubnet, getSubnetOutput } from "@pulumi/aws/ec2/getSubnet.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import { SecurityGroupIngressRule } from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type { ClusterContext } from "../clusterContext.ts";
import { isSecurityGroup } from "../settings/allowedSources.ts";
import type { Settings } from "../settings/settings.ts";
import { clientPort, peerPort, sshPort } from "../names.ts";

/** Subnet of each zone that a member is in: the configured one, else the default VPC's. */
export function subnetsOf(
  { nodes, subnets }: Pick<Settings, "nodes" | "subnets">,
  opts: pulumi.InvokeOptions,
): Record<string, pulumi.Output<string>> {
  const zones = [...new Set(Object.values(nodes).map((node) => node.zone))];
  return Object.fromEntries(
    zones.map((zone) => {
      const configured = subnets[zone];
      const id = configured
        ? pulumi.output(configured)
        : pulumi.output(getSubnet({ availabilityZone: zone, defaultForAz: true }, opts)).id;
      return [zone, id];
    }),
  );
}

/**
 * The members' security group, in the VPC of their subnets: the peer port from itself only, the
 * client port from the named networks and groups, SSH from the named networks, everything outward.
 */
export function memberSecurityGroup(
  { name, ownership, options }: ClusterContext,
  { sshFrom, clientsFrom }: Pick<Settings, "sshFrom" | "clientsFrom">,
  subnets: readonly pulumi.Output<string>[],
): { group: SecurityGroup; rules: pulumi.Resource[] } {
  const vpcId = getSubnetOutput({ id: subnets[0] ?? "" }, options.plain).vpcId;
  const group = new SecurityGroup(
    `${name}-members`,
    {
      vpcId,
      description: "etcd members",
      tags: { ...ownership.tags, Name: `${name}-members` },
    },
    options.with(),
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
      options.with(),
    );
  const inCidr = (cidr: string) => cidr.replace("/", "-");
  return {
    group,
    rules: [
      rule("peers", peerPort, "etcd peers, members only", { referencedSecurityGroupId: group.id }),
      ...clientsFrom.map((source) =>
        rule(
          `clients-${inCidr(source)}`,
          clientPort,
          `etcd clients from ${source}`,
          isSecurityGroup(source) ? { referencedSecurityGroupId: source } : { cidrIpv4: source },
        ),
      ),
      ...sshFrom.map((cidr) =>
        rule(`ssh-${inCidr(cidr)}`, sshPort, `SSH from ${cidr}`, { cidrIpv4: cidr }),
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
        options.with(),
      ),
    ],
  };
}
