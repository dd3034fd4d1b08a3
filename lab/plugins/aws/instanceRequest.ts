import { randomUUID } from "node:crypto";
import type {
  BlockDeviceMapping,
  _InstanceType,
  RunInstancesCommandInput,
  Tenancy,
  VolumeType,
} from "@aws-sdk/client-ec2";
import { doing, ec2 } from "./client.ts";
import type { Inputs } from "./instanceProperties.ts";
import { tagSpecification } from "./tags.ts";

/** The name of an image's first disk, which a request that changes that disk has to give. */
export async function rootDeviceName(ami: string): Promise<string> {
  const api = await ec2();
  const answer = await doing("creating EC2 Instance: finding root device name", () =>
    api.describeImages({ ImageIds: [ami] }),
  );
  const image = answer.Images?.[0];
  if (!image?.RootDeviceName)
    throw new Error(
      `creating EC2 Instance: finding root device name for AMI (${ami}): ` +
        `${image ? "it has none" : "couldn't find resource"}`,
    );
  return image.RootDeviceName;
}

/** The RunInstances request for a resource's inputs, in the form the official provider sends. */
export function runRequest(
  inputs: Inputs,
  rootDevice: string | undefined,
): RunInstancesCommandInput {
  return {
    ClientToken: randomUUID(),
    MinCount: 1,
    MaxCount: 1,
    ...(inputs.ami ? { ImageId: inputs.ami } : {}),
    ...(inputs.instanceType ? { InstanceType: inputs.instanceType as _InstanceType } : {}),
    ...(inputs.keyName ? { KeyName: inputs.keyName } : {}),
    ...network(inputs),
    ...placement(inputs),
    ...metadata(inputs),
    ...(rootDevice
      ? { BlockDeviceMappings: [rootDisk(rootDevice, inputs.rootBlockDevice ?? {})] }
      : {}),
    ...(userData(inputs) ? { UserData: userData(inputs) } : {}),
    ...(inputs.disableApiTermination === undefined
      ? {}
      : { DisableApiTermination: inputs.disableApiTermination }),
    ...(inputs.disableApiStop === undefined ? {} : { DisableApiStop: inputs.disableApiStop }),
    ...(inputs.ebsOptimized === undefined ? {} : { EbsOptimized: inputs.ebsOptimized }),
    ...(inputs.monitoring === undefined ? {} : { Monitoring: { Enabled: inputs.monitoring } }),
    ...(inputs.iamInstanceProfile
      ? { IamInstanceProfile: { Name: String(inputs.iamInstanceProfile) } }
      : {}),
    ...(inputs.instanceInitiatedShutdownBehavior
      ? {
          InstanceInitiatedShutdownBehavior: inputs.instanceInitiatedShutdownBehavior as
            "stop" | "terminate",
        }
      : {}),
    ...(inputs.maintenanceOptions?.autoRecovery
      ? {
          MaintenanceOptions: {
            AutoRecovery: inputs.maintenanceOptions.autoRecovery as "default" | "disabled",
          },
        }
      : {}),
    TagSpecifications: tagSpecification("instance", inputs.tags),
  };
}

/** User data as EC2 takes it. Base64 that the program made itself is sent as it is. */
export function userData(inputs: Inputs): string | undefined {
  return (
    inputs.userDataBase64 ??
    (inputs.userData === undefined ? undefined : Buffer.from(inputs.userData).toString("base64"))
  );
}

/**
 * An interface that exists already comes alone; a fixed or public address needs the form with an
 * interface to be made.
 */
function network(inputs: Inputs): Partial<RunInstancesCommandInput> {
  const groups = inputs.vpcSecurityGroupIds?.length ? [...inputs.vpcSecurityGroupIds] : undefined;
  if (inputs.primaryNetworkInterface) {
    return {
      NetworkInterfaces: [
        { DeviceIndex: 0, NetworkInterfaceId: inputs.primaryNetworkInterface.networkInterfaceId },
      ],
    };
  }
  if (inputs.privateIp || inputs.associatePublicIpAddress !== undefined) {
    return {
      NetworkInterfaces: [
        {
          DeviceIndex: 0,
          ...(inputs.subnetId ? { SubnetId: inputs.subnetId } : {}),
          ...(inputs.privateIp ? { PrivateIpAddress: inputs.privateIp } : {}),
          ...(inputs.associatePublicIpAddress === undefined
            ? {}
            : { AssociatePublicIpAddress: inputs.associatePublicIpAddress }),
          ...(groups ? { Groups: groups } : {}),
        },
      ],
    };
  }
  return {
    ...(inputs.subnetId ? { SubnetId: inputs.subnetId } : {}),
    ...(groups ? { SecurityGroupIds: groups } : {}),
  };
}

function placement({
  availabilityZone,
  placementGroup,
  tenancy,
}: Inputs): Partial<RunInstancesCommandInput> {
  if (!availabilityZone && !placementGroup && !tenancy) return {};
  return {
    Placement: {
      ...(availabilityZone ? { AvailabilityZone: availabilityZone } : {}),
      ...(placementGroup ? { GroupName: placementGroup } : {}),
      ...(tenancy ? { Tenancy: tenancy as Tenancy } : {}),
    },
  };
}

function metadata({ metadataOptions }: Inputs): Partial<RunInstancesCommandInput> {
  if (!metadataOptions) return {};
  return {
    MetadataOptions: {
      HttpEndpoint: (metadataOptions.httpEndpoint ?? "enabled") as "enabled" | "disabled",
      ...(metadataOptions.httpTokens
        ? { HttpTokens: metadataOptions.httpTokens as "optional" | "required" }
        : {}),
      ...(metadataOptions.httpPutResponseHopLimit
        ? { HttpPutResponseHopLimit: metadataOptions.httpPutResponseHopLimit }
        : {}),
      ...(metadataOptions.httpProtocolIpv6
        ? { HttpProtocolIpv6: metadataOptions.httpProtocolIpv6 as "enabled" | "disabled" }
        : {}),
      ...(metadataOptions.instanceMetadataTags
        ? { InstanceMetadataTags: metadataOptions.instanceMetadataTags as "enabled" | "disabled" }
        : {}),
    },
  };
}

function rootDisk(
  device: string,
  disk: NonNullable<Inputs["rootBlockDevice"]>,
): BlockDeviceMapping {
  return {
    DeviceName: device,
    Ebs: {
      DeleteOnTermination: disk.deleteOnTermination ?? true,
      ...(disk.encrypted === undefined ? {} : { Encrypted: disk.encrypted }),
      ...(disk.kmsKeyId ? { KmsKeyId: disk.kmsKeyId } : {}),
      ...(disk.iops ? { Iops: disk.iops } : {}),
      ...(disk.throughput ? { Throughput: disk.throughput } : {}),
      ...(disk.volumeSize ? { VolumeSize: disk.volumeSize } : {}),
      ...(disk.volumeType ? { VolumeType: disk.volumeType as VolumeType } : {}),
    },
  };
}
