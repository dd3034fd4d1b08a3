import {
  paginateDescribeInstances,
  paginateDescribeVolumes,
  DescribeInstanceAttributeCommand,
  DescribeKeyPairsCommand,
} from "@aws-sdk/client-ec2";
import type { EC2Client, Instance as Described } from "@aws-sdk/client-ec2";
import { addresses } from "../addresses.ts";
import { firewallTables } from "./firewall.ts";
import type { Cloud, Instance } from "./plan.ts";
import { readGroups } from "./securityGroups.ts";

/** Reads from EC2 what should be there. Throws when the emulator does not answer. */
export async function observe(client: EC2Client): Promise<Cloud> {
  const sizes = new Map<string, number>();
  for await (const page of paginateDescribeVolumes({ client }, {})) {
    for (const volume of page.Volumes ?? [])
      if (volume.VolumeId) sizes.set(volume.VolumeId, volume.Size ?? 1);
  }
  const groups = await readGroups(client);
  const firewallOf = ({ SecurityGroups = [], MetadataOptions: options }: Described) =>
    firewallTables(
      SecurityGroups.flatMap(({ GroupId }) => GroupId ?? []).sort(),
      groups,
      options?.HttpPutResponseHopLimit ?? 1,
      addresses,
    );
  const instances: Instance[] = [];
  const alive = [
    { Name: "instance-state-name", Values: ["pending", "running", "stopping", "stopped"] },
  ];
  for await (const page of paginateDescribeInstances({ client }, { Filters: alive })) {
    for (const described of (page.Reservations ?? []).flatMap(
      (reservation) => reservation.Instances ?? [],
    )) {
      const instance = fromDescribed(described, sizes, firewallOf(described));
      if (instance) instances.push(instance);
    }
  }
  return { instances, volumeIds: [...sizes.keys()] };
}

/** Reads what only a machine's first start needs: the key pair's public half and the user data. */
export async function firstBoot(
  client: EC2Client,
  instance: Instance,
): Promise<{ publicKey?: string; userData: Uint8Array }> {
  const [attribute, keys] = await Promise.all([
    client.send(
      new DescribeInstanceAttributeCommand({ InstanceId: instance.id, Attribute: "userData" }),
    ),
    instance.keyName === undefined
      ? undefined
      : client.send(
          new DescribeKeyPairsCommand({ KeyNames: [instance.keyName], IncludePublicKey: true }),
        ),
  ]);
  return {
    publicKey: keys?.KeyPairs?.[0]?.PublicKey,
    userData: Buffer.from(attribute.UserData?.Value ?? "", "base64"),
  };
}

/** Undefined for what has no address (yet, or any more). */
function fromDescribed(
  described: Described,
  sizes: ReadonlyMap<string, number>,
  firewall: string,
): Instance | undefined {
  const { InstanceId: id, PrivateIpAddress: address, Placement: placement } = described;
  if (!id || !address) return undefined;
  const attachments = (described.BlockDeviceMappings ?? [])
    .filter((mapping) => mapping.DeviceName !== described.RootDeviceName)
    .map((mapping) => ({
      device: mapping.DeviceName ?? "",
      volumeId: mapping.Ebs?.VolumeId ?? "",
      sizeGiB: sizes.get(mapping.Ebs?.VolumeId ?? "") ?? 1,
    }))
    .sort((a, b) => a.device.localeCompare(b.device));
  return {
    id,
    address,
    attachments,
    firewall,
    name: described.Tags?.find((tag) => tag.Key === "Name")?.Value,
    state:
      described.State?.Name === "running" || described.State?.Name === "pending"
        ? "running"
        : "stopped",
    zone: placement?.AvailabilityZone ?? "",
    keyName: described.KeyName,
  };
}
