/** What the metadata service knows of one instance, as the tree of paths that it serves. Pure. */
import { hostName } from "./seed.ts";

/** One instance as EC2 describes it. */
export interface Described {
  readonly instanceId: string;
  readonly address: string;
  readonly zone: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly architecture: string;
  readonly accountId: string;
  readonly mac: string;
  readonly launchTime: string;
  readonly securityGroups: readonly string[];
  readonly key?: { readonly name: string; readonly publicKey: string };
  readonly userData: Uint8Array;
  readonly tags: Readonly<Record<string, string>>;
  readonly options: {
    readonly endpoint: "enabled" | "disabled";
    /** required: no answer without a token (IMDSv2); optional: both ways. */
    readonly tokens: "required" | "optional";
    readonly tags: "enabled" | "disabled";
  };
}

interface Folder {
  readonly [name: string]: string | Folder;
}

/** The text at a path below /latest/, a folder's listing, or undefined where there is nothing. */
export function metadataAt(instance: Described, path: string): string | Uint8Array | undefined {
  const [root = "", ...names] = path.split("/").filter(Boolean);
  if (root === "user-data" && names.length === 0)
    return instance.userData.length ? instance.userData : undefined;
  const start =
    root === "meta-data" ? metadata(instance) : root === "dynamic" ? dynamic(instance) : undefined;
  if (!start) return root === "" ? "dynamic\nmeta-data\nuser-data" : undefined;
  let found: string | Folder | undefined = start;
  for (const name of names)
    found = typeof found === "object" ? found[name.split("=")[0] ?? name] : undefined;
  return typeof found === "object"
    ? listing(found, names.join("/") === "public-keys" ? instance.key?.name : undefined)
    : found;
}

/** Folders end with a slash; keys are shown with their name, as EC2 does. */
function listing(folder: Folder, keyName: string | undefined): string {
  return Object.entries(folder)
    .map(([name, value]) =>
      keyName === undefined
        ? `${name}${typeof value === "object" ? "/" : ""}`
        : `${name}=${keyName}`,
    )
    .sort()
    .join("\n");
}

function metadata({
  instanceId,
  address,
  zone,
  imageId,
  instanceType,
  mac,
  securityGroups,
  key,
  tags,
  options,
}: Described): Folder {
  const name = `${hostName(address)}.ec2.internal`;
  const groups = securityGroups.join("\n");
  return {
    "ami-id": imageId,
    "ami-launch-index": "0",
    hostname: name,
    "instance-id": instanceId,
    "instance-type": instanceType,
    "local-hostname": name,
    "local-ipv4": address,
    mac,
    network: {
      interfaces: {
        macs: {
          [mac]: {
            "device-number": "0",
            "local-hostname": name,
            "local-ipv4s": address,
            mac,
            "security-groups": groups,
          },
        },
      },
    },
    placement: { "availability-zone": zone, region: zone.slice(0, -1) },
    ...(key ? { "public-keys": { "0": { "openssh-key": key.publicKey } } } : {}),
    "security-groups": groups,
    services: { domain: "amazonaws.com", partition: "aws" },
    ...(options.tags === "enabled" ? { tags: { instance: tags } } : {}),
  };
}

/** Without a signature: nobody can sign as EC2. */
function dynamic({
  instanceId,
  address,
  zone,
  imageId,
  instanceType,
  architecture,
  accountId,
  launchTime,
}: Described): Folder {
  const document = {
    accountId,
    architecture,
    availabilityZone: zone,
    imageId,
    instanceId,
    instanceType,
    pendingTime: launchTime,
    privateIp: address,
    region: zone.slice(0, -1),
    version: "2017-09-30",
  };
  return { "instance-identity": { document: JSON.stringify(document, null, 2) } };
}
