import { stringify } from "yaml";

/** What cloud-init must know of an instance; on EC2 it asks the metadata service for it. */
export interface SeedInput {
  readonly instanceId: string;
  readonly address: string;
  readonly zone: string;
  /**
   * The key pair's public half in OpenSSH's form, absent for an instance launched without a key.
   */
  readonly publicKey?: string;
  /** As given to RunInstances, decoded from base64; may be gzip. */
  readonly userData: Uint8Array;
}

/** File names and contents of a NoCloud seed. */
export type Seed = Readonly<Record<"meta-data" | "user-data" | "vendor-data", string | Uint8Array>>;

/**
 * An RSA host key costs half a second of processor at the first boot, which three machines on two
 * cores cannot spare. It is vendor data, so that user data can still ask for other kinds.
 */
const vendorData = "#cloud-config\nssh_genkeytypes: [ed25519]\n";

/** The host name EC2 gives an instance: ip-10-213-0-4. */
export function hostName(address: string): string {
  return `ip-${address.replaceAll(".", "-")}`;
}

/** The NoCloud seed of an instance. User data is passed through untouched. */
export function seed(input: SeedInput): Seed {
  return {
    "meta-data": stringify(
      {
        "instance-id": input.instanceId,
        "local-hostname": hostName(input.address),
        "local-ipv4": input.address,
        "availability-zone": input.zone,
        ...(input.publicKey === undefined ? {} : { "public-keys": [input.publicKey.trim()] }),
      },
      { lineWidth: 0 },
    ),
    "user-data": input.userData,
    "vendor-data": vendorData,
  };
}
