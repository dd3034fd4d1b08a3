/** What the lab's EC2 refuses by the request alone, whatever there is: a table for ec2.test.ts. */
import type { EC2, Filter, IpPermission, SecurityGroupRuleRequest } from "@aws-sdk/client-ec2";
import { launch, type Refusal, subnet } from "./ec2Refusals.ts";

/** One that passed would find everything, or nothing. */
const lists: readonly (readonly [string, (ec2: EC2, Filters: Filter[]) => Promise<unknown>])[] = [
  ["addresses", (ec2, Filters) => ec2.describeAddresses({ Filters })],
  ["groups", (ec2, Filters) => ec2.describeSecurityGroups({ Filters })],
  ["instances", (ec2, Filters) => ec2.describeInstances({ Filters })],
  ["interfaces", (ec2, Filters) => ec2.describeNetworkInterfaces({ Filters })],
  ["key pairs", (ec2, Filters) => ec2.describeKeyPairs({ Filters })],
  ["launch templates", (ec2, Filters) => ec2.describeLaunchTemplates({ Filters })],
  ["machines' states", (ec2, Filters) => ec2.describeInstanceStatus({ Filters })],
  ["profiles", (ec2, Filters) => ec2.describeIamInstanceProfileAssociations({ Filters })],
  ["regions", (ec2, Filters) => ec2.describeRegions({ Filters })],
  ["route tables", (ec2, Filters) => ec2.describeRouteTables({ Filters })],
  ["rules", (ec2, Filters) => ec2.describeSecurityGroupRules({ Filters })],
  ["tags", (ec2, Filters) => ec2.describeTags({ Filters })],
  ["types' places", (ec2, Filters) => ec2.describeInstanceTypeOfferings({ Filters })],
  ["volumes", (ec2, Filters) => ec2.describeVolumes({ Filters })],
  ["volumes' changes", (ec2, Filters) => ec2.describeVolumesModifications({ Filters })],
  ["zones", (ec2, Filters) => ec2.describeAvailabilityZones({ Filters })],
];

const filters: Refusal[] = [
  ...lists.map(([things, list]): Refusal => [
    `a filter of ${things} that it does not know`,
    (ec2) => list(ec2, [{ Name: "colour", Values: ["red"] }]),
    "UnsupportedOperation",
  ]),
  [
    "two filters of one name, of which the emulator would see the last",
    (ec2) =>
      ec2.describeInstances({
        Filters: ["Incarnation", "Member"].map((key) => ({ Name: "tag-key", Values: [key] })),
      }),
    "UnsupportedOperation",
  ],
];

const parameters: Refusal[] = [
  [
    "a parameter that nothing reads",
    (ec2) => ec2.describeVpcs({ NextToken: "next" }),
    "UnsupportedOperation",
  ],
  [
    "a member of a structure that nothing reads",
    (ec2) => ec2.runInstances({ ...launch, Placement: { Tenancy: "dedicated" } }),
    "UnsupportedOperation",
  ],
  [
    "a member of a list that nothing reads",
    (ec2) =>
      ec2.runInstances({
        ...launch,
        NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet.id, Ipv6AddressCount: 1 }],
      }),
    "UnsupportedOperation",
  ],
  [
    "tags at launch for what would not get them",
    (ec2) => {
      const TagSpecifications = [
        { ResourceType: "network-interface" as const, Tags: [{ Key: "Member", Value: "a" }] },
      ];
      return ec2.runInstances({ ...launch, TagSpecifications });
    },
    "UnsupportedOperation",
  ],
  [
    "an address for one of several on an interface",
    (ec2, { eni }) =>
      ec2.associateAddress({
        AllocationId: "eipalloc-0123456789abcdef0",
        NetworkInterfaceId: eni,
        PrivateIpAddress: "10.0.0.1",
      }),
    "UnsupportedOperation",
  ],
];

const CidrIpv4 = "10.0.0.0/8";
const cidr = { IpRanges: [{ CidrIp: CidrIpv4 }] };
const impossible: readonly (readonly [string, IpPermission, string])[] = [
  [
    "an unknown protocol",
    { IpProtocol: "tpc", FromPort: 22, ToPort: 22, ...cidr },
    "InvalidPermission.Malformed",
  ],
  ["a protocol above all numbers", { IpProtocol: "256", ...cidr }, "InvalidPermission.Malformed"],
  ...(
    [
      ["a port above all ports", "tcp", 22, 70000],
      ["a port below all ports", "udp", -1, 53],
      ["ports the wrong way round", "tcp", 80, 22],
      ["an ICMP type above all", "icmp", 256, -1],
      ["an ICMP code above all", "icmp", 8, 256],
      ["one code of all ICMP types", "icmp", -1, 8],
    ] as const
  ).map(([what, IpProtocol, FromPort, ToPort]) => {
    return [what, { IpProtocol, FromPort, ToPort, ...cidr }, "InvalidParameterValue"] as const;
  }),
  ["no ports", { IpProtocol: "tcp", ...cidr }, "InvalidParameterValue"],
  ["no ICMP type", { IpProtocol: "icmp", ...cidr }, "InvalidParameterValue"],
  ["no source", { IpProtocol: "tcp", FromPort: 22, ToPort: 22 }, "MissingParameter"],
];

const possible = { IpProtocol: "tcp", FromPort: 7, ToPort: 7, ...cidr };
const rules: Refusal[] = impossible.flatMap(([what, rule, code]): Refusal[] => [
  [
    `a rule inward with ${what}`,
    // the first one is possible: neither is taken, or the next row's would be there already
    (ec2, { group }) =>
      ec2.authorizeSecurityGroupIngress({ GroupId: group, IpPermissions: [possible, rule] }),
    code,
  ],
  [
    `a rule outward with ${what}`,
    (ec2, { group }) =>
      ec2.authorizeSecurityGroupEgress({ GroupId: group, IpPermissions: [possible, rule] }),
    code,
  ],
]);

const changedRules: Refusal[] = [
  [
    "to change a rule to ports the wrong way round",
    (ec2, { group }) => changeRule(ec2, group, { FromPort: 80, ToPort: 22, CidrIpv4 }),
    "InvalidParameterValue",
  ],
  [
    "to change a rule to a group there is not",
    (ec2, { group }) =>
      changeRule(ec2, group, {
        FromPort: 22,
        ToPort: 22,
        ReferencedGroupId: `sg-${"0".repeat(17)}`,
      }),
    "InvalidGroup.NotFound",
  ],
];

async function changeRule(
  ec2: EC2,
  GroupId: string,
  wanted: SecurityGroupRuleRequest,
): Promise<void> {
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
    Filters: [{ Name: "group-id", Values: [GroupId] }],
  });
  const inward = SecurityGroupRules.find(({ IsEgress }) => !IsEgress);
  await ec2.modifySecurityGroupRules({
    GroupId,
    SecurityGroupRules: [
      {
        SecurityGroupRuleId: inward?.SecurityGroupRuleId,
        SecurityGroupRule: { IpProtocol: "tcp", ...wanted },
      },
    ],
  });
}

export const refusedRequests: readonly Refusal[] = [
  ...filters,
  ...parameters,
  ...rules,
  ...changedRules,
];
