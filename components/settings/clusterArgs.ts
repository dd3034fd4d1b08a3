/** What a caller of EtcdCluster gives. The names and defaults are schema.ts's: a test compares. */
import type * as pulumi from "@pulumi/pulumi";

/**
 * An etcd cluster, as its caller describes it. All is checked in `preview`, every problem at once;
 * an Output is checked when it is known. What names or counts things has to be plain.
 */
export interface EtcdClusterArgs {
  /**
   * The discovery domain, such as `etcd.example.com`. Members are `<node>.<domain>`; the SRV
   * records lie below it.
   */
  readonly domain: string;
  /** ID of the Cloudflare zone that holds the domain. */
  readonly zoneId: pulumi.Input<string>;
  /**
   * 1, 3, 5 or 7 members, by name:
   * `{a: {zone: "us-east-1a"}, b: {zone: "us-east-1b"}, c: {zone: "us-east-1c"}}`. They come and
   * go with their names, one at a time; one that stays keeps its zone.
   */
  readonly nodes: Readonly<Record<string, EtcdNodeSettings>>;
  /**
   * Traffic of clients and members is encrypted, and both sides show certificates. With `false`,
   * whoever reaches the ports reads, writes and joins.
   * @default true
   */
  readonly tls?: boolean;
  /**
   * Certificate of a CA that signs the cluster's, PEM; one that signed itself, for this cluster
   * only, because etcd takes any certificate of it for a client.
   * @default a CA that the component makes
   */
  readonly caCertificate?: pulumi.Input<string>;
  /** The key of that CA, PEM; kept as a secret. Goes with caCertificate. */
  readonly caPrivateKey?: pulumi.Input<string>;
  /**
   * Days that the certificates of members and of the operator are valid.
   * @default 365
   */
  readonly certificateDays?: number;
  /**
   * Days before their end at which `preview` shows a change and `up` renews them, without a restart
   * of etcd. Run `up` more often than that.
   * @default 60
   */
  readonly renewBeforeDays?: number;
  /**
   * Subnet of each availability zone; with one named, all zones of nodes have to be.
   * @default the default VPC's
   */
  readonly subnets?: Readonly<Record<string, pulumi.Input<string>>>;
  /**
   * Give each node an Elastic IP, as its way out where the subnets have no NAT. DNS keeps the
   * private addresses.
   * @default false
   */
  readonly publicAddress?: boolean;
  /**
   * CIDRs that may reach port 22, the machine that runs Pulumi among them. The rule of a plain one
   * is named by its value, that of an Output by its place in the list: changing the order of
   * Outputs replaces rules.
   */
  readonly sshFrom: readonly pulumi.Input<string>[];
  /**
   * CIDRs and security groups (`sg-…`) that may reach port 2379, the machine that runs Pulumi among
   * them; named as those of sshFrom.
   */
  readonly clientsFrom: readonly pulumi.Input<string>[];
  /**
   * Lets sshFrom and clientsFrom hold the whole Internet, or public networks wider than a /16.
   * @default false
   */
  readonly openToTheWorld?: boolean;
  /**
   * ARN of the KMS key for the root and data volumes, in the nodes' region. It stays as it was at
   * the first `up`.
   * @default the account's default key for EBS
   */
  readonly kmsKeyId?: pulumi.Input<string>;
  /**
   * Image of the nodes; a later one does not replace a node.
   * @default the newest Debian 13 for the architecture at the first `up`
   */
  readonly ami?: pulumi.Input<string>;
  /**
   * Has to fit the instance types.
   * @default amd64
   */
  readonly architecture?: "amd64" | "arm64";
  /**
   * A Nitro type, for the nodes that name none of their own.
   * @default t3.medium
   */
  readonly instanceType?: string;
  /**
   * Size of each member's data volume, in GiB.
   * @default 20
   */
  readonly dataVolumeGb?: number;
  /**
   * `volumes`: a destroy, or a node taken out, leaves the data volumes in the account, and a
   * destroy names them at its end. It holds from the `up` that sets it.
   * @default none
   */
  readonly keepData?: "none" | "volumes";
  /**
   * The image's user with sudo.
   * @default admin
   */
  readonly sshUser?: string;
  /**
   * Private key for SSH to the nodes, ed25519 or RSA from 2048 bits on, in OpenSSH or PEM form
   * (PKCS 1 or 8), without passphrase; kept as a secret. EC2 gets the public half.
   */
  readonly sshPrivateKey: pulumi.Input<string>;
  /**
   * etcd release: 3.5.33, 3.6.14, 3.7.1 or newer of its line.
   * @default 3.6.14
   */
  readonly etcdVersion?: string;
  /**
   * Where archives come from: `<mirror>/v<version>/etcd-v<version>-linux-<arch>.tar.gz`.
   * @default https://github.com/etcd-io/etcd/releases/download
   */
  readonly etcdMirror?: string;
  /**
   * `pinned`: an archive must have the digest known here or in etcdSha256. `mirror`: the mirror's
   * own SHA256SUMS is believed.
   * @default pinned
   */
  readonly etcdChecksums?: "pinned" | "mirror";
  /** sha256 of the archives of a version not known here, by architecture (amd64, arm64). */
  readonly etcdSha256?: Readonly<Record<string, string>>;
  /**
   * The Chef client that runs the cookbook.
   * @default the pinned Cinc client
   */
  readonly chef?: EtcdChefSettings;
  /**
   * Authoritative servers of the zone, `address` or `address:port`.
   * @default found by walking down from the root zone
   */
  readonly nameservers?: readonly string[];
  /**
   * TTL of all records, in seconds (60 to 86400).
   * @default 60
   */
  readonly ttl?: number;
  /**
   * How long `up` waits for DNS to be complete everywhere, in seconds.
   * @default 120
   */
  readonly dnsTimeout?: number;
  /**
   * How long one node's Chef run may take, in seconds.
   * @default 900
   */
  readonly bootstrapTimeout?: number;
  /**
   * How long the members may take to become one healthy cluster, in seconds.
   * @default 120
   */
  readonly healthTimeout?: number;
  /**
   * The stack's earlier name, for one `up` after `pulumi stack rename`: without it a state with the
   * things of another stack is taken for a copy, and refused.
   * @default none
   */
  readonly renamedFrom?: string;
  /**
   * ID of the cluster that is taken for this one although it is not the one that was healthy, once:
   * after a restore that is meant.
   * @default none
   */
  readonly acceptRestore?: string;
  /**
   * Name of a member that somebody has removed from the cluster by hand, or whose etcd cannot read
   * its data, and that is to join it anew: its old data are set aside on its disk.
   * @default none
   */
  readonly rejoin?: string;
}

/** What differs between the nodes of a cluster. */
export interface EtcdNodeSettings {
  /** Availability zone or local zone, such as `us-east-1a`; all nodes lie in one region. */
  readonly zone: string;
  /** @default the cluster's instanceType */
  readonly instanceType?: string | undefined;
}

/** The Chef client on the nodes. */
export interface EtcdChefSettings {
  /** @default cinc */
  readonly product?: "cinc" | "chef" | "preinstalled";
  /**
   * A full version, 18 or newer.
   * @default 18.8.54
   */
  readonly version?: string;
  /** A `.deb` to install in place of the product's own; goes with packageSha256. */
  readonly packageUrl?: string;
  /** Its digest, 64 hexadecimal digits. */
  readonly packageSha256?: string;
}
