/**
 * The requests of EC2 that components, the lab and its plugins make, each verb with all parameters
 * that it is given anywhere. Kept by hand; tests/lab-parts/ec2Calls.test.ts knows a verb that is
 * missing here.
 */
import type { EC2 } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../../lab/addresses.ts";
import { runRequest } from "../../lab/plugins/aws/instanceRequest.ts";

type Given<Method> = Method extends (request: infer Request, ...rest: never[]) => unknown
  ? Request
  : never;
type Requests = { readonly [Verb in keyof EC2]?: readonly Given<EC2[Verb]>[] };

const id = (prefix: string) => `${prefix}-0123456789abcdef0`;
const [eni, sg, vol, i, eip] = [id("eni"), id("sg"), id("vol"), id("i"), id("eipalloc")];
const address = "10.0.0.1";
const ClientToken = "once";
const MaxResults = 200;
const Filters = [{ Name: "tag:Name", Values: ["a"] }];
const Tags = [{ Key: "Name", Value: "a" }];
const tagged = <Kind extends string>(ResourceType: Kind) => ({
  TagSpecifications: [{ ResourceType, Tags }],
});
const described = { Description: "why" };
const permission = {
  IpProtocol: "tcp",
  FromPort: 22,
  ToPort: 22,
  IpRanges: [{ CidrIp: "10.0.0.0/8", ...described }],
  Ipv6Ranges: [{ CidrIpv6: "::/0", ...described }],
  PrefixListIds: [{ PrefixListId: id("pl"), ...described }],
  UserIdGroupPairs: [{ GroupId: sg, UserId: "123456789012", ...described }],
};
const authorized = { GroupId: sg, IpPermissions: [permission] };
const revoked = [authorized, { GroupId: sg, SecurityGroupRuleIds: [id("sgr")] }];
const IamInstanceProfile = { Name: "profile" };
const performance = { Iops: 3000, Size: 9, Throughput: 125, VolumeType: "gp3" } as const;

/** What a program can say of a machine, and the lab does. */
const machine = {
  ami: vpc.images.amd64,
  associatePublicIpAddress: false,
  availabilityZone: "us-east-1a",
  disableApiStop: false,
  disableApiTermination: false,
  ebsOptimized: true,
  iamInstanceProfile: "profile",
  instanceInitiatedShutdownBehavior: "stop",
  instanceType: "t3.small",
  keyName: "key",
  maintenanceOptions: { autoRecovery: "default" },
  metadataOptions: {
    httpEndpoint: "enabled",
    httpProtocolIpv6: "disabled",
    httpPutResponseHopLimit: 1,
    httpTokens: "required",
    instanceMetadataTags: "disabled",
  },
  monitoring: false,
  privateIp: address,
  rootBlockDevice: {
    deleteOnTermination: true,
    encrypted: true,
    iops: 3000,
    kmsKeyId: "key",
    throughput: 125,
    volumeSize: 9,
    volumeType: "gp3",
  },
  subnetId: vpc.subnets[0].id,
  tags: { Name: "a" },
  tenancy: "default",
  userData: "#cloud-config",
  vpcSecurityGroupIds: [sg],
};
const { privateIp: _, associatePublicIpAddress: __, ...plain } = machine;

export const ec2Calls = {
  allocateAddress: [{ Domain: "vpc", Address: address, ...tagged("elastic-ip") }],
  assignPrivateIpAddresses: [{ NetworkInterfaceId: eni, PrivateIpAddresses: [address] }],
  associateAddress: [{ AllocationId: eip, InstanceId: i, NetworkInterfaceId: eni }],
  associateIamInstanceProfile: [{ InstanceId: i, IamInstanceProfile }],
  attachVolume: [{ Device: "/dev/sdf", InstanceId: i, VolumeId: vol }],
  authorizeSecurityGroupEgress: [authorized],
  authorizeSecurityGroupIngress: [authorized],
  createNetworkInterface: [
    {
      ClientToken,
      ...described,
      Groups: [sg],
      InterfaceType: "interface" as never,
      PrivateIpAddress: address,
      PrivateIpAddresses: [{ PrivateIpAddress: address, Primary: true }],
      SubnetId: vpc.subnets[0].id,
      ...tagged("network-interface"),
    },
  ],
  createSecurityGroup: [
    { GroupName: "a", Description: "why", VpcId: vpc.id, ...tagged("security-group") },
  ],
  createTags: [{ Resources: [i], Tags }],
  createVolume: [
    {
      AvailabilityZone: "us-east-1a",
      ClientToken,
      Encrypted: true,
      KmsKeyId: "key",
      SnapshotId: id("snap"),
      ...performance,
      ...tagged("volume"),
    },
  ],
  deleteKeyPair: [{ KeyName: "key" }, { KeyPairId: id("key") }],
  deleteNetworkInterface: [{ NetworkInterfaceId: eni }],
  deleteSecurityGroup: [{ GroupId: sg }],
  deleteTags: [{ Resources: [i], Tags }],
  deleteVolume: [{ VolumeId: vol }],
  describeAddresses: [{ AllocationIds: [eip] }, { Filters }],
  describeIamInstanceProfileAssociations: [{ Filters }],
  describeImages: [
    {
      ExecutableUsers: ["self"],
      Filters,
      ImageIds: [vpc.images.amd64],
      IncludeDeprecated: true,
      Owners: ["self"],
    },
  ],
  describeInstanceAttribute: [{ InstanceId: i, Attribute: "userData" }],
  describeInstances: [{ InstanceIds: [i] }, { Filters, MaxResults, NextToken: "next" }],
  describeKeyPairs: [
    { Filters, IncludePublicKey: true, KeyNames: ["key"], KeyPairIds: [id("key")] },
  ],
  describeNetworkInterfaces: [{ NetworkInterfaceIds: [eni] }, { Filters, MaxResults }],
  describeRouteTables: [{ Filters }],
  describeSecurityGroupRules: [{ SecurityGroupRuleIds: [id("sgr")] }, { Filters }],
  describeSecurityGroups: [{ GroupIds: [sg] }, { Filters, MaxResults }],
  describeSubnets: [{ Filters, SubnetIds: [vpc.subnets[0].id] }],
  describeTags: [{ Filters }],
  describeVolumes: [{ VolumeIds: [vol] }, { Filters, MaxResults }],
  describeVolumesModifications: [{ VolumeIds: [vol] }],
  describeVpcAttribute: [{ VpcId: vpc.id, Attribute: "enableDnsSupport" }],
  describeVpcs: [{ Filters, VpcIds: [vpc.id] }],
  detachNetworkInterface: [{ AttachmentId: id("eni-attach"), Force: true }],
  detachVolume: [{ Device: "/dev/sdf", Force: true, InstanceId: i, VolumeId: vol }],
  disassociateAddress: [{ AssociationId: id("eipassoc") }],
  disassociateIamInstanceProfile: [{ AssociationId: id("iip-assoc") }],
  importKeyPair: [{ KeyName: "key", PublicKeyMaterial: "key" as never, ...tagged("key-pair") }],
  modifyInstanceAttribute: [
    {
      InstanceId: i,
      BlockDeviceMappings: [{ DeviceName: "a", Ebs: { DeleteOnTermination: true } }],
    },
    { InstanceId: i, DisableApiStop: { Value: false }, DisableApiTermination: { Value: false } },
    { InstanceId: i, Groups: [sg], InstanceType: { Value: "t3.small" } },
    { InstanceId: i, SourceDestCheck: { Value: true }, UserData: { Value: "a" as never } },
  ],
  modifyInstanceMetadataOptions: [
    {
      InstanceId: i,
      HttpEndpoint: "enabled",
      HttpProtocolIpv6: "disabled",
      HttpPutResponseHopLimit: 1,
      HttpTokens: "required",
      InstanceMetadataTags: "disabled",
    },
  ],
  modifyNetworkInterfaceAttribute: [
    { NetworkInterfaceId: eni, Groups: [sg] },
    { NetworkInterfaceId: eni, SourceDestCheck: { Value: true }, Description: { Value: "why" } },
  ],
  modifySecurityGroupRules: [
    {
      GroupId: sg,
      SecurityGroupRules: [
        {
          SecurityGroupRuleId: id("sgr"),
          SecurityGroupRule: {
            IpProtocol: "tcp",
            FromPort: 22,
            ToPort: 22,
            CidrIpv4: "10.0.0.0/8",
            CidrIpv6: "::/0",
            PrefixListId: id("pl"),
            ReferencedGroupId: sg,
            ...described,
          },
        },
      ],
    },
  ],
  modifyVolume: [{ VolumeId: vol, ...performance }],
  releaseAddress: [{ AllocationId: eip }],
  replaceIamInstanceProfileAssociation: [{ AssociationId: id("iip-assoc"), IamInstanceProfile }],
  revokeSecurityGroupEgress: revoked,
  revokeSecurityGroupIngress: revoked,
  runInstances: [
    runRequest(machine, "/dev/xvda"),
    runRequest(plain, "/dev/xvda"),
    runRequest({ primaryNetworkInterface: { networkInterfaceId: eni } }, undefined),
  ],
  startInstances: [{ InstanceIds: [i] }],
  stopInstances: [{ InstanceIds: [i] }],
  terminateInstances: [{ InstanceIds: [i] }],
  unassignPrivateIpAddresses: [{ NetworkInterfaceId: eni, PrivateIpAddresses: [address] }],
} satisfies Requests;

/** Verbs that the lab refuses whatever they are given. */
export const notServed = [
  "modifyInstanceMaintenanceOptions",
  "monitorInstances",
  "unmonitorInstances",
];

/** What of a request the lab's EC2 would refuse to be given, by name. */
export async function unread(action: string, request: object): Promise<unknown> {
  const url = `http://127.0.0.1:${addresses.ec2Port}/etcd-lab/unread/${action}`;
  const signal = AbortSignal.timeout(10_000);
  const answer = await fetch(url, { method: "POST", body: JSON.stringify(request), signal });
  return answer.json();
}
