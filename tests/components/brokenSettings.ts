/** Mistakes in the configuration, each with the line a user is to see. */
import { generateKeyPairSync } from "node:crypto";
import type { RawConfig } from "../../components/settings/problems.ts";
import { validSettings } from "./validSettings.ts";

/** A configuration with nothing wrong; each case breaks one field. */
export const valid = validSettings();
export const zones = (...names: string[]) =>
  Object.fromEntries(names.map((n) => [n, { zone: "us-east-1a" }]));

/** An RSA key that EC2 would take, and nobody should. */
const shortKey = String(
  generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
    type: "pkcs1",
    format: "pem",
  }),
);

/** What is wrong, the fields that make it so, and the line that refuses it. */
export const broken: [string, RawConfig, RegExp][] = [
  ["no domain", { domain: "" }, /^domain: a domain is needed.*\(got nothing\)$/],
  ["a bare label", { domain: "etcd" }, /^domain: .*two labels/],
  ["a trailing dot", { domain: "etcd.example.com." }, /^domain: no dot at the end/],
  ["capitals in the domain", { domain: "Etcd.example.com" }, /^domain: every label: small letters/],
  ["Unicode in the domain", { domain: "étcd.example.com" }, /^domain: every label/],
  [
    "a domain too long",
    { domain: `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.com` },
    /^domain: 180 characters/,
  ],
  ["an empty label", { domain: "etcd..com" }, /^domain: every label/],
  [
    "an address for the domain",
    { domain: "10.0.0.1" },
    /^domain: a domain is needed, not an address/,
  ],
  ["an underscore in the domain", { domain: "my_etcd.example.com" }, /^domain: every label/],
  ["a URL for the domain", { domain: "https://etcd.example.com" }, /^domain: every label/],
  ["a wildcard for the domain", { domain: "*.example.com" }, /^domain: every label/],
  [
    "the SRV name for the domain",
    { domain: "_etcd-server._tcp.example.com" },
    /^domain: every label/,
  ],
  [
    "a label too long in the domain",
    { domain: `${"a".repeat(64)}.com` },
    /^domain: every label: 63 characters at most/,
  ],
  ["a number for the domain", { domain: 5 }, /^domain: a text is needed, in quotes \(got 5\)$/],
  [
    "a line end after the domain",
    { domain: "etcd.example.com\n" },
    /^domain: no spaces or line ends around the value \(got "etcd\.example\.com\\n"\)$/,
  ],
  [
    "a letter that only looks Latin",
    { domain: "\u0435tcd.example.com" },
    /^domain: every label: .*\(got "\\u0435tcd\.example\.com"\)$/,
  ],
  [
    "an invisible space in an address",
    { sshFrom: ["10.0.0.0/8\u200b"] },
    /^sshFrom\[0\]: a CIDR .*\(got "10\.0\.0\.0\/8\\u200b"\)$/,
  ],
  [
    "a direction mark in a zone, in an object",
    { nodes: ["us-east-1a\u202e"] },
    /^nodes: an object is needed \(got \["us-east-1a\\u202e"\]\)$/,
  ],
  ["a key that only looks known", { "ttl\u00ad": "60" }, /^ttl\\u00ad: unknown key; .*\(got 60\)$/],
  [
    "a line end within a value",
    { sshUser: "ad\nmin" },
    /^sshUser: a Linux user name is needed \(got "ad\\nmin"\)$/,
  ],
  ["spaces around the domain", { domain: " etcd.example.com" }, /^domain: no spaces/],
  [
    "a zone name for a zone id",
    { zoneId: "example.com" },
    /^zoneId: 32 hexadecimal digits.*\(got example\.com\)$/,
  ],
  [
    "a zone id in capitals",
    { zoneId: "0123456789ABCDEF0123456789ABCDEF" },
    /^zoneId: 32 hexadecimal digits in small letters/,
  ],
  [
    "a zone id that YAML made a number of",
    { zoneId: "1.2345678901234567e+31" },
    /^zoneId: 32 .*: quote it, etcd:zoneId: "…" \(got 1\.2345678901234567e\+31\)$/,
  ],
  ["a zone id of zeros without quotes", { zoneId: "0" }, /^zoneId: 32 .*: quote it/],
  [
    "a digest that YAML made a number of",
    { etcdSha256: { amd64: 1.2345678901234568e63 } },
    /^etcdSha256\.amd64: a text is needed, in quotes \(got 1\.2345678901234568e\+63\)$/,
  ],
  [
    "a cluster ID that YAML made a number of",
    { acceptRestore: "1.2e+17" },
    /^acceptRestore: a cluster ID in hexadecimal .*: quote it/,
  ],
  ["a zone id one digit short", { zoneId: "0".repeat(31) }, /^zoneId: 32 /],
  ["a zone id with hyphens", { zoneId: "01234567-89ab-cdef-0123-456789abcdef" }, /^zoneId: 32 /],
  ["a list for the zone id", { zoneId: ["0"] }, /^zoneId: a text is needed \(got \["0"\]\)$/],
  ["no zone id", { zoneId: "" }, /^zoneId: .*\(got nothing\)$/],
  ["no nodes", { nodes: {} }, /^nodes: at least one node.*\(got nothing\)$/],
  ["two nodes", { nodes: zones("a", "b") }, /^nodes: 2 members tolerate as many failures as 1/],
  [
    "four nodes",
    { nodes: zones("a", "b", "c", "d") },
    /^nodes: 4 members tolerate as many failures as 3 and need more to agree; use 1, 3, 5 or 7 \(got a, b, c, d\)$/,
  ],
  ["nine nodes", { nodes: zones(..."abcdefghi") }, /^nodes: more than seven/],
  ["nodes as a list", { nodes: ["a", "b", "c"] }, /^nodes: an object is needed/],
  ["nodes as a number", { nodes: 3 }, /^nodes: an object is needed \(got 3\)$/],
  ["nodes as a text", { nodes: "a,b,c" }, /^nodes: an object is needed/],
  ["nodes set to null", { nodes: null }, /^nodes: an object is needed \(got null\)$/],
  ["six nodes", { nodes: zones(..."abcdef") }, /^nodes: 6 members tolerate as many failures as 5/],
  [
    "a node without a name",
    { nodes: zones("", "b", "c") },
    /^nodes\.: the name becomes part of a host name/,
  ],
  ["a node name with a dot", { nodes: zones("a.b", "b", "c") }, /^nodes\.a\.b: /],
  [
    "a node name in Unicode",
    { nodes: zones("ä", "b", "c") },
    /^nodes\.\\u00e4: .*\(got "\\u00e4"\)$/,
  ],
  [
    "a nameserver's name for a node",
    { nodes: zones("ns1", "b", "c") },
    /^nodes\.ns1: names such as ns1 are kept/,
  ],
  [
    "a node named __proto__",
    {
      nodes: JSON.parse(
        '{"__proto__":{"zone":"us-east-1a"},"b":{"zone":"us-east-1a"},"c":{"zone":"us-east-1a"}}',
      ),
    },
    /^nodes\.__proto__: /,
  ],
  [
    "a node that is null",
    { nodes: { ...zones("b", "c"), a: null } },
    /^nodes\.a: an object is needed \(got null\)$/,
  ],
  [
    "a zone that is a number",
    { nodes: { ...zones("b", "c"), a: { zone: 1 } } },
    /^nodes\.a\.zone: a text is needed, in quotes \(got 1\)$/,
  ],
  [
    "a zone in capitals",
    { nodes: { ...zones("b", "c"), a: { zone: "US-EAST-1A" } } },
    /^nodes\.a\.zone: an availability zone/,
  ],
  [
    "zones of two regions",
    { nodes: { a: { zone: "us-east-1a" }, b: { zone: "us-east-1b" }, c: { zone: "eu-west-1a" } } },
    /^nodes\.c\.zone: all nodes lie in one region, and others lie in us-east-1 \(got eu-west-1a\)$/,
  ],
  [
    "a node with an empty instance type",
    { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", instanceType: "" } } },
    /^nodes\.a\.instanceType: .*\(got nothing\)$/,
  ],
  [
    "a node's type of the other architecture",
    { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", instanceType: "m7g.large" } } },
    /^nodes\.a\.instanceType: this type is arm64; etcd:architecture is amd64/,
  ],
  [
    "a node name with underscore",
    { nodes: zones("a_1", "b", "c") },
    /^nodes\.a_1: .*small letters/,
  ],
  ["a node name in capitals", { nodes: zones("A", "b", "c") }, /^nodes\.A: /],
  [
    "a node name of 64 characters",
    { nodes: zones("a".repeat(64), "b", "c") },
    /63 characters at most/,
  ],
  ["a node name that ends with a hyphen", { nodes: zones("a-", "b", "c") }, /^nodes\.a-: /],
  [
    "a node without zone",
    { nodes: { ...zones("b", "c"), a: {} } },
    /^nodes\.a\.zone: .*\(got nothing\)$/,
  ],
  [
    "a region for a zone",
    { nodes: { ...zones("b", "c"), a: { zone: "us-east-1" } } },
    /^nodes\.a\.zone: an availability zone/,
  ],
  [
    "an unknown key in a node",
    { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", size: "big" } } },
    /^nodes\.a\.size: unknown key; known are zone, instanceType \(got big\)$/,
  ],
  [
    "a node that is a text",
    { nodes: { ...zones("b", "c"), a: "us-east-1a" } },
    /^nodes\.a: an object is needed/,
  ],
  [
    "a node with a bad instance type",
    { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", instanceType: "large" } } },
    /^nodes\.a\.instanceType: /,
  ],
  [
    "certificates for no day",
    { certificateDays: "0", renewBeforeDays: "0" },
    /^certificateDays: a whole number from 1 to 3650 \(days\) \(got 0\)$/,
  ],
  [
    "certificates that are always renewed",
    { certificateDays: "30", renewBeforeDays: "30" },
    /^renewBeforeDays: fewer days than certificateDays \(30\) .*\(got 30\)$/,
  ],
  [
    "certificates that are renewed once they have ended",
    { renewBeforeDays: "0" },
    /^renewBeforeDays: at least 1 is needed: .* \(got 0\)$/,
  ],
  ["half a day", { renewBeforeDays: "0.5" }, /^renewBeforeDays: a whole number/],
  ["TLS neither true nor false", { tls: "yes" }, /^tls: true or false \(got yes\)$/],
  [
    "a malformed subnet",
    { subnets: { "us-east-1a": "10.0.0.0/24" } },
    /^subnets\.us-east-1a: a subnet id/,
  ],
  [
    "a zone without subnet",
    {
      subnets: {
        "us-east-1a": "subnet-0123456789abcdef0",
        "us-east-1b": "subnet-0123456789abcdef1",
      },
    },
    /^nodes\.c\.zone: etcd:subnets names no subnet/,
  ],
  ["subnets as a list", { subnets: ["subnet-0123456789abcdef0"] }, /^subnets: an object is needed/],
  [
    "a subnet of 12 digits",
    { subnets: { "us-east-1a": "subnet-0123456789ab" } },
    /^subnets\.us-east-1a: a subnet id/,
  ],
  [
    "a subnet under what is no zone",
    { subnets: { first: "subnet-0123456789abcdef0" } },
    /^subnets\.first: the key is an availability zone/,
  ],
  [
    "one subnet for two zones",
    {
      subnets: {
        "us-east-1a": "subnet-0123456789abcdef0",
        "us-east-1b": "subnet-0123456789abcdef0",
      },
    },
    /^subnets\.us-east-1b: a subnet lies in one zone/,
  ],
  [
    "publicAddress with a word",
    { publicAddress: "yes" },
    /^publicAddress: true or false \(got yes\)$/,
  ],
  ["publicAddress as a number", { publicAddress: "1" }, /^publicAddress: true or false/],
  ["nobody may use SSH", { sshFrom: [] }, /^sshFrom: at least one CIDR/],
  ["nobody may connect", { clientsFrom: [] }, /^clientsFrom: at least one CIDR/],
  [
    "SSH for the whole Internet",
    { sshFrom: ["0.0.0.0/0"] },
    /^sshFrom\[0\]: never the whole Internet/,
  ],
  [
    "a public network that is too wide",
    { clientsFrom: ["8.0.0.0/15"] },
    /^clientsFrom\[0\]: outside the private networks .* never more than a \/16; .* set etcd:openToTheWorld to true \(got 8\.0\.0\.0\/15\)$/,
  ],
  [
    "more than the private network it begins with",
    { clientsFrom: ["172.16.0.0/11"] },
    /^clientsFrom\[0\]: the address has bits outside/,
  ],
  [
    "a network that holds a private one",
    { clientsFrom: ["172.0.0.0/8"] },
    /^clientsFrom\[0\]: outside the private networks/,
  ],
  [
    "a switch that nothing needs",
    { openToTheWorld: "true" },
    /^openToTheWorld: nothing in sshFrom or clientsFrom needs it/,
  ],
  ["a switch with a word", { openToTheWorld: "yes" }, /^openToTheWorld: true or false/],
  [
    "a malformed security group",
    { clientsFrom: ["sg-12"] },
    /^clientsFrom\[0\]: a security group id such as/,
  ],
  ["a security group for SSH", { sshFrom: ["sg-0123456789abcdef0"] }, /^sshFrom\[0\]: a CIDR/],
  [
    "a security group twice",
    { clientsFrom: ["sg-0123456789abcdef0", "sg-0123456789abcdef0"] },
    /^clientsFrom\[1\]: each CIDR once/,
  ],
  [
    "a KMS key by its id",
    { kmsKeyId: "1234abcd-12ab-34cd-56ef-1234567890ab" },
    /^kmsKeyId: the ARN of a key is needed/,
  ],
  ["a KMS key by its alias", { kmsKeyId: "alias/etcd" }, /^kmsKeyId: the ARN of a key is needed/],
  [
    "a KMS key of another region",
    { kmsKeyId: "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" },
    /^kmsKeyId: a key of the nodes' region is needed \(us-east-1\)/,
  ],
  [
    "a KMS key of another partition",
    { kmsKeyId: "arn:aws-cn:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" },
    /^kmsKeyId: us-east-1 lies in another partition: arn:aws:kms:… \(got arn:aws-cn:/,
  ],
  [
    "a KMS key of a region that is not the nodes', in the wrong partition too",
    { kmsKeyId: "arn:aws:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" },
    /^kmsKeyId: /,
  ],
  ["an address for a CIDR", { clientsFrom: ["10.0.0.1"] }, /^clientsFrom\[0\]: a CIDR/],
  [
    "a CIDR with bits outside its mask",
    { clientsFrom: ["10.0.0.1/8"] },
    /^clientsFrom\[0\]: the address has bits outside/,
  ],
  ["a CIDR with a mask of 33", { clientsFrom: ["10.0.0.0/33"] }, /^clientsFrom\[0\]: a CIDR/],
  [
    "a CIDR twice",
    { clientsFrom: ["10.0.0.0/8", "10.0.0.0/8"] },
    /^clientsFrom\[1\]: each CIDR once/,
  ],
  ...["0.0.0.0/32", "0.0.0.0/8", "127.0.0.1/32", "224.0.0.0/4", "255.255.255.255/32"].map(
    (cidr): [string, RawConfig, RegExp] => [
      `SSH from ${cidr}, where nobody is`,
      { sshFrom: [cidr] },
      /^sshFrom\[0\]: addresses that packets come from are needed, .*\(got [\d./]+\)$/,
    ],
  ),
  [
    "clients where nobody is",
    { clientsFrom: ["0.0.0.0/32"] },
    /^clientsFrom\[0\]: addresses that packets come from are needed/,
  ],
  ["an IPv6 network", { sshFrom: ["fd00::/8"] }, /^sshFrom\[0\]: a CIDR/],
  ["a CIDR with a leading zero", { sshFrom: ["010.0.0.0/8"] }, /^sshFrom\[0\]: a CIDR/],
  ["a CIDR with a space", { sshFrom: [" 10.0.0.0/8"] }, /^sshFrom\[0\]: a CIDR/],
  ["an empty CIDR", { sshFrom: [""] }, /^sshFrom\[0\]: a CIDR.*\(got nothing\)$/],
  [
    "a number in place of a CIDR",
    { sshFrom: [10] },
    /^sshFrom: a list of texts is needed \(got \[10\]\)$/,
  ],
  ["CIDRs as an object", { sshFrom: { office: "10.0.0.0/8" } }, /^sshFrom: a list of texts/],
  [
    "more CIDRs than a security group holds",
    { sshFrom: Array.from({ length: 50 }, (_, i) => `10.0.${i}.0/24`) },
    /^clientsFrom: .*room for 50 CIDRs together.*\(got 50 and 1\)$/,
  ],
  ["CIDRs as a text", { sshFrom: "10.0.0.0/8" }, /^sshFrom: a list of texts/],
  ["an image name", { ami: "debian-13" }, /^ami: an image id/],
  ["an image id that is not hexadecimal", { ami: "ami-zzzzzzzz" }, /^ami: an image id/],
  ["an image id of 10 digits", { ami: "ami-0123456789" }, /^ami: an image id/],
  [
    "an architecture in capitals",
    { architecture: "ARM64" },
    /^architecture: one of amd64, arm64 \(got ARM64\)$/,
  ],
  ["an unknown architecture", { architecture: "x86_64" }, /^architecture: one of amd64, arm64/],
  [
    "an instance type without size",
    { instanceType: "t3" },
    /^instanceType: an instance type such as t3\.medium is needed \(got t3\)$/,
  ],
  [
    "a size that AWS has not",
    { instanceType: "t3.mediun" },
    /^instanceType: AWS has no such size; did you mean t3\.medium\? \(got t3\.mediun\)$/,
  ],
  ["a size with a zero for an o", { instanceType: "t3.micr0" }, /did you mean t3\.micro\?/],
  [
    "a size in other words",
    { instanceType: "t3.big" },
    /^instanceType: AWS has no such size \(got/,
  ],
  [
    "a node's size that AWS has not",
    { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", instanceType: "m7i.xlage" } } },
    /^nodes\.a\.instanceType: AWS has no such size; did you mean m7i\.xlarge\?/,
  ],
  [
    "a type in capitals",
    { instanceType: "T3.Medium" },
    /^instanceType: an instance type .*; did you mean t3\.medium\?/,
  ],
  [
    "a type without its dot",
    { instanceType: "t3medium" },
    /^instanceType: an instance type such as t3\.medium is needed; did you mean t3\.medium\?/,
  ],
  [
    "a type of the other architecture",
    { instanceType: "t4g.medium" },
    /^instanceType: this type is arm64; etcd:architecture is amd64 \(got t4g\.medium\)$/,
  ],
  [
    "an architecture that the type is not of",
    { architecture: "arm64" },
    /^instanceType: this type is amd64; etcd:architecture is arm64/,
  ],
  ["a type before Nitro", { instanceType: "t2.medium" }, /^instanceType: a Nitro type/],
  [
    "no disk",
    { dataVolumeGb: "0" },
    /^dataVolumeGb: a whole number from 1 to 16384 \(GiB\) \(got 0\)$/,
  ],
  ["a disk size with unit", { dataVolumeGb: "20GiB" }, /^dataVolumeGb: /],
  ["a disk size that is no number", { dataVolumeGb: "NaN" }, /^dataVolumeGb: .*\(got NaN\)$/],
  ["a disk size with an exponent", { dataVolumeGb: "1e3" }, /^dataVolumeGb: .*\(got 1e3\)$/],
  ["a disk size in hexadecimal", { dataVolumeGb: "0x14" }, /^dataVolumeGb: /],
  ["a disk size with a leading zero", { dataVolumeGb: "020" }, /^dataVolumeGb: /],
  ["a negative disk size", { dataVolumeGb: "-20" }, /^dataVolumeGb: /],
  ["a disk size above all", { dataVolumeGb: "99999999999999999999" }, /^dataVolumeGb: /],
  ["a disk size in other digits", { dataVolumeGb: "٢٠" }, /^dataVolumeGb: /],
  ["an empty disk size", { dataVolumeGb: "" }, /^dataVolumeGb: .*\(got nothing\)$/],
  ["a disk size that is an object", { dataVolumeGb: {} }, /^dataVolumeGb: .*\(got \{\}\)$/],
  ["half a GiB", { dataVolumeGb: "0.5" }, /^dataVolumeGb: /],
  ["a user name with a space", { sshUser: "the admin" }, /^sshUser: /],
  ["a user name that is a command", { sshUser: "admin;id" }, /^sshUser: /],
  ["a user name too long", { sshUser: "a".repeat(33) }, /^sshUser: /],
  ["no user", { sshUser: "" }, /^sshUser: /],
  [
    "an RSA key of 1024 bits, not shown",
    { sshPrivateKey: shortKey },
    /^sshPrivateKey: an RSA key of 2048 bits or more .* \(got a text that is not shown\)$/,
  ],
  [
    "etcd 3.4",
    { etcdVersion: "3.4.30" },
    /^etcdVersion: the lines known here are 3\.5, 3\.6, 3\.7/,
  ],
  ["an unsafe patch", { etcdVersion: "3.6.13" }, /^etcdVersion: 3\.6\.14 or newer/],
  ["a version with v", { etcdVersion: "v3.6.14" }, /^etcdVersion: a release such as/],
  ["a release candidate", { etcdVersion: "3.7.0-rc.1" }, /^etcdVersion: a release such as/],
  ["a version with a leading zero", { etcdVersion: "3.6.014" }, /^etcdVersion: a release such as/],
  ["a version in other digits", { etcdVersion: "３.6.14" }, /^etcdVersion: a release such as/],
  [
    "a version that is a number",
    { etcdVersion: 3.6 },
    /^etcdVersion: a text is needed, in quotes \(got 3\.6\)$/,
  ],
  ["no version", { etcdVersion: "" }, /^etcdVersion: .*\(got nothing\)$/],
  ["latest", { etcdVersion: "latest" }, /^etcdVersion: a release such as/],
  ["a version without digest", { etcdVersion: "3.6.99" }, /^etcdVersion: no digest is known here/],
  ["a mirror without scheme", { etcdMirror: "mirror.example.com" }, /^etcdMirror: /],
  ["a mirror with a query", { etcdMirror: "https://mirror.example.com/?a=b" }, /^etcdMirror: /],
  [
    "a mirror with a password, which is not shown",
    { etcdMirror: "https://me:hidden@mirror.example.com" },
    /^etcdMirror: no user and password in it.*\(got https:\/\/…@mirror\.example\.com\)$/,
  ],
  [
    "a mirror with a port above all ports",
    { etcdMirror: "https://mirror.example.com:99999" },
    /^etcdMirror: an http or https URL/,
  ],
  [
    "a mirror over FTP",
    { etcdMirror: "ftp://mirror.example.com" },
    /^etcdMirror: an http or https URL/,
  ],
  [
    "a mirror that is a command",
    { etcdMirror: "https://mirror.example.com/'$(id)" },
    /^etcdMirror: letters/,
  ],
  [
    "a mirror too long",
    { etcdMirror: `https://mirror.example.com/${"a".repeat(500)}` },
    /^etcdMirror: .*500 at most/,
  ],
  [
    "an archive for the mirror",
    { etcdMirror: "https://mirror.example.com/v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz" },
    /^etcdMirror: the address above v<version>/,
  ],
  ["no mirror", { etcdMirror: "" }, /^etcdMirror: .*\(got nothing\)$/],
  ["data kept in another way", { keepData: "snapshots" }, /^keepData: one of none, volumes/],
  ["unknown checksums", { etcdChecksums: "none" }, /^etcdChecksums: one of pinned, mirror/],
  ["a digest too short", { etcdSha256: { amd64: "abc" } }, /^etcdSha256\.amd64: 64 hexadecimal/],
  [
    "a digest in capitals",
    { etcdSha256: { amd64: "A".repeat(64) } },
    /^etcdSha256\.amd64: 64 hexadecimal digits in lower case/,
  ],
  [
    "a digest outside of an object",
    { etcdSha256: "a".repeat(64) },
    /^etcdSha256: an object is needed/,
  ],
  [
    "a digest of the other architecture alone",
    { etcdSha256: { arm64: "a".repeat(64) } },
    /^etcdVersion: no digest is known here for its amd64 archive/,
  ],
  [
    "a digest that nothing would compare",
    { etcdChecksums: "mirror", etcdSha256: { amd64: "a".repeat(64) } },
    /^etcdSha256: goes with etcdChecksums: pinned/,
  ],
  [
    "a digest for an unknown architecture",
    { etcdSha256: { s390x: "a".repeat(64), amd64: "a".repeat(64) } },
    /^etcdSha256\.s390x: unknown architecture/,
  ],
  [
    "an unknown Chef product",
    { chef: { product: "puppet" } },
    /^chef\.product: one of cinc, chef, preinstalled/,
  ],
  ["a Chef version in part", { chef: { version: "18" } }, /^chef\.version: /],
  [
    "a Chef version that is a number",
    { chef: { version: 18 } },
    /^chef\.version: a text is needed, in quotes \(got 18\)$/,
  ],
  [
    "a Chef version the cookbook does not run under",
    { chef: { version: "17.10.3" } },
    /^chef\.version: .*18 or newer \(got 17\.10\.3\)$/,
  ],
  ["chef as a text", { chef: "cinc" }, /^chef: an object is needed \(got cinc\)$/],
  ["an empty Chef product", { chef: { product: "" } }, /^chef\.product: .*\(got nothing\)$/],
  [
    "a digest without package",
    { chef: { packageSha256: "a".repeat(64) } },
    /^chef\.packageSha256: goes with chef\.packageUrl/,
  ],
  [
    "a version that nothing would install",
    { chef: { product: "preinstalled", version: "18.8.54" } },
    /^chef\.version: .*; with preinstalled the image has the client \(got 18\.8\.54\)$/,
  ],
  [
    "a package that nothing would install",
    {
      chef: {
        product: "preinstalled",
        packageUrl: "https://example.com/cinc.deb",
        packageSha256: "a".repeat(64),
      },
    },
    /^chef\.packageUrl: .*with preinstalled nothing is/,
  ],
  [
    "a package with a password, which is not shown",
    {
      chef: { packageUrl: "https://me:hidden@example.com/cinc.deb", packageSha256: "a".repeat(64) },
    },
    /^chef\.packageUrl: no user and password.*\(got https:\/\/…@example\.com\/cinc\.deb\)$/,
  ],
  [
    "a package address that is a command",
    { chef: { packageUrl: "https://example.com/'$(id).deb", packageSha256: "a".repeat(64) } },
    /^chef\.packageUrl: letters/,
  ],
  [
    "a package without digest",
    { chef: { packageUrl: "https://example.com/cinc.deb" } },
    /^chef\.packageSha256: /,
  ],
  [
    "a package that is no package",
    { chef: { packageUrl: "https://example.com/install.sh", packageSha256: "a".repeat(64) } },
    /^chef\.packageUrl: /,
  ],
  ["an unknown key in chef", { chef: { produkt: "cinc" } }, /^chef\.produkt: unknown key/],
  [
    "a nameserver by name",
    { nameservers: ["ns1.example.com"] },
    /^nameservers\[0\]: an IPv4 address/,
  ],
  ["a nameserver with a bad port", { nameservers: ["10.0.0.1:0"] }, /^nameservers\[0\]: the port/],
  [
    "a nameserver twice",
    { nameservers: ["10.0.0.1", "10.0.0.1"] },
    /^nameservers\[1\]: each server once/,
  ],
  [
    "a nameserver twice, once with its port",
    { nameservers: ["10.0.0.1", "10.0.0.1:53"] },
    /^nameservers\[1\]: each server once/,
  ],
  [
    "a nameserver with IPv6",
    { nameservers: ["2001:db8::1"] },
    /^nameservers\[0\]: an IPv4 address/,
  ],
  [
    "a nameserver that is no host",
    { nameservers: ["0.0.0.0"] },
    /^nameservers\[0\]: the address of a host/,
  ],
  [
    "a multicast address for a nameserver",
    { nameservers: ["224.0.0.1"] },
    /^nameservers\[0\]: the address of a host/,
  ],
  [
    "a nameserver with an empty port",
    { nameservers: ["10.0.0.1:"] },
    /^nameservers\[0\]: the port/,
  ],
  [
    "a nameserver's port above all ports",
    { nameservers: ["10.0.0.1:65536"] },
    /^nameservers\[0\]: the port/,
  ],
  [
    "an empty nameserver",
    { nameservers: [""] },
    /^nameservers\[0\]: an IPv4 address.*\(got nothing\)$/,
  ],
  [
    "nameservers as a text",
    { nameservers: "10.0.0.1" },
    /^nameservers: a list of texts is needed \(got 10\.0\.0\.1\)$/,
  ],
  [
    "a TTL below the least",
    { ttl: "30" },
    /^ttl: a whole number from 60 to 86400 \(seconds\) \(got 30\)$/,
  ],
  [
    "a TTL that is a word",
    { ttl: "soon" },
    /^ttl: a whole number from 60 to 86400 \(seconds\) \(got soon\)$/,
  ],
  ["a TTL with a unit", { ttl: "60s" }, /^ttl: /],
  ["half a second of TTL", { ttl: "60.5" }, /^ttl: /],
  ["automatic TTL", { ttl: "1" }, /^ttl: /],
  ["a TTL of more than a day", { ttl: "86401" }, /^ttl: /],
  ["hours of waiting for DNS", { dnsTimeout: "7200" }, /^dnsTimeout: /],
  [
    "less time for Chef than for DNS within it",
    { bootstrapTimeout: "150" },
    /^bootstrapTimeout: a minute more than dnsTimeout \(120\)/,
  ],
  ["less time for health than one look takes", { healthTimeout: "4" }, /^healthTimeout: /],
  ["an earlier name with a slash", { renamedFrom: "me/dev" }, /^renamedFrom: the name of a stack/],
  [
    "a word that is no cluster ID",
    { acceptRestore: "yes" },
    /^acceptRestore: a cluster ID in hexadecimal is needed/,
  ],
  ["no time for DNS", { dnsTimeout: "0" }, /^dnsTimeout: /],
  ["a negative timeout", { bootstrapTimeout: "-1" }, /^bootstrapTimeout: /],
  ["an endless timeout", { healthTimeout: "Infinity" }, /^healthTimeout: /],
];
