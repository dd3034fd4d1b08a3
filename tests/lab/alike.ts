/** What others in the account make of a member: a disk out of a backup, a machine like its own. */
import { asking } from "./inventory.ts";

export interface Alike {
  readonly volume: string;
  readonly instance: string;
}

/** Both bear exactly the tags of the member's, as of a backup tool and "launch more like this". */
export async function makeAlike(machine: string): Promise<Alike> {
  return asking(async (ec2) => {
    const { Reservations = [] } = await ec2.describeInstances({ InstanceIds: [machine] });
    const like = Reservations[0]?.Instances?.[0];
    const { Volumes = [] } = await ec2.describeVolumes({
      Filters: [{ Name: "attachment.instance-id", Values: [machine] }],
    });
    const disk = Volumes.find(({ Tags }) => Tags?.length);
    if (!like?.Tags?.length || !disk) throw new Error(`${machine} or its data volume has no tags`);
    const { SnapshotId } = await ec2.createSnapshot({ VolumeId: disk.VolumeId });
    const { VolumeId: volume = "" } = await ec2.createVolume({
      SnapshotId,
      AvailabilityZone: disk.AvailabilityZone,
      Size: disk.Size,
      TagSpecifications: [{ ResourceType: "volume", Tags: disk.Tags }],
    });
    const { Instances: [launched] = [] } = await ec2.runInstances({
      ImageId: like.ImageId,
      InstanceType: like.InstanceType,
      SubnetId: like.SubnetId,
      SecurityGroupIds: like.SecurityGroups?.flatMap(({ GroupId }) => GroupId ?? []),
      MinCount: 1,
      MaxCount: 1,
      TagSpecifications: [{ ResourceType: "instance", Tags: like.Tags }],
    });
    return { volume, instance: launched?.InstanceId ?? "" };
  });
}

/** Ids of all volumes with tags: a machine's root disk has none. */
export async function dataVolumes(): Promise<string[]> {
  const { Volumes = [] } = await asking((ec2) => ec2.describeVolumes({}));
  return Volumes.filter(({ Tags }) => Tags?.length).map(({ VolumeId = "" }) => VolumeId);
}
