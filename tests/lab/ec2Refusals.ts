/** What the lab's EC2 refuses about things that are there, or are not: a table for ec2.test.ts. */
import type { EC2 } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../../lab/addresses.ts";

/** Ids of the machine under test and of what it is made of. */
export interface Things {
  group: string;
  eni: string;
  volume: string;
  machine: string;
}

/** What is refused, the call, and the error's code. */
export type Refusal = readonly [
  what: string,
  call: (ec2: EC2, its: Things) => Promise<unknown>,
  code: string,
];

const arm = process.arch === "arm64";
/** Where the machine under test is. */
export const subnet = vpc.subnets[2];
export const address = addresses.gateway.replace(/0\.1$/, "32.77");
export const launch = {
  ImageId: arm ? vpc.images.arm64 : vpc.images.amd64,
  InstanceType: arm ? "t4g.small" : "t3.small",
  MinCount: 1,
  MaxCount: 1,
} as const;
export const onInterface = ({ eni }: Things) => ({
  NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: eni }],
});
const nowhere = "0123456789abcdef0";
const noGroup = [`sg-${nowhere}`];

const launches: Refusal[] = [
  [
    "an address in use",
    (ec2) => ec2.createNetworkInterface({ SubnetId: subnet.id, PrivateIpAddress: address }),
    "InvalidIPAddress.InUse",
  ],
  [
    "an address EC2 keeps",
    (ec2) =>
      ec2.createNetworkInterface({
        SubnetId: vpc.subnets[0].id,
        PrivateIpAddress: addresses.resolver,
      }),
    "InvalidParameterValue",
  ],
  [
    "an interface in use",
    (ec2, its) => ec2.runInstances({ ...launch, ...onInterface(its) }),
    "InvalidNetworkInterface.InUse",
  ],
  [
    "another machine's architecture",
    (ec2) => ec2.runInstances({ ...launch, InstanceType: arm ? "t3.small" : "t4g.small" }),
    "InvalidParameterValue",
  ],
  [
    "an unknown type",
    (ec2) => ec2.runInstances({ ...launch, InstanceType: "t99.small" as "t3.small" }),
    "InvalidInstanceType.NotFound",
  ],
  [
    "a launch of one machine or more, of which the emulator would make one",
    (ec2) => ec2.runInstances({ ...launch, MaxCount: 3 }),
    "UnsupportedOperation",
  ],
];

const inUse: Refusal[] = [
  [
    "deleting an interface in use",
    (ec2, { eni }) => ec2.deleteNetworkInterface({ NetworkInterfaceId: eni }),
    "InvalidParameterValue",
  ],
  [
    "deleting its group",
    (ec2, { group }) => ec2.deleteSecurityGroup({ GroupId: group }),
    "DependencyViolation",
  ],
  [
    "deleting its machine's volume",
    (ec2, { volume }) => ec2.deleteVolume({ VolumeId: volume }),
    "VolumeInUse",
  ],
  [
    "to take back an Elastic IP in use",
    async (ec2, { eni }) => {
      const { AllocationId } = await ec2.allocateAddress({ Domain: "vpc" });
      const to = { AllocationId, NetworkInterfaceId: eni };
      const { AssociationId } = await ec2.associateAddress(to);
      try {
        await ec2.releaseAddress({ AllocationId });
      } finally {
        await ec2.disassociateAddress({ AssociationId });
        await ec2.releaseAddress({ AllocationId });
      }
    },
    "InvalidIPAddress.InUse",
  ],
  [
    "the sixth Elastic IP",
    async (ec2) => {
      const made: (string | undefined)[] = [];
      try {
        for (let i = 0; i < 6; i++)
          made.push((await ec2.allocateAddress({ Domain: "vpc" })).AllocationId);
      } finally {
        for (const AllocationId of made) await ec2.releaseAddress({ AllocationId });
      }
    },
    "AddressLimitExceeded",
  ],
];

const changes: Refusal[] = [
  [
    "a change of type while it runs",
    (ec2, { machine }) =>
      ec2.modifyInstanceAttribute({ InstanceId: machine, InstanceType: { Value: "t3.large" } }),
    "IncorrectInstanceState",
  ],
  [
    "a change of nothing, which took all groups away",
    (ec2, { machine }) => ec2.modifyInstanceAttribute({ InstanceId: machine }),
    "InvalidParameterCombination",
  ],
  [
    "two changes at once, of which the emulator would make one",
    (ec2, { machine, group }) =>
      ec2.modifyInstanceAttribute({
        InstanceId: machine,
        Groups: [group],
        SourceDestCheck: { Value: true },
      }),
    "InvalidParameterCombination",
  ],
  [
    "a group there is not for a machine",
    (ec2, { machine }) => ec2.modifyInstanceAttribute({ InstanceId: machine, Groups: noGroup }),
    "InvalidGroup.NotFound",
  ],
  [
    "a group there is not for an interface",
    (ec2, { eni }) =>
      ec2.modifyNetworkInterfaceAttribute({ NetworkInterfaceId: eni, Groups: noGroup }),
    "InvalidGroup.NotFound",
  ],
  [
    "a reboot, which the lab's machines do from inside",
    (ec2, { machine }) => ec2.rebootInstances({ InstanceIds: [machine] }),
    "UnsupportedOperation",
  ],
  [
    "what the emulator cannot do",
    (ec2, { machine }) => ec2.monitorInstances({ InstanceIds: [machine] }),
    "UnsupportedOperation",
  ],
];

const missing: Refusal[] = [
  [
    "deleting a key pair by an id there is not",
    (ec2) => ec2.deleteKeyPair({ KeyPairId: `key-${nowhere}` }),
    "InvalidKeyPair.NotFound",
  ],
  ...(
    [
      ["an instance", "i", "InvalidInstanceID.NotFound"],
      ["a volume", "vol", "InvalidVolume.NotFound"],
      ["an interface", "eni", "InvalidNetworkInterfaceID.NotFound"],
      ["an address", "eipalloc", "InvalidAllocationID.NotFound"],
      ["a rule", "sgr", "InvalidSecurityGroupRuleId.NotFound"],
      ["a network ACL", "acl", "InvalidNetworkAclID.NotFound"],
    ] as const
  ).map(([kind, prefix, code]): Refusal => [
    `tagging ${kind} there is not`,
    (ec2) =>
      ec2.createTags({
        Resources: [`${prefix}-${nowhere}`],
        Tags: [{ Key: "Member", Value: "a" }],
      }),
    code,
  ]),
];

export const refusals: readonly Refusal[] = [...launches, ...inUse, ...changes, ...missing];
