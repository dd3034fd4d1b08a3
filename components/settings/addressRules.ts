/** What names and addresses must look like. Pure; each function returns the broken rule, or "". */

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

/**
 * A KMS key's ARN in the nodes' region. An id or alias will not do: EC2 answers with the ARN, which
 * would look like a change at every `up`.
 */
export function kmsKeyProblem(key: string, region: string): string {
  const match =
    /^arn:aws(?:-[a-z]+)*:kms:([a-z0-9-]+):\d{12}:key\/(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$/.exec(
      key,
    );
  if (!match)
    return (
      "the ARN of a key is needed, arn:aws:kms:<region>:<account>:key/<id>; an id or " +
      "alias alone would look changed at every `up`"
    );
  return region && match[1] !== region ? `a key of the nodes' region is needed (${region})` : "";
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

/** A CIDR whose base has no bits outside its mask, as AWS demands. */
export function cidrProblem(cidr: string): string {
  const [base = "", bits = ""] = cidr.split("/");
  if (cidr.split("/").length !== 2 || addressProblem(base) || !/^(\d|[12]\d|3[0-2])$/.test(bits))
    return "a CIDR such as 10.0.0.0/16 is needed";
  return numberOf(base) % 2 ** (32 - Number(bits)) === 0
    ? ""
    : "the address has bits outside its mask";
}

/**
 * Networks that are nobody's on the Internet (RFC 1918, and RFC 6598 between carriers and their
 * customers).
 */
const privateNetworks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];

/**
 * How far a well-formed CIDR reaches beyond what one organisation has: a private network may have
 * any size, another 65536 addresses.
 */
export function widthProblem(cidr: string): string {
  const [base = "", bits = ""] = cidr.split("/");
  const width = Number(bits);
  if (width === 0) return "never the whole Internet";
  const inside = privateNetworks.some((network) => {
    const [first = "", least = ""] = network.split("/");
    const size = 2 ** (32 - Number(least));
    return width >= Number(least) && Math.floor(numberOf(base) / size) === numberOf(first) / size;
  });
  return inside || width >= 16
    ? ""
    : "outside the private networks (10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, " +
        "100.64.0.0/10) never more than a /16";
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** `address` or `address:port`. */
export function nameserverProblem(server: string): string {
  const [address = "", port = "53", ...rest] = server.split(":");
  if (rest.length || addressProblem(address))
    return "an IPv4 address, with :port where it is not 53, is needed";
  if (!Number.parseInt(address, 10) || Number.parseInt(address, 10) > 223)
    return "the address of a host is needed";
  return /^[1-9]\d{0,4}$/.test(port) && Number(port) <= 65535
    ? ""
    : "the port is a number from 1 to 65535";
}

function addressProblem(address: string): string {
  const parts = address.split(".");
  return parts.length === 4 && parts.every((p) => /^(0|[1-9]\d{0,2})$/.test(p) && Number(p) <= 255)
    ? ""
    : "an IPv4 address is needed";
}
