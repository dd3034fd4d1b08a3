/**
 * Every setting, once: its type and rule, its default, its description. From here come the checks
 * (settings.ts), the `config:` section of Pulumi.yaml and docs/configuration.md (`npm run docs`),
 * and the fixtures of tests. A rule over several settings stands in rulesTogether.ts. Pure.
 */
import type * as v from "valibot";
import {
  cidrProblem,
  domainProblem,
  imageProblem,
  kmsKeyProblem,
  mirrorProblem,
  nameserverProblem,
  nodeNameProblem,
  quotingHint,
  regionOf,
  sourceProblem,
  subnetProblem,
  withoutPassword,
  zoneIdProblem,
} from "./addressRules.ts";
import { versionProblem } from "./etcdReleases.ts";
import {
  later,
  lines,
  list,
  listOfLater,
  mapOf,
  objectOf,
  oneOf,
  secretLines,
  setting,
  text,
  whole,
  yesNo,
} from "./fields.ts";
import { sshKey } from "./sshKey.ts";

/** A rule for what may be left empty. */
const ifGiven = (rule: (value: string) => string) => (value: string) => value && rule(value);

const needsSources =
  "at least one CIDR is needed, the address of the machine that runs Pulumi among them";

/** What differs between nodes. */
const node = objectOf({
  zone: setting(
    text((zone) => (regionOf(zone) ? "" : "an availability zone such as us-east-1a is needed")),
    "",
    "Availability zone or local zone.",
  ),
  instanceType: setting(text(), undefined, "Default: that of all nodes."),
});

const digest = text((value) =>
  /^[0-9a-f]{64}$/.test(value) ? "" : "64 hexadecimal digits in lower case are needed",
);

const chef = objectOf({
  product: setting(oneOf("cinc", "chef", "preinstalled"), "cinc", "What is installed."),
  version: setting(
    text((version) =>
      /^\d+\.\d+\.\d+$/.test(version) && Number.parseInt(version, 10) >= 18
        ? ""
        : "a full version such as 18.8.54 is needed, 18 or newer",
    ),
    undefined,
    "Its version. Default: 18.8.54.",
  ),
  packageUrl: setting(text(), "", "A package to install instead of the product's own."),
  packageSha256: setting(text(), "", "The digest of that package."),
});

/** The settings in the order of Pulumi.yaml. */
export const schema = {
  domain: setting(
    text(domainProblem),
    "",
    "The discovery domain, such as etcd.example.com. Members are " +
      "<node>.<domain>; the SRV records " +
      "lie below it. Required.",
  ),
  zoneId: setting(
    later(text(zoneIdProblem)),
    "",
    "ID of the Cloudflare zone that holds the domain (32 hexadecimal digits). Required.",
  ),
  nodes: setting(
    mapOf(node, nodeNameProblem),
    {},
    "The members, by name, with what differs between them: " +
      "{a: {zone: us-east-1a}, b: {zone: us-east-1b}, c: {zone: us-east-1c}}. 1, 3, 5 or 7 of " +
      "them. They come and go with their names, one at a time, by up; one that stays keeps its " +
      "zone. Each may have an instanceType of its own. Required.",
  ),
  tls: setting(
    yesNo(),
    true,
    "Traffic of clients and members is encrypted and both sides show certificates. false: the " +
      "original way; whoever reaches the ports reads, writes and joins.",
  ),
  caCertificate: setting(
    later(lines()),
    "",
    "Certificate of a CA of yours that signs the cluster's, PEM; one " +
      "that signed itself, for this " +
      "cluster only, because etcd takes any certificate of it for a client. Default: the program " +
      "makes one.",
  ),
  caPrivateKey: setting(later(secretLines()), "", "The key of that CA, PEM; set it with --secret."),
  certificateDays: setting(
    whole(1, 3650, "days"),
    365,
    "Days that the certificates of members and of the operator are valid.",
  ),
  renewBeforeDays: setting(
    whole(0, 3649, "days"),
    60,
    "Days before their end at which preview shows a change and up renews them, without a restart " +
      "of etcd. Run up more often than that.",
  ),
  subnets: setting(
    mapOf(later(text(subnetProblem)), (zone) =>
      regionOf(zone) ? "" : "the key is an availability zone such as us-east-1a",
    ),
    {},
    "Subnet of each availability zone, {us-east-1a: subnet-0123…}. Default: the default VPC's.",
  ),
  publicAddress: setting(
    yesNo(),
    false,
    "Give each node an Elastic IP, as its way out where the subnets have no NAT. DNS keeps the " +
      "private addresses.",
  ),
  sshFrom: setting(
    listOfLater({ rule: cidrProblem, empty: needsSources, twice: "each CIDR once" }),
    [],
    "CIDRs that may reach port 22, the machine that runs Pulumi among them. Required.",
  ),
  clientsFrom: setting(
    listOfLater({ rule: sourceProblem, empty: needsSources, twice: "each CIDR once" }),
    [],
    "CIDRs and security groups (sg-…) that may reach port 2379, the machine that runs Pulumi " +
      "among them. Required.",
  ),
  openToTheWorld: setting(
    yesNo(),
    false,
    "Lets sshFrom and clientsFrom hold the whole Internet (0.0.0.0/0), or public networks wider " +
      "than a /16.",
  ),
  kmsKeyId: setting(
    later(text(ifGiven((key) => kmsKeyProblem(key, "")))),
    "",
    "ARN of the KMS key for the root and data volumes, in the nodes' region. Default: the " +
      "account's default key for EBS. It stays as it was at the first up.",
  ),
  ami: setting(
    later(text(ifGiven(imageProblem))),
    "",
    "Image of the nodes. Default: the newest Debian 13 for the architecture at the first up; " +
      "later images do not replace a node.",
  ),
  architecture: setting(
    oneOf("amd64", "arm64"),
    "amd64",
    "amd64 or arm64; has to fit the instance type.",
  ),
  instanceType: setting(
    text(),
    "t3.medium",
    "A Nitro type. etcd wants steady disks and network more than many cores.",
  ),
  dataVolumeGb: setting(
    whole(1, 16384, "GiB"),
    20,
    "Size of each member's data volume, in GiB (gp3, encrypted).",
  ),
  keepData: setting(
    oneOf("none", "volumes"),
    "none",
    "volumes: a destroy, or a node taken out, leaves the data volumes in the account, and a " +
      "destroy names them at its end. It holds from the `up` that sets it.",
  ),
  sshUser: setting(
    text((user) => (/^[a-z_][a-z0-9_-]{0,31}$/.test(user) ? "" : "a Linux user name is needed")),
    "admin",
    "The image's user with sudo (admin on Debian's images).",
  ),
  sshPrivateKey: setting(
    later(
      secretLines((key) =>
        key ? sshKey(key).problem : "a private key is needed to reach the nodes",
      ),
    ),
    "",
    "Private key for SSH to the nodes, ed25519 or RSA from 2048 bits on, in OpenSSH or PEM form " +
      "(PKCS 1 or 8), without passphrase; set it with --secret. This or sshPrivateKeyFile is " +
      "required; EC2 gets the public half.",
  ),
  sshPrivateKeyFile: setting(text(), "", "File with that private key, relative to the project."),
  etcdVersion: setting(
    text(versionProblem),
    "3.6.14",
    "etcd release. At least 3.5.33, 3.6.14 or 3.7.1 of its line, for the security fixes of 2026.",
  ),
  etcdMirror: setting(
    text((url) => mirrorProblem(url), withoutPassword),
    "https://github.com/etcd-io/etcd/releases/download",
    "Where release archives come from; <mirror>/v<version>/etcd-v<version>-linux-<arch>.tar.gz.",
  ),
  etcdChecksums: setting(
    oneOf("pinned", "mirror"),
    "pinned",
    "pinned: the archive must have the digest known here or in etcdSha256. mirror: the mirror's " +
      "own SHA256SUMS is believed.",
  ),
  etcdSha256: setting(
    mapOf(digest, (arch) =>
      ["amd64", "arm64"].includes(arch) ? "" : "unknown architecture; known are amd64 and arm64",
    ),
    {},
    "sha256 of the archives of a version not known here, by architecture: {amd64: …, arm64: …}.",
  ),
  chef: setting(
    chef,
    {},
    "The Chef client: {product: cinc | chef | preinstalled, version: 18.…, packageUrl: " +
      "https://…deb, packageSha256: …}. Default: the pinned Cinc client.",
  ),
  nameservers: setting(
    list({
      rule: nameserverProblem,
      twice: "each server once",
      same: (server) => server.replace(/:53$/, ""),
    }),
    [],
    "Authoritative servers of the zone, address or address:port. Default: found by walking down " +
      "from the root zone.",
  ),
  ttl: setting(whole(60, 86400, "seconds"), 60, "TTL of all records, in seconds (60 to 86400)."),
  dnsTimeout: setting(
    whole(5, 3600, "seconds"),
    120,
    "How long `up` waits for DNS to be complete everywhere, in seconds.",
  ),
  bootstrapTimeout: setting(
    whole(60, 7200, "seconds"),
    900,
    "How long one node's Chef run may take, in seconds.",
  ),
  healthTimeout: setting(
    whole(5, 3600, "seconds"),
    120,
    "How long the members may take to become one healthy cluster, in seconds.",
  ),
  renamedFrom: setting(
    text((name) => (/^[\w.-]*$/.test(name) ? "" : "the name of a stack is needed")),
    "",
    "The stack's earlier name, for one `up` after `pulumi stack rename`: without it a state with " +
      "the things of another stack is taken for a copy, and refused.",
  ),
  acceptRestore: setting(
    text((id) =>
      /^[0-9a-f]{0,16}$/.test(id)
        ? ""
        : `a cluster ID in hexadecimal is needed${quotingHint(id, "etcd:acceptRestore")}`,
    ),
    "",
    "ID of the cluster that is taken for this one although it is not the one that was healthy, " +
      "once: after a restore that is meant. The error of up names it.",
  ),
  rejoin: setting(
    text(),
    "",
    "Name of a member that somebody has removed from the cluster by hand, or whose etcd cannot " +
      "read its data, and that is to join it anew: its old data are set aside on its disk.",
  ),
};

const { sshPrivateKeyFile: _onlyInStackFiles, ...ofCluster } = schema;
/** What the component takes: a file on this machine is the stack's business. */
export const clusterSchema = ofCluster;

/** The settings as they are once each of them alone has been found right. */
export type Values = {
  readonly [Name in keyof typeof clusterSchema]: v.InferOutput<(typeof clusterSchema)[Name]>;
};
