/**
 * The stack's configuration, checked as a whole: every problem at once, each with field, rule and
 * value received. Pure; preview checks form only, never the network.
 */
import {
  domainProblem,
  kmsKeyProblem,
  nameserverProblem,
  nodeNameProblem,
  regionOf,
  urlProblem,
} from "./addressRules.ts";
import { type AllowedSources, readSources } from "./sources.ts";
import { type CertificateSettings, readCertificateSettings } from "./authority.ts";
import {
  arrayOfText,
  booleanOf,
  duplicates,
  integerOf,
  objectOf,
  type Problem,
  type RawConfig,
  textOf,
  unknownKeys,
} from "./problems.ts";
import { archiveDigests, versionProblem } from "./etcdReleases.ts";
import { instanceTypeProblem } from "./instanceTypes.ts";

/** What differs between nodes. */
export interface NodeSettings {
  /** Availability zone, such as us-east-1a. */
  readonly zone: string;
  readonly instanceType: string;
}

export interface ChefSettings {
  readonly product: "cinc" | "chef" | "preinstalled";
  readonly version: string;
  /** A package to install instead of the product's own; with its sha256. */
  readonly packageUrl: string;
  readonly packageSha256: string;
}

/** Checked configuration; defaults are Pulumi.yaml's. */
export interface Settings extends AllowedSources, CertificateSettings {
  readonly domain: string;
  readonly zoneId: string;
  readonly nodes: Readonly<Record<string, NodeSettings>>;
  readonly tls: boolean;
  readonly subnets: Readonly<Record<string, string>>;
  readonly publicAddress: boolean;
  /** ARN of the key that encrypts all disks; empty for the account's default. */
  readonly kmsKeyId: string;
  readonly ami: string;
  readonly architecture: "amd64" | "arm64";
  readonly dataVolumeGb: number;
  readonly sshUser: string;
  readonly etcdVersion: string;
  readonly etcdMirror: string;
  /** Digest of each architecture's archive; empty where the mirror's own list is believed. */
  readonly etcdSha256: Readonly<Record<string, string>>;
  readonly etcdChecksums: "pinned" | "mirror";
  readonly chef: ChefSettings;
  readonly nameservers: readonly string[];
  readonly ttl: number;
  readonly dnsTimeout: number;
  readonly bootstrapTimeout: number;
  readonly healthTimeout: number;
}

/** Version of the Cinc client that is installed when nothing else is configured. */
export const defaultChefVersion = "18.8.54";

/** Reads all of the configuration. `problems` is empty exactly when `settings` may be used. */
export function readSettings(raw: RawConfig): { settings: Settings; problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const refuse = (field: string, rule: string, value: unknown) =>
    problems.push({ field, rule, value });
  const rule = (field: string, value: string, problem: string) => {
    if (problem) refuse(field, problem, value);
  };

  const domain = textOf(raw, "domain", problems);
  rule("domain", domain, domainProblem(domain));
  const zoneId = textOf(raw, "zoneId", problems);
  if (!/^[0-9a-f]{32}$/.test(zoneId))
    refuse(
      "zoneId",
      "32 hexadecimal digits in small letters are needed, as the zone's overview at " +
        "Cloudflare shows them",
      zoneId,
    );
  const tls = booleanOf(raw, "tls", problems);
  const certificates = readCertificateSettings(raw, problems);

  const architecture = oneOf(raw, "architecture", ["amd64", "arm64"], problems);
  const nodes = readNodes(raw, architecture, problems);
  const subnets = stringMap(raw, "subnets", problems);
  for (const [zone, subnet] of Object.entries(subnets)) {
    if (!regionOf(zone))
      refuse(`subnets.${zone}`, "the key is an availability zone such as us-east-1a", zone);
    if (!/^subnet-([0-9a-f]{8}|[0-9a-f]{17})$/.test(subnet))
      refuse(`subnets.${zone}`, "a subnet id such as subnet-0123456789abcdef0 is needed", subnet);
  }
  duplicates(Object.values(subnets)).forEach(([index, subnet]) =>
    refuse(`subnets.${Object.keys(subnets)[index]}`, "a subnet lies in one zone", subnet),
  );
  if (Object.keys(subnets).length) {
    for (const [name, node] of Object.entries(nodes)) {
      if (node.zone && !subnets[node.zone])
        refuse(
          `nodes.${name}.zone`,
          `etcd:subnets names no subnet for this zone (it has ${Object.keys(subnets).join(", ")})`,
          node.zone,
        );
    }
  }
  const sources = readSources(raw, problems);
  const kmsKeyId = textOf(raw, "kmsKeyId", problems);
  rule(
    "kmsKeyId",
    kmsKeyId,
    kmsKeyId && kmsKeyProblem(kmsKeyId, regionOf(Object.values(nodes)[0]?.zone ?? "")),
  );
  const ami = textOf(raw, "ami", problems);
  if (ami && !/^ami-([0-9a-z]{8}|[0-9a-z]{17})$/.test(ami))
    refuse("ami", "an image id such as ami-0123456789abcdef0 is needed", ami);
  const sshUser = textOf(raw, "sshUser", problems);
  if (!/^[a-z_][a-z0-9_-]{0,31}$/.test(sshUser))
    refuse("sshUser", "a Linux user name is needed", sshUser);

  const etcdVersion = textOf(raw, "etcdVersion", problems);
  rule("etcdVersion", etcdVersion, versionProblem(etcdVersion));
  const etcdMirror = textOf(raw, "etcdMirror", problems).replace(/\/+$/, "");
  rule(
    "etcdMirror",
    hidePassword(etcdMirror),
    urlProblem(etcdMirror) ||
      (etcdMirror.endsWith(".tar.gz")
        ? "the address above v<version>/ is needed, not that of an archive"
        : ""),
  );
  const etcdChecksums = oneOf(raw, "etcdChecksums", ["pinned", "mirror"], problems);
  const given = stringMap(raw, "etcdSha256", problems);
  for (const [arch, digest] of Object.entries(given)) {
    if (arch !== "amd64" && arch !== "arm64")
      refuse(`etcdSha256.${arch}`, "unknown architecture; known are amd64 and arm64", digest);
    else if (!/^[0-9a-f]{64}$/.test(digest))
      refuse(`etcdSha256.${arch}`, "64 hexadecimal digits in lower case are needed", digest);
  }
  const pinned = Object.keys(given).length ? given : archiveDigests(etcdVersion);
  if (
    etcdChecksums === "pinned" &&
    !versionProblem(etcdVersion) &&
    ["amd64", "arm64"].includes(architecture) &&
    !pinned[architecture]
  ) {
    refuse(
      "etcdVersion",
      `no digest is known here for its ${architecture} archive; set etcd:etcdSha256 ` +
        "from the release's SHA256SUMS",
      etcdVersion,
    );
  }

  if (etcdChecksums === "mirror" && Object.keys(given).length)
    refuse("etcdSha256", "goes with etcdChecksums: pinned; with mirror nothing compares it", given);

  const nameservers = arrayOfText(raw, "nameservers", problems);
  nameservers.forEach((server, i) => rule(`nameservers[${i}]`, server, nameserverProblem(server)));
  duplicates(nameservers.map((server) => server.replace(/:53$/, ""))).forEach(([index, server]) =>
    refuse(`nameservers[${index}]`, "each server once", server),
  );

  const settings: Settings = {
    domain,
    zoneId,
    nodes,
    tls,
    ...certificates,
    subnets,
    ...sources,
    kmsKeyId,
    ami,
    architecture,
    sshUser,
    etcdVersion,
    etcdMirror,
    etcdChecksums,
    nameservers,
    publicAddress: booleanOf(raw, "publicAddress", problems),
    etcdSha256: etcdChecksums === "pinned" ? pinned : {},
    chef: readChef(raw, problems),
    dataVolumeGb: integerOf(raw, "dataVolumeGb", 1, 16384, "GiB", problems),
    ttl: integerOf(raw, "ttl", 60, 86400, "seconds", problems),
    dnsTimeout: integerOf(raw, "dnsTimeout", 5, 3600, "seconds", problems),
    bootstrapTimeout: integerOf(raw, "bootstrapTimeout", 60, 7200, "seconds", problems),
    healthTimeout: integerOf(raw, "healthTimeout", 5, 3600, "seconds", problems),
  };
  // Chef's run holds the node's own wait for DNS: ended before it, it could not name the record
  // that is missing.
  if (settings.dnsTimeout <= 3600 && settings.bootstrapTimeout < settings.dnsTimeout + 60) {
    refuse(
      "bootstrapTimeout",
      `a minute more than dnsTimeout (${settings.dnsTimeout}) at least, because a node ` +
        "waits for DNS as long within it",
      settings.bootstrapTimeout,
    );
  }
  return { settings, problems };
}

function readNodes(
  raw: RawConfig,
  architecture: "amd64" | "arm64",
  problems: Problem[],
): Record<string, NodeSettings> {
  const given = objectOf(raw, "nodes", problems);
  const names = Object.keys(given).sort();
  const common = textOf(raw, "instanceType", problems);
  if (![1, 3, 5, 7].includes(names.length)) {
    const even = names.length === 2 || names.length === 4 || names.length === 6;
    const why =
      names.length === 0
        ? "at least one node is needed"
        : even
          ? `${names.length} members tolerate as many failures as ${names.length - 1} and ` +
            "need more to agree"
          : "more than seven members make every write slower";
    problems.push({ field: "nodes", rule: `${why}; use 1, 3, 5 or 7`, value: names.join(", ") });
  }
  const nodes: Record<string, NodeSettings> = {};
  for (const name of names) {
    const misnamed = nodeNameProblem(name);
    if (misnamed) problems.push({ field: `nodes.${name}`, rule: misnamed, value: name });
    const node = objectOf(given, name, problems, `nodes.${name}`);
    unknownKeys(node, ["zone", "instanceType"], `nodes.${name}`, problems);
    const zone = textOf(node, "zone", problems, `nodes.${name}.zone`);
    if (!regionOf(zone))
      problems.push({
        field: `nodes.${name}.zone`,
        rule: "an availability zone such as us-east-1a is needed",
        value: zone,
      });
    const own = node.instanceType !== undefined;
    const type = own
      ? textOf(node, "instanceType", problems, `nodes.${name}.instanceType`)
      : common;
    const unfit = instanceTypeProblem(type, architecture);
    if (unfit)
      problems.push({
        field: own ? `nodes.${name}.instanceType` : "instanceType",
        rule: unfit,
        value: type,
      });
    nodes[name] = { zone, instanceType: type };
  }
  const region = regionOf(Object.values(nodes)[0]?.zone ?? "");
  for (const [name, { zone }] of Object.entries(nodes)) {
    if (region && regionOf(zone) && regionOf(zone) !== region)
      problems.push({
        field: `nodes.${name}.zone`,
        rule: `all nodes lie in one region, and others lie in ${region}`,
        value: zone,
      });
  }
  return nodes;
}

function readChef(raw: RawConfig, problems: Problem[]): ChefSettings {
  const chef = objectOf(raw, "chef", problems);
  unknownKeys(chef, ["product", "version", "packageUrl", "packageSha256"], "chef", problems);
  const text = (key: string, otherwise: string) =>
    chef[key] === undefined ? otherwise : textOf(chef, key, problems, `chef.${key}`);
  const product = text("product", "cinc");
  const version = text("version", defaultChefVersion);
  const packageUrl = text("packageUrl", "");
  const packageSha256 = text("packageSha256", "");
  if (product !== "cinc" && product !== "chef" && product !== "preinstalled")
    problems.push({
      field: "chef.product",
      rule: "one of cinc, chef, preinstalled",
      value: product,
    });
  if (!/^\d+\.\d+\.\d+$/.test(version) || Number.parseInt(version, 10) < 18)
    problems.push({
      field: "chef.version",
      rule: "a full version such as 18.8.54 is needed, 18 or newer",
      value: version,
    });
  const unfit =
    packageUrl &&
    (urlProblem(packageUrl) ||
      (packageUrl.endsWith(".deb") ? "" : "the http or https URL of a .deb package is needed"));
  if (unfit)
    problems.push({ field: "chef.packageUrl", rule: unfit, value: hidePassword(packageUrl) });
  if (product === "preinstalled" && packageUrl)
    problems.push({
      field: "chef.packageUrl",
      rule: "goes with the products that are installed; with preinstalled nothing is",
      value: packageUrl,
    });
  if (packageSha256 && !packageUrl)
    problems.push({
      field: "chef.packageSha256",
      rule: "goes with chef.packageUrl, which is missing",
      value: packageSha256,
    });
  if (packageUrl && !/^[0-9a-f]{64}$/.test(packageSha256))
    problems.push({
      field: "chef.packageSha256",
      rule: "a package URL goes with the package's sha256, 64 hexadecimal digits",
      value: packageSha256,
    });
  return { product: product as ChefSettings["product"], version, packageUrl, packageSha256 };
}

function stringMap(raw: RawConfig, field: string, problems: Problem[]): Record<string, string> {
  const given = objectOf(raw, field, problems);
  return Object.fromEntries(
    Object.keys(given).map((key) => [key, textOf(given, key, problems, `${field}.${key}`)]),
  );
}

function oneOf<T extends string>(
  raw: RawConfig,
  field: string,
  allowed: readonly T[],
  problems: Problem[],
): T {
  const value = textOf(raw, field, problems);
  if (!allowed.includes(value as T))
    problems.push({ field, rule: `one of ${allowed.join(", ")}`, value });
  return value as T;
}

/** A URL as messages may show it. */
function hidePassword(url: string): string {
  return url.replace(/\/\/[^/]*@/, "//…@");
}
