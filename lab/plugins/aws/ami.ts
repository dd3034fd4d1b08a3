import type { Image } from "@aws-sdk/client-ec2";
import type { Lookup } from "../handler.ts";
import { isList } from "../values.ts";
import type { Value, Values } from "../values.ts";
import { configured, doing, ec2 } from "./client.ts";
import { filtersFrom } from "./filters.ts";
import { tagsFrom } from "./tags.ts";

/** `aws.ec2.getAmi`: one image, or the newest of several when the program says `mostRecent`. */
export const getAmi: Lookup = async (args) => {
  const api = await ec2();
  const answer = await doing("reading EC2 AMIs", () =>
    api.describeImages({
      ...filtersFrom({ filters: args.filters }, {}),
      IncludeDeprecated: args.includeDeprecated === true,
      ...(isList(args.owners) ? { Owners: args.owners.map(String) } : {}),
      ...(isList(args.executableUsers)
        ? { ExecutableUsers: args.executableUsers.map(String) }
        : {}),
    }),
  );
  const image = newest(named(answer.Images ?? [], args.nameRegex), args.mostRecent === true);
  return { ...args, ...imageOf(image) };
};

function named(images: readonly Image[], pattern: Value | undefined): readonly Image[] {
  if (typeof pattern !== "string") return images;
  const regex = new RegExp(pattern);
  return images.filter((image) => regex.test(image.Name ?? ""));
}

function newest(images: readonly Image[], mostRecent: boolean): Image {
  const [first, second] = [...images].sort((a, b) =>
    (b.CreationDate ?? "").localeCompare(a.CreationDate ?? ""),
  );
  if (!first)
    throw new Error(
      "Your query returned no results. Please change your search criteria and try again.",
    );
  if (second && !mostRecent) {
    throw new Error(
      "Your query returned more than one result. Please try a more specific search " +
        "criteria, or set `most_recent` attribute to true.",
    );
  }
  return first;
}

function imageOf(image: Image): Values {
  const { region } = configured();
  const root = image.BlockDeviceMappings?.find(
    (mapping) => mapping.DeviceName === image.RootDeviceName,
  );
  return {
    architecture: image.Architecture,
    arn: `arn:aws:ec2:${region}::image/${image.ImageId}`,
    blockDeviceMappings: (image.BlockDeviceMappings ?? []).map((mapping) => ({
      deviceName: mapping.DeviceName,
      noDevice: mapping.NoDevice ?? "",
      virtualName: mapping.VirtualName ?? "",
      ebs: {
        delete_on_termination: String(mapping.Ebs?.DeleteOnTermination ?? false),
        encrypted: String(mapping.Ebs?.Encrypted ?? false),
        iops: String(mapping.Ebs?.Iops ?? 0),
        snapshot_id: mapping.Ebs?.SnapshotId ?? "",
        throughput: String(mapping.Ebs?.Throughput ?? 0),
        volume_size: String(mapping.Ebs?.VolumeSize ?? 0),
        volume_type: mapping.Ebs?.VolumeType ?? "",
      },
    })),
    bootMode: image.BootMode ?? "",
    creationDate: image.CreationDate,
    deprecationTime: image.DeprecationTime ?? "",
    description: image.Description ?? "",
    enaSupport: image.EnaSupport ?? false,
    hypervisor: image.Hypervisor ?? "",
    id: image.ImageId,
    imageId: image.ImageId,
    imageLocation: image.ImageLocation ?? "",
    imageOwnerAlias: image.ImageOwnerAlias ?? "",
    imageType: image.ImageType ?? "",
    imdsSupport: image.ImdsSupport ?? "",
    name: image.Name ?? "",
    ownerId: image.OwnerId ?? "",
    platformDetails: image.PlatformDetails ?? "",
    public: image.Public ?? false,
    region,
    rootDeviceName: image.RootDeviceName ?? "",
    rootDeviceType: image.RootDeviceType ?? "",
    rootSnapshotId: root?.Ebs?.SnapshotId ?? "",
    state: image.State ?? "",
    tags: tagsFrom(image.Tags).tags,
    virtualizationType: image.VirtualizationType ?? "",
  };
}
