import type {
  DescribeInstanceAttributeCommandOutput as Answer,
  Instance,
  InstanceAttributeName,
  Volume,
} from "@aws-sdk/client-ec2";
import { configured, doing, ec2 } from "./client.ts";
import type { Inputs, State } from "./instanceProperties.ts";
import { describeInstance } from "./instancePower.ts";
import { arn, tagsFrom } from "./tags.ts";

type Disk = NonNullable<State["rootBlockDevice"]>;

/**
 * Everything a program may read of an instance, or undefined when it is gone. An ended one counts
 * as gone.
 */
export async function readInstance(
  id: string,
  known: Pick<Inputs, "userData" | "userDataBase64">,
): Promise<State | undefined> {
  const found = await describeInstance(id);
  if (!found || found.State?.Name === "terminated") return undefined;
  const [attributes, volumes] = await Promise.all([readAttributes(id), readVolumes(found)]);
  const primary = found.NetworkInterfaces?.find((nic) => nic.Attachment?.DeviceIndex === 0);
  const groups = found.SecurityGroups ?? [];
  return {
    ami: found.ImageId ?? "",
    arn: arn("instance", id),
    associatePublicIpAddress: primary?.Association?.PublicIp !== undefined,
    availabilityZone: found.Placement?.AvailabilityZone ?? "",
    ebsBlockDevices: (found.BlockDeviceMappings ?? [])
      .filter((mapping) => mapping.DeviceName !== found.RootDeviceName)
      .map((mapping) => ({
        ...diskOf(volumes.get(mapping.Ebs?.VolumeId ?? ""), mapping.Ebs?.DeleteOnTermination),
        deviceName: mapping.DeviceName ?? "",
        snapshotId: volumes.get(mapping.Ebs?.VolumeId ?? "")?.SnapshotId ?? "",
      })),
    ebsOptimized: found.EbsOptimized ?? false,
    iamInstanceProfile: found.IamInstanceProfile?.Arn?.split("/").pop() ?? "",
    instanceLifecycle: found.InstanceLifecycle ?? "",
    instanceState: found.State?.Name ?? "",
    instanceType: found.InstanceType ?? "",
    ipv6Addresses: (primary?.Ipv6Addresses ?? []).map((address) => address.Ipv6Address ?? ""),
    keyName: found.KeyName ?? "",
    maintenanceOptions: { autoRecovery: found.MaintenanceOptions?.AutoRecovery ?? "default" },
    metadataOptions: {
      httpEndpoint: found.MetadataOptions?.HttpEndpoint ?? "enabled",
      httpProtocolIpv6: found.MetadataOptions?.HttpProtocolIpv6 ?? "disabled",
      httpPutResponseHopLimit: found.MetadataOptions?.HttpPutResponseHopLimit ?? 1,
      httpTokens: found.MetadataOptions?.HttpTokens ?? "optional",
      instanceMetadataTags: found.MetadataOptions?.InstanceMetadataTags ?? "disabled",
    },
    monitoring: ["enabled", "pending"].includes(found.Monitoring?.State ?? ""),
    placementGroup: found.Placement?.GroupName ?? "",
    primaryNetworkInterface: {
      networkInterfaceId: primary?.NetworkInterfaceId ?? "",
      deleteOnTermination: primary?.Attachment?.DeleteOnTermination ?? false,
    },
    primaryNetworkInterfaceId: primary?.NetworkInterfaceId ?? "",
    privateDns: found.PrivateDnsName ?? "",
    privateIp: found.PrivateIpAddress ?? "",
    publicDns: found.PublicDnsName ?? "",
    publicIp: found.PublicIpAddress ?? "",
    rootBlockDevice: rootDisk(found, volumes),
    securityGroups: groups.map((group) => group.GroupName ?? ""),
    sourceDestCheck: primary?.SourceDestCheck ?? found.SourceDestCheck ?? true,
    subnetId: found.SubnetId ?? "",
    tenancy: found.Placement?.Tenancy ?? "default",
    vpcSecurityGroupIds: groups.map((group) => group.GroupId ?? ""),
    ...attributes.settings,
    ...userDataOf(attributes.userData, known),
    ...tagsFrom(found.Tags),
  };
}

/** What DescribeInstances does not tell. */
async function readAttributes(id: string): Promise<{ settings: State; userData: string }> {
  const api = await ec2();
  const read = async <T>(
    Attribute: InstanceAttributeName,
    pick: (answer: Answer) => T,
  ): Promise<T> =>
    pick(
      await doing(`reading EC2 Instance (${id}) attribute (${Attribute})`, () =>
        api.describeInstanceAttribute({ InstanceId: id, Attribute }),
      ),
    );
  const [disableApiTermination, disableApiStop, instanceInitiatedShutdownBehavior, userData] =
    await Promise.all([
      read("disableApiTermination", (answer) => answer.DisableApiTermination?.Value ?? false),
      read("disableApiStop", (answer) => answer.DisableApiStop?.Value ?? false),
      read(
        "instanceInitiatedShutdownBehavior",
        (answer) => answer.InstanceInitiatedShutdownBehavior?.Value ?? "stop",
      ),
      read("userData", (answer) => answer.UserData?.Value ?? ""),
    ]);
  return {
    settings: { disableApiTermination, disableApiStop, instanceInitiatedShutdownBehavior },
    userData,
  };
}

/** User data comes back in the form the program gave it. */
function userDataOf(encoded: string, known: Pick<Inputs, "userData" | "userDataBase64">): State {
  if (encoded === "") return {};
  return known.userDataBase64
    ? { userDataBase64: encoded }
    : { userData: Buffer.from(encoded, "base64").toString() };
}

async function readVolumes(found: Instance): Promise<Map<string, Volume>> {
  const ids = (found.BlockDeviceMappings ?? []).flatMap((mapping) =>
    mapping.Ebs?.VolumeId ? [mapping.Ebs.VolumeId] : [],
  );
  if (ids.length === 0) return new Map();
  const api = await ec2();
  const answer = await doing(`reading EC2 Instance (${found.InstanceId}) block devices`, () =>
    api.describeVolumes({ VolumeIds: ids }),
  );
  return new Map((answer.Volumes ?? []).map((volume) => [volume.VolumeId ?? "", volume]));
}

function rootDisk(found: Instance, volumes: Map<string, Volume>): Disk {
  const mapping = found.BlockDeviceMappings?.find((one) => one.DeviceName === found.RootDeviceName);
  return {
    ...diskOf(volumes.get(mapping?.Ebs?.VolumeId ?? ""), mapping?.Ebs?.DeleteOnTermination),
    deviceName: mapping?.DeviceName ?? "",
  };
}

function diskOf(
  volume: Volume | undefined,
  deleteOnTermination: boolean | undefined,
): Omit<Disk, "deviceName"> {
  const all = tagsFrom(volume?.Tags).tagsAll;
  const defaults = configured().defaultTags;
  return {
    deleteOnTermination: deleteOnTermination ?? true,
    encrypted: volume?.Encrypted ?? false,
    iops: volume?.Iops ?? 0,
    kmsKeyId: volume?.KmsKeyId ?? "",
    tags: Object.fromEntries(Object.entries(all).filter(([key, value]) => defaults[key] !== value)),
    tagsAll: all,
    throughput: volume?.Throughput ?? 0,
    volumeId: volume?.VolumeId ?? "",
    volumeSize: volume?.Size ?? 0,
    volumeType: volume?.VolumeType ?? "",
  };
}
