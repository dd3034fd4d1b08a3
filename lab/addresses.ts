/**
 * Where everything of the lab lives: one /16, an own VPC on an own bridge. Set LAB_CIDR (a /16,
 * "10.213.0.0/16" by default) when it collides with a network of yours. Ports on loopback are
 * fixed, because the dev stack's file names them.
 */
const cidr = process.env.LAB_CIDR ?? "10.213.0.0/16";
const match = /^(\d{1,3})\.(\d{1,3})\.0\.0\/16$/.exec(cidr);
if (!match || Number(match[1]) > 255 || Number(match[2]) > 255) {
  throw new Error(
    "LAB_CIDR: a private /16 such as 10.213.0.0/16 is needed, because the VPC's subnets " +
      `are cut from it (got ${JSON.stringify(cidr)})`,
  );
}
const prefix = `${match[1]}.${match[2]}`;

/**
 * Addresses of the lab. The services sit in x.y.240.0/24, where the EC2 emulator hands out nothing.
 */
export const addresses = {
  cidr,
  prefixLength: 16,
  bridge: "etcdlab0",
  /**
   * The host's own address on the bridge: the way from the host into the VPC, and the etcd mirror's
   * address.
   */
  gateway: `${prefix}.0.1`,
  /** The VPC resolver: base address + 2, as on AWS. */
  resolver: `${prefix}.0.2`,
  ns1: `${prefix}.240.11`,
  ns2: `${prefix}.240.12`,
  /** A host that is no member, for trying discovery from outside the cluster. */
  client: `${prefix}.240.20`,
  /** EC2 emulator, on loopback. */
  ec2Port: 14566,
  /** Cloudflare emulator, on loopback. */
  cloudflarePort: 14567,
  /** The lab's control interface (faults, status), on loopback. */
  controlPort: 14568,
  /** etcd release mirror, on the gateway address. */
  mirrorPort: 14580,
  /** Instance metadata service, on the gateway address. */
  metadataPort: 14582,
} as const;

/**
 * The VPC's subnets, one for each zone, with ids that never change, so that the dev stack's file
 * can name them.
 */
export const vpc = {
  id: "vpc-0e7cd1ab000000000",
  region: "us-east-1",
  subnets: [
    { zone: "us-east-1a", id: "subnet-0e7cd1ab00000000a", cidr: `${prefix}.0.0/20` },
    { zone: "us-east-1b", id: "subnet-0e7cd1ab00000000b", cidr: `${prefix}.16.0/20` },
    { zone: "us-east-1c", id: "subnet-0e7cd1ab00000000c", cidr: `${prefix}.32.0/20` },
  ],
  /** Debian 13 images, named as Debian names its own. */
  images: { amd64: "ami-0deb1300000000a64", arm64: "ami-0deb1300000000ace" },
} as const;

/**
 * The zone at the Cloudflare emulator that the nameservers publish. The token has the form of a
 * real one and opens nothing else.
 */
export const zone = {
  name: "etcd.test",
  id: "0e7cd1ab0e7cd1ab0e7cd1ab0e7cd1ab",
  apiToken: "lab-token-opens-only-the-lab-0123456789abcdef",
  soaMinimum: 1800,
} as const;

/**
 * The account's zone of another domain, which the same token opens: the id to take by mistake. No
 * nameserver of the lab knows it, as one that is not delegated.
 */
export const otherZone = {
  name: "example.test",
  id: "0e7cd1ab000000000000000000000bad",
} as const;

/** What the emulator calls a zone by. */
export interface ZoneName {
  readonly name: string;
  /** 32 hexadecimal digits. */
  readonly id: string;
}
