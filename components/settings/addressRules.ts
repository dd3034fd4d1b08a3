/** What names and addresses must look like. Pure; each function returns the broken rule, or "". */
import { BlockList, isIPv4 } from "node:net";

/**
 * One label of a host name (RFC 1123). Capitals are refused: Cloudflare and etcd compare what was
 * typed.
 */
export function labelProblem(label: string): string {
  if (label.length > 63) return "63 characters at most";
  return /^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label)
    ? ""
    : "small letters a-z, digits and inner hyphens only";
}

/**
 * A domain that records can lie below: labels, no trailing dot, room for `_etcd-server-ssl._tcp.`
 * in 253 characters.
 */
export function domainProblem(domain: string): string {
  if (!domain) return "a domain is needed, such as etcd.example.com";
  if (domain.endsWith(".")) return "no dot at the end";
  if (domain.length > 180) return "180 characters at most, so that the names below it fit";
  const labels = domain.split(".");
  if (labels.length < 2)
    return "a domain with at least two labels is needed, such as etcd.example.com";
  const broken = labels.map(labelProblem).find((problem) => problem);
  if (broken) return `every label: ${broken}`;
  return /^\d+$/.test(labels.at(-1) ?? "")
    ? "a domain is needed, not an address; its last label is never a number"
    : "";
}

/**
 * A node's name. A nameserver of the domain may have the name already, and its address would be
 * mixed with the node's.
 */
export function nodeNameProblem(name: string): string {
  if (/^ns\d*$/.test(name)) return "names such as ns1 are kept for the domain's nameservers";
  const label = labelProblem(name);
  return label ? `the name becomes part of a host name: ${label}` : "";
}

/** The region that an availability zone or a local zone lies in; "" for what is neither. */
export function regionOf(zone: string): string {
  return /^([a-z]{2}(?:-[a-z]+)+-\d)(-[a-z]{3}-\d)?[a-z]$/.exec(zone)?.[1] ?? "";
}

/** Where regions begin with these, they lie in a partition of their own. */
const partitions: readonly [start: string, partition: string][] = [
  ["cn-", "aws-cn"],
  ["us-gov-", "aws-us-gov"],
  ["us-iso-", "aws-iso"],
  ["us-isob-", "aws-iso-b"],
  ["us-isof-", "aws-iso-f"],
  ["eu-isoe-", "aws-iso-e"],
  ["eusc-", "aws-eusc"],
];
const partitionOf = (region: string) =>
  partitions.find(([start]) => region.startsWith(start))?.[1] ?? "aws";

/**
 * A KMS key's ARN in the nodes' region. An id or alias will not do: EC2 answers with the ARN, which
 * would look like a change at every `up`.
 */
export function kmsKeyProblem(key: string, region: string): string {
  const match =
    /^arn:(aws(?:-[a-z]+)*):kms:([a-z0-9-]+):\d{12}:key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/.exec(
      key,
    );
  if (!match)
    return (
      "the ARN of a key is needed, arn:aws:kms:<region>:<account>:key/<id>; an id or " +
      "alias alone would look changed at every `up`"
    );
  const [, partition = "", its = ""] = match;
  if (region && its !== region) return `a key of the nodes' region is needed (${region})`;
  const ofRegion = partitionOf(its);
  return partition === ofRegion ? "" : `${its} lies in another partition: arn:${ofRegion}:kms:…`;
}

/**
 * An address to download from. It becomes part of scripts and logs on the node: no quotes, no
 * spaces, no password.
 */
export function urlProblem(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (!parsed || !/^https?:\/\//.test(url)) return "an http or https URL is needed";
  if (parsed.username || parsed.password)
    return (
      "no user and password in it: logs show it; use a mirror that the nodes may read as " +
      "they are"
    );
  if (parsed.search || parsed.hash) return "no query and no fragment";
  return /^[\w.~:/%+-]{1,500}$/.test(url)
    ? ""
    : "letters a-z, digits and . _ ~ : / % + - only, 500 at most";
}

/** A mirror of etcd's releases: the folder above those of the versions. */
export function mirrorProblem(mirror: string): string {
  const url = mirror.replace(/\/+$/, "");
  return (
    urlProblem(url) ||
    (url.endsWith(".tar.gz")
      ? "the address above v<version>/ is needed, not that of an archive"
      : "")
  );
}

/** A URL as messages may show it. */
export function withoutPassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//…@");
}

/**
 * What to do where YAML may have made a number of an id that is all digits (1.2e+31; 20 digits at
 * most where zeros led it), or "".
 */
export function quotingHint(value: string, setting: string): string {
  return /^(\d{1,20}|\d(\.\d+)?e\+\d+)$/.test(value)
    ? `; YAML makes a number of an id that is all digits: quote it, ${setting}: "…"`
    : "";
}

/** ID of a Cloudflare zone. */
export function zoneIdProblem(id: string): string {
  return /^[0-9a-f]{32}$/.test(id)
    ? ""
    : "32 hexadecimal digits in small letters are needed, as the zone's overview at " +
        `Cloudflare shows them${quotingHint(id, "etcd:zoneId")}`;
}

/** ID of a subnet. */
export function subnetProblem(id: string): string {
  return /^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)
    ? ""
    : "a subnet id such as subnet-0123456789abcdef0 is needed";
}

/** ID of a machine image. */
export function imageProblem(id: string): string {
  return /^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id)
    ? ""
    : "an image id such as ami-0123456789abcdef0 is needed";
}

/** A security group's id, as clientsFrom may hold it beside networks. */
export function isSecurityGroup(source: string): boolean {
  return /^sg-([0-9a-f]{8}|[0-9a-f]{17})$/.test(source);
}

/** Who may be a client: a network or a security group. */
export function sourceProblem(source: string): string {
  if (!source.startsWith("sg-")) return cidrProblem(source);
  return isSecurityGroup(source)
    ? ""
    : "a security group id such as sg-0123456789abcdef0 is needed";
}

/** A CIDR whose base has no bits outside its mask, as AWS demands. */
export function cidrProblem(cidr: string): string {
  const [base = "", bits = "", ...rest] = cidr.split("/");
  if (rest.length || !isIPv4(base) || !/^(\d|[12]\d|3[0-2])$/.test(bits))
    return "a CIDR such as 10.0.0.0/16 is needed";
  const address = base.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
  if (address % 2 ** (32 - Number(bits)) !== 0) return "the address has bits outside its mask";
  return Number(bits) > 0 && holdsNoSource(base, Number(bits))
    ? "addresses that packets come from are needed, and these are no host's, or a host's own; " +
        "the whole Internet is 0.0.0.0/0"
    : "";
}

/** A list of networks that answers for single addresses. */
function networks(...cidrs: [base: string, bits: number][]): BlockList {
  const list = new BlockList();
  for (const [base, bits] of cidrs) list.addSubnet(base, bits);
  return list;
}

/**
 * Networks that are nobody's on the Internet (RFC 1918, and RFC 6598 between carriers and their
 * customers).
 */
const privateNetworks: [base: string, bits: number][] = [
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10],
];

/**
 * How far a well-formed CIDR reaches beyond what one organisation has: a private network may have
 * any size, another 65536 addresses.
 */
export function widthProblem(cidr: string): string {
  const [base = "", bits = ""] = cidr.split("/");
  const width = Number(bits);
  if (width === 0) return "never the whole Internet";
  const inside = privateNetworks.some(
    (network) => width >= network[1] && networks(network).check(base),
  );
  return inside || width >= 16
    ? ""
    : "outside the private networks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, " +
        "100.64.0.0/10) never more than a /16";
}

/** Addresses that are no host's: "this network", and from multicast upwards. */
const noHosts = networks(["0.0.0.0", 8], ["224.0.0.0", 3]);

/** Whether a whole network is of such addresses, or of those that never leave a host. */
function holdsNoSource(base: string, bits: number): boolean {
  if (base.startsWith("127.")) return bits >= 8;
  return noHosts.check(base) && bits >= (base.startsWith("0.") ? 8 : 3);
}

/** `address` or `address:port`. */
export function nameserverProblem(server: string): string {
  const [address = "", port = "53", ...rest] = server.split(":");
  if (rest.length || !isIPv4(address))
    return "an IPv4 address, with :port where it is not 53, is needed";
  if (noHosts.check(address)) return "the address of a host is needed";
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535
    ? ""
    : "the port is a number from 1 to 65535";
}
