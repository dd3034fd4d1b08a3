/**
 * One thing of each kind that bears a mark of the stack, as a run that was cut off leaves them: no
 * state knows them.
 */
import type { ResourceType } from "@aws-sdk/client-ec2";
import { markComment, markTags } from "../../components/recovery/marks.ts";
import { makeHostKey } from "../hostKeys.ts";
import { vpc } from "../../lab/addresses.ts";
import { cloudflare } from "./harness.ts";
import { asking } from "./inventory.ts";

/**
 * A record, a key pair, a volume, a group, and an interface in that group with an Elastic IP; all
 * but the instance, which needs a machine. Returns what removes them again.
 */
export async function makeMarked(incarnation: string, name: string): Promise<() => Promise<void>> {
  const mark = { project: "etcd", stack: "dev", stackId: incarnation };
  const tags = Object.entries({ ...markTags(mark), Name: name }).map(([Key, Value]) => ({
    Key,
    Value,
  }));
  const tagged = (ResourceType: ResourceType) => ({
    TagSpecifications: [{ ResourceType, Tags: tags }],
  });
  const { publicKey } = await makeHostKey();
  const record = await cloudflare<{ id: string }>("POST", "/dns_records", {
    type: "A",
    name: `${name}.etcd.test`,
    content: "10.213.32.99",
    ttl: 60,
    comment: markComment(mark),
  });
  const made = await asking(async (ec2) => {
    await ec2.importKeyPair({
      KeyName: name,
      PublicKeyMaterial: Buffer.from(publicKey),
      ...tagged("key-pair"),
    });
    const { VolumeId } = await ec2.createVolume({
      AvailabilityZone: vpc.subnets[0].zone,
      Size: 1,
      ...tagged("volume"),
    });
    const { GroupId = "" } = await ec2.createSecurityGroup({
      GroupName: name,
      Description: name,
      VpcId: vpc.id,
      ...tagged("security-group"),
    });
    const { NetworkInterface: { NetworkInterfaceId } = {} } = await ec2.createNetworkInterface({
      SubnetId: vpc.subnets[0].id,
      Groups: [GroupId],
      ...tagged("network-interface"),
    });
    const { AllocationId } = await ec2.allocateAddress({ Domain: "vpc", ...tagged("elastic-ip") });
    const { AssociationId } = await ec2.associateAddress({ AllocationId, NetworkInterfaceId });
    return { VolumeId, GroupId, NetworkInterfaceId, AllocationId, AssociationId };
  });
  return async () => {
    await cloudflare("DELETE", `/dns_records/${record.id}`);
    await asking(async (ec2) => {
      await ec2.disassociateAddress({ AssociationId: made.AssociationId });
      await ec2.releaseAddress({ AllocationId: made.AllocationId });
      await ec2.deleteNetworkInterface({ NetworkInterfaceId: made.NetworkInterfaceId });
      await ec2.deleteSecurityGroup({ GroupId: made.GroupId });
      await ec2.deleteVolume({ VolumeId: made.VolumeId });
      await ec2.deleteKeyPair({ KeyName: name });
    });
  };
}
