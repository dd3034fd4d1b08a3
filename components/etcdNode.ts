import * as pulumi from "@pulumi/pulumi";
import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { NetworkInterface } from "@pulumi/aws/ec2/networkInterface.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import type { ClusterContext } from "./clusterContext.ts";
import { addressRecord, srvRecord } from "./dns/records.ts";
import { Leftovers } from "./recovery/leftovers.ts";
import { memberTagKey } from "./recovery/marks.ts";
import type { MemberSite } from "./machine/memberSite.ts";
import { peerPort } from "./names.ts";

/** What one node is made from. */
export interface EtcdNodeArgs {
  readonly context: ClusterContext;
  /** Name of the member: one DNS label. It decides the host name and the names of the records. */
  readonly member: string;
  /** Availability zone of the machine and of its data volume. */
  readonly zone: string;
  readonly instanceType: pulumi.Input<string>;
  /** What cloud-init is told at the first boot. Secret; a later value is ignored. */
  readonly userData: pulumi.Input<string>;
  /** Size of the data volume, in GiB. */
  readonly dataVolumeGb: pulumi.Input<number>;
  /** Whether the data volume outlives the node. */
  readonly keepData: boolean;
  /** ARN of the KMS key for both disks; empty for the account's default. */
  readonly kmsKeyId: pulumi.Input<string>;
  /** Gives the machine an Elastic IP as its way out; DNS keeps the private address. */
  readonly publicAddress: boolean;
  /** Zone of the records, and their TTL in seconds. */
  readonly zoneId: pulumi.Input<string>;
  readonly ttl: number;
  /** What it shares with the other members' machines; another key or image is ignored later. */
  readonly site: MemberSite;
  /** Runs before the machine is updated; see EtcdMemberArgs. */
  readonly oneAtATime: pulumi.ResourceHook;
}

/**
 * One machine that can be found by name: an EC2 instance on a network interface and a data volume
 * that both outlive it, an A record for the interface's private address, and a peer SRV record that
 * names it a member. Nothing on the machine asks for these names before the cluster's gate. One
 * t3.medium with 20 GiB costs about 33 USD a month in us-east-1.
 */
export class EtcdNode extends pulumi.ComponentResource {
  readonly instance: Instance;
  readonly volume: Volume;
  readonly attachment: VolumeAttachment;
  /** `<member>.<domain>`, known without waiting. */
  readonly hostname: string;
  /** The address that peers and clients connect to. */
  readonly privateIp: pulumi.Output<string>;
  /** The A and the peer SRV record: the gate depends on them, so that it waits for no machine. */
  readonly records: readonly DnsRecord[];
  /** The Elastic IP, if it has one: what is downloaded on the machine waits for it. */
  readonly elasticIp: Eip | undefined;

  /**
   * Long, because it is one list: the address, its names, the disk, the machine, what joins them.
   */
  constructor(name: string, args: EtcdNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    const { site } = args;
    const { names, ownership } = args.context;
    super("etcd:index:EtcdNode", name, { name: args.member, domain: names.domain }, opts);
    const options = args.context.options.within(this);
    this.hostname = names.hostname(args.member);
    const tags = (role: string) => ({ ...ownership.tags, Name: this.hostname, Role: role });
    // Set later by a resource of its own: see memberTag.ts. The provider compares tagsAll apart,
    // and would take the tag off at the next update.
    const memberTag = [`tags.${memberTagKey}`, `tagsAll.${memberTagKey}`];

    // The address: an interface of its own, so that a replaced machine keeps it. In a destroy
    // site.interfaceLeftovers goes after it, and looks for interfaces that the state never knew.
    const address = new NetworkInterface(
      `${name}-interface`,
      {
        subnetId: site.subnetIn(args.zone),
        securityGroups: [site.securityGroupId],
        description: `etcd member ${this.hostname}`,
        tags: tags("interface"),
      },
      options.with({ dependsOn: [site.interfaceLeftovers] }),
    );
    this.privateIp = address.privateIp;

    // The names. SRV depends on A: a target must not exist before its address, nor outlive it.
    const record = { zoneId: args.zoneId, ttl: args.ttl, comment: ownership.comment };
    // Creating first would meet "record exists" (pulumi-cloudflare issue 687).
    const deleteFirst = { deleteBeforeReplace: true };
    const a = new DnsRecord(
      `${name}-address`,
      { ...record, ...addressRecord(this.hostname, address.privateIp) },
      options.with(deleteFirst),
    );
    const peer = new DnsRecord(
      `${name}-peer`,
      { ...record, ...srvRecord(names.serverSrv, this.hostname, peerPort) },
      options.with({ ...deleteFirst, dependsOn: [a] }),
    );
    this.records = [a, peer];

    // The data: a volume of its own, because the member's identity lives on it. What would replace
    // it, another zone or key, the charter refuses. Whatever else would (`up --replace`) is refused
    // by the record of machines in a preview, and in an `up` by the healing hook in these options,
    // before another volume is made.
    const kmsKeyId = pulumi.output(args.kmsKeyId).apply((key) => key || undefined);
    // The provider's types do not know an Output that may hold nothing.
    const encryption = { encrypted: true, kmsKeyId: kmsKeyId as pulumi.Output<string> };
    this.volume = new Volume(
      `${name}-data`,
      {
        availabilityZone: args.zone,
        size: args.dataVolumeGb,
        type: "gp3",
        ...encryption,
        tags: tags("data"),
      },
      options.with({ ignoreChanges: memberTag, retainOnDelete: args.keepData }),
    );

    // A destroy may meet what a killed run made and the state does not know. Leftovers are made
    // only for their deletion, which comes after the instance's (that depends on them). It looks
    // for more of the kind, removes what can hold no data, and fails naming the rest, such as a
    // machine. (Before the interface goes, because a machine would hold that.) It does nothing:
    //   while this member's own client record is there (found by zoneId, comment and Name): this is
    //     no destroy then, but, say, an `up --replace` of this resource
    //   where the program was given an AWS provider: a dynamic resource has only the environment's
    //     credentials. ownership.home says whether, and in which account all this was made; where
    //     the credentials are another's, the deletion fails
    const instanceLeftovers = new Leftovers(
      `${name}-leftovers`,
      {
        type: "aws:ec2/instance:Instance",
        tags: tags("instance"),
        zoneId: args.zoneId,
        comment: ownership.comment,
        ...ownership.home,
      },
      options.with({ dependsOn: [address] }),
    );

    // The machine: it may be lost, and made anew on the same address and disk.
    this.instance = new Instance(
      `${name}-instance`,
      {
        ami: site.ami,
        instanceType: args.instanceType,
        keyName: site.keyName,
        primaryNetworkInterface: { networkInterfaceId: address.id },
        userData: args.userData,
        metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: { ...encryption, volumeType: "gp3", volumeSize: 10 },
        tags: tags("instance"),
      },
      options.with({
        hooks: { beforeUpdate: [args.oneAtATime] },
        deleteBeforeReplace: true,
        // A newer image, other user data or a key that was made anew would take all machines down
        // at once. A machine that is replaced is made from the new ones.
        ignoreChanges: ["ami", "userData", "keyName", ...memberTag],
        additionalSecretOutputs: ["userData"],
        // A machine never outlives what its host key is worked out from (hostKey.ts).
        dependsOn: [instanceLeftovers, site.hostKeySeed],
      }),
    );
    // skipDestroy: its deletion only forgets the attachment, because a volume that is detached is
    // taken from under an etcd that runs. Terminating the machine frees the volume, and the
    // provider tries to delete that until it is free.
    this.attachment = new VolumeAttachment(
      `${name}-attachment`,
      {
        instanceId: this.instance.id,
        volumeId: this.volume.id,
        deviceName: "/dev/sdf",
        skipDestroy: true,
      },
      options.with(deleteFirst), // a volume has room for one
    );
    // Deleted first: an interface has room for one. Made after the machine, so that no address is
    // paid for without a machine.
    this.elasticIp = args.publicAddress
      ? new Eip(
          `${name}-public-address`,
          { domain: "vpc", networkInterface: address.id, tags: tags("public-address") },
          options.with({ ...deleteFirst, dependsOn: [this.instance] }),
        )
      : undefined;

    this.registerOutputs({ hostname: this.hostname, privateIp: this.privateIp });
  }
}
