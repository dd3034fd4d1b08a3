import {
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
} from "@aws-sdk/client-ec2";
import type { EC2Client, IpPermission } from "@aws-sdk/client-ec2";
import type { GroupRule, Groups } from "./firewall.ts";

/** Reads all security groups, and who is in them. Throws when the emulator does not answer. */
export async function readGroups(client: EC2Client): Promise<Groups> {
  const rules = new Map<string, GroupRule[]>();
  const addresses = new Map<string, string[]>();
  for await (const page of paginateDescribeSecurityGroups({ client }, {})) {
    for (const {
      GroupId = "",
      IpPermissions = [],
      IpPermissionsEgress = [],
    } of page.SecurityGroups ?? []) {
      rules.set(GroupId, [
        ...IpPermissions.flatMap((permission) => rulesOf("in", permission)),
        ...IpPermissionsEgress.flatMap((permission) => rulesOf("out", permission)),
      ]);
    }
  }
  for await (const page of paginateDescribeNetworkInterfaces({ client }, {})) {
    for (const { PrivateIpAddress: address, Groups: groups = [] } of page.NetworkInterfaces ?? []) {
      if (address)
        for (const { GroupId = "" } of groups)
          addresses.set(GroupId, [...(addresses.get(GroupId) ?? []), address].sort());
    }
  }
  return { rules, addresses };
}

/**
 * A permission names several sources at once. IPv6 networks are left out: the lab's VPC has none.
 */
function rulesOf(
  direction: "in" | "out",
  {
    IpProtocol: protocol = "-1",
    FromPort: from,
    ToPort: to,
    IpRanges = [],
    UserIdGroupPairs = [],
  }: IpPermission,
): GroupRule[] {
  const ports = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  return [
    ...IpRanges.map(({ CidrIp: cidr = "" }) => ({ cidr })),
    ...UserIdGroupPairs.map(({ GroupId: groupId = "" }) => ({ groupId })),
  ].map((peer) => ({ direction, protocol, ...ports, peer }));
}
