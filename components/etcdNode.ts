import * as pulumi from "@pulumi/pulumi";
import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Eip } from "@pulumi/aws/ec2/eip.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { NetworkInterface } from "@pulumi/aws/ec2/networkInterface.js";
import { VolumeAttachment } from "@pulumi/aws/ec2/volumeAttachment.js";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { serverSrvName } from "./dns/dnsAnswers.ts";
import { srvRecord } from "./dns/srvRecord.ts";
import { Leftovers } from "./healing/leftovers.ts";

export interface EtcdNodeArgs {
  /**
   * Name of the member: one DNS label. It is identity: it decides the host name and the record
   * names.
   */
  readonly name: string;
  readonly domain: string;
  readonly zoneId: pulumi.Input<string>;
  /** Chooses the kind of the peer SRV record. */
  readonly tls: boolean;
  /** TTL of the records, in seconds. */
  readonly ttl: number;
  readonly zone: pulumi.Input<string>;
  readonly subnetId: pulumi.Input<string>;
  readonly securityGroupId: pulumi.Input<string>;
  /** Read when the instance is made; a later one does not replace it. */
  readonly ami: pulumi.Input<string>;
  readonly instanceType: pulumi.Input<string>;
  /** Read when the instance is made; a later one does not replace it. */
  readonly keyName: pulumi.Input<string>;
  /** Read when the instance is made; a later one does not replace it. */
  readonly userData: pulumi.Input<string>;
  readonly dataVolumeGb: pulumi.Input<number>;
  /** ARN of the KMS key for both disks; empty for the account's default. */
  readonly kmsKeyId: string;
  /** Gives the node an Elastic IP as its way out; DNS keeps the private address. */
  readonly publicAddress: boolean;
  /** Marks all that is made; see mark.ts. */
  readonly tags: Readonly<Record<string, pulumi.Input<string>>>;
  /** The same mark for DNS records. */
  readonly comment: pulumi.Input<string>;
  /** Runs before anything is made: removes what a cut-off run left of it. */
  readonly removeOrphans: pulumi.ResourceHook;
  /** Runs before a machine is changed: refuses when it would stop beside another. */
  readonly stopsAlone: pulumi.ResourceHook;
  /**
   * Made before any interface: its deletion, after theirs, removes those that the state does not
   * know.
   */
  readonly leftovers: pulumi.Resource;
  /**
   * Made before any machine and gone after it, or a machine could outlive what its host key is
   * known by (hostKey.ts).
   */
  readonly hostKeySeed: pulumi.Resource;
}

/**
 * One machine that can be found by name: an EC2 instance on a network interface and a data volume
 * that both outlive it, an A record for the interface's private address, and a peer SRV record that
 * names it a member. Nothing on the machine asks for these names before the cluster's gate. One
 * t3.medium with 20 GiB costs about 33 USD a month in us-east-1.
 */
export class EtcdNode extends pulumi.ComponentResource {
  /** Name of the member. */
  readonly member: string;
  readonly instance: Instance;
  readonly volume: Volume;
  readonly attachment: VolumeAttachment;
  /** `<name>.<domain>`, known without waiting. */
  readonly hostname: string;
  /** The address peers and clients connect to. */
  readonly privateIp: pulumi.Output<string>;
  /** Client URL with that address: whoever asks need not depend on DNS. */
  readonly endpoint: pulumi.Output<string>;
  /** Peer URL as the member advertises it. */
  readonly peerUrl: string;
  /**
   * The A and the peer SRV record: what the gate depends on, so that it does not wait for machines.
   */
  readonly records: readonly DnsRecord[];
  /** The Elastic IP, if it has one: what is downloaded on the machine waits for it. */
  readonly wayOut: readonly Eip[];

  constructor(name: string, args: EtcdNodeArgs, opts?: pulumi.ComponentResourceOptions) {
    super("etcd:index:EtcdNode", name, { name: args.name, domain: args.domain }, opts);
    const child: pulumi.CustomResourceOptions = {
      parent: this,
      hooks: { beforeCreate: [args.removeOrphans] },
    };
    const tags = (role: string) => ({
      ...args.tags,
      Name: `${args.name}.${args.domain}`,
      Role: role,
    });
    const encryption = { encrypted: true, ...(args.kmsKeyId ? { kmsKeyId: args.kmsKeyId } : {}) };
    const scheme = args.tls ? "https" : "http";
    this.member = args.name;
    this.hostname = `${args.name}.${args.domain}`;
    this.peerUrl = `${scheme}://${this.hostname}:2380`;

    // The address: an interface of its own, so that a replaced machine keeps it.
    const address = new NetworkInterface(
      `${name}-interface`,
      {
        subnetId: args.subnetId,
        securityGroups: [args.securityGroupId],
        description: `etcd member ${this.hostname}`,
        tags: tags("interface"),
      },
      { ...child, dependsOn: [args.leftovers] },
    );
    this.privateIp = address.privateIp;
    this.endpoint = pulumi.interpolate`${scheme}://${address.privateIp}:2379`;

    // The names. SRV depends on A: a target must not exist before its address, nor outlive it.
    const record = { zoneId: args.zoneId, ttl: args.ttl, proxied: false, comment: args.comment };
    // creating first would meet "record exists" (pulumi-cloudflare issue 687)
    const replaceFirst = { ...child, deleteBeforeReplace: true };
    const a = new DnsRecord(
      `${name}-address`,
      { ...record, name: this.hostname, type: "A", content: address.privateIp },
      replaceFirst,
    );
    const peer = new DnsRecord(
      `${name}-peer`,
      { ...record, ...srvRecord(serverSrvName(args.domain, args.tls), this.hostname, 2380) },
      { ...replaceFirst, dependsOn: [a] },
    );
    this.records = [a, peer];

    // The data: a volume of its own, because the member's identity lives on it.
    this.volume = new Volume(
      `${name}-data`,
      {
        availabilityZone: args.zone,
        size: args.dataVolumeGb,
        type: "gp3",
        ...encryption,
        tags: tags("data"),
      },
      child,
    );

    // The machine. One that the state does not know would hold the interface: it goes between the
    // two in a destroy.
    const leftovers = new Leftovers(
      `${name}-leftovers`,
      {
        type: "aws:ec2/instance:Instance",
        tags: tags("instance"),
        zoneId: args.zoneId,
        comment: args.comment,
      },
      { ...child, dependsOn: [address] },
    );
    this.instance = new Instance(
      `${name}-instance`,
      {
        ami: args.ami,
        instanceType: args.instanceType,
        keyName: args.keyName,
        primaryNetworkInterface: { networkInterfaceId: address.id },
        userData: args.userData,
        metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
        rootBlockDevice: { ...encryption, volumeType: "gp3", volumeSize: 10 },
        tags: tags("instance"),
        // A moved image, changed user data or a key that was made anew would take all members down
        // at once (rule: one at a time).
      },
      {
        ...child,
        hooks: { ...child.hooks, beforeUpdate: [args.stopsAlone] },
        deleteBeforeReplace: true,
        ignoreChanges: ["ami", "userData", "keyName"],
        additionalSecretOutputs: ["userData"],
        dependsOn: [leftovers, args.hostKeySeed],
      },
    );
    // The end of the machine detaches: a destroy that stops it for that, and is killed then, would
    // leave a machine that nothing starts again.
    this.attachment = new VolumeAttachment(
      `${name}-attachment`,
      {
        instanceId: this.instance.id,
        volumeId: this.volume.id,
        deviceName: "/dev/sdf",
        skipDestroy: true,
      },
      { ...child, deleteBeforeReplace: true },
    );
    // Replaced, it goes first: the look for orphans before its creation would take it for one.
    this.wayOut = args.publicAddress
      ? [
          new Eip(
            `${name}-public-address`,
            { domain: "vpc", networkInterface: address.id, tags: tags("public-address") },
            { ...child, deleteBeforeReplace: true, dependsOn: [this.instance] },
          ),
        ]
      : [];

    this.registerOutputs({ hostname: this.hostname, privateIp: this.privateIp });
  }
}
