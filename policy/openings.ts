/**
 * What a resource opens in a security group, in one form for the three ways the AWS provider knows.
 */
import { known } from "./known.ts";

export interface Opening {
  readonly fromPort: number;
  readonly toPort: number;
  /** IPv4 and IPv6 networks. */
  readonly cidrs: readonly string[];
  /** Only members of the same group come in. Undefined while a preview does not know the groups. */
  readonly fromItself: boolean | undefined;
  /** Whether anything, a network, a group or a prefix list, is named as the source. */
  readonly named: boolean;
}

/** The inputs of the three ways, as far as they matter here. */
interface Rule {
  readonly type?: string;
  readonly protocol?: string;
  readonly ipProtocol?: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly self?: boolean;
  readonly securityGroupId?: string;
  readonly securityGroups?: readonly string[];
  readonly sourceSecurityGroupId?: string;
  readonly referencedSecurityGroupId?: string;
  readonly cidrIpv4?: string;
  readonly cidrIpv6?: string;
  readonly cidrBlocks?: readonly string[];
  readonly ipv6CidrBlocks?: readonly string[];
  readonly ingress?: readonly Rule[];
}

interface Resource {
  readonly type: string;
  readonly props: Readonly<Record<string, unknown>> & Rule;
}

/** Openings for traffic that comes in; empty for any other resource. */
export function openingsOf({ type, props }: Resource): Opening[] {
  if (type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
    const fromItself =
      "referencedSecurityGroupId" in props
        ? known(() => props.referencedSecurityGroupId === props.securityGroupId)
        : false;
    return [
      opening(
        props,
        [props.cidrIpv4, props.cidrIpv6].filter((cidr): cidr is string => Boolean(cidr)),
        fromItself,
        "referencedSecurityGroupId" in props || "prefixListId" in props,
      ),
    ];
  }
  if (type === "aws:ec2/securityGroupRule:SecurityGroupRule" && props.type === "ingress") {
    const fromItself =
      "sourceSecurityGroupId" in props
        ? known(() => props.sourceSecurityGroupId === props.securityGroupId)
        : props.self === true;
    return [
      opening(
        props,
        cidrsOf(props),
        fromItself,
        props.self === true || "sourceSecurityGroupId" in props || "prefixListIds" in props,
      ),
    ];
  }
  if (type === "aws:ec2/securityGroup:SecurityGroup") {
    const rules = known(() => [...(props.ingress ?? [])]) ?? [];
    return rules.map((rule) =>
      opening(
        rule,
        cidrsOf(rule),
        rule.self === true && !rule.securityGroups?.length,
        rule.self === true || "securityGroups" in rule || "prefixListIds" in rule,
      ),
    );
  }
  return [];
}

/** Whether a port is among those opened. */
export function covers(opening: Opening, port: number): boolean {
  return opening.fromPort <= port && port <= opening.toPort;
}

/** "2380" or "22 to 2380". */
export function portsOf({ fromPort, toPort }: Opening): string {
  return fromPort === toPort ? `${fromPort}` : `${fromPort} to ${toPort}`;
}

const cidrsOf = (rule: Rule): string[] => [
  ...(rule.cidrBlocks ?? []),
  ...(rule.ipv6CidrBlocks ?? []),
];

function opening(
  rule: Rule,
  cidrs: string[],
  fromItself: boolean | undefined,
  named: boolean,
): Opening {
  const protocol = String(rule.ipProtocol ?? rule.protocol);
  const all =
    protocol === "-1" || protocol === "all" || rule.fromPort === undefined || rule.fromPort === -1;
  return {
    fromPort: all ? 0 : rule.fromPort,
    toPort: all ? 65535 : (rule.toPort ?? rule.fromPort),
    cidrs,
    named: named || cidrs.length > 0,
    fromItself: cidrs.length > 0 ? false : fromItself,
  };
}
