/** Who may connect to what. */
import * as pulumi from "@pulumi/pulumi";
import { getSubnetOutput } from "@pulumi/aws/ec2/getSubnet.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { SecurityGroupEgressRule } from "@pulumi/aws/vpc/securityGroupEgressRule.js";
import {
  SecurityGroupIngressRule,
  type SecurityGroupIngressRuleArgs,
} from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import type { ClusterContext } from "../clusterContext.ts";
import { isSecurityGroup } from "../settings/addressRules.ts";
import type { Settings } from "../settings/settings.ts";
import { clientPort, peerPort, sshPort } from "../names.ts";

/**
 * The members' security group, in the VPC of their subnets: the peer port from itself only, the
 * client port from the named networks and groups, SSH from the named networks, everything outward.
 */
export function memberSecurityGroup(
  { name, ownership, options }: ClusterContext,
  { sshFrom, clientsFrom }: Pick<Settings, "sshFrom" | "clientsFrom">,
  subnets: readonly pulumi.Output<string>[],
): { group: SecurityGroup; rules: pulumi.Resource[] } {
  const vpcId = getSubnetOutput({ id: subnets[0] ?? "" }, options.parentOnly).vpcId;
  const group = new SecurityGroup(
    `${name}-members`,
    {
      vpcId,
      description: "etcd members",
      tags: { ...ownership.tags, Name: `${name}-members` },
    },
    options.with(),
  );
  const rule = (role: string, port: number, description: pulumi.Input<string>, source: Source) =>
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
  return {
    group,
    rules: [
      rule("peers", peerPort, "etcd peers, members only", { referencedSecurityGroupId: group.id }),
      ...clientsFrom.map((source, i) =>
        rule(
          `clients-${nameOf(source, i)}`,
          clientPort,
          described("etcd clients from", source),
          sourceOf(source),
        ),
      ),
      ...sshFrom.map((source, i) =>
        rule(`ssh-${nameOf(source, i)}`, sshPort, described("SSH from", source), {
          cidrIpv4: source,
        }),
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

/** Where a rule lets traffic from. */
type Source = Pick<SecurityGroupIngressRuleArgs, "cidrIpv4" | "referencedSecurityGroupId">;

/** A rule is named by its source; by its place in the list where another resource gives that. */
function nameOf(source: pulumi.Input<string>, place: number): string {
  return typeof source === "string" ? source.replace("/", "-") : `${place}`;
}

function described(what: string, source: pulumi.Input<string>): pulumi.Input<string> {
  return typeof source === "string" ? `${what} ${source}` : pulumi.interpolate`${what} ${source}`;
}

/** A network or a security group: which of the two, an Output tells when it is known. */
function sourceOf(source: pulumi.Input<string>): Source {
  if (typeof source === "string")
    return isSecurityGroup(source) ? { referencedSecurityGroupId: source } : { cidrIpv4: source };
  const known = pulumi.output(source);
  const when = (wanted: boolean) =>
    known.apply((text) => (isSecurityGroup(text) === wanted ? text : undefined));
  return {
    referencedSecurityGroupId: when(true) as pulumi.Output<string>,
    cidrIpv4: when(false) as pulumi.Output<string>,
  };
}
