// Every rule of the configuration. Does not prove that preview shows the message: tests/lab/badInput does.
import assert from "node:assert/strict";
import test from "node:test";
import { readSettings } from "../../components/settings.ts";
import { describeProblems, type RawConfig } from "../../components/configValues.ts";

/** A configuration with nothing wrong; each case breaks one field. */
const valid: RawConfig = {
  domain: "etcd.example.com", zoneId: "0123456789abcdef0123456789abcdef", nodes: { a: { zone: "us-east-1a" }, b: { zone: "us-east-1b" }, c: { zone: "us-east-1c" } },
  tls: "false", subnets: {}, publicAddress: "false", sshFrom: ["10.0.0.0/8"], clientsFrom: ["10.0.0.0/8"], ami: "", architecture: "amd64", instanceType: "t3.medium",
  dataVolumeGb: "20", sshUser: "admin", etcdVersion: "3.6.14", etcdMirror: "https://mirror.example.com/etcd", etcdChecksums: "pinned", etcdSha256: {}, chef: {},
  nameservers: [], ttl: "60", dnsTimeout: "120", bootstrapTimeout: "900", healthTimeout: "120",
};
const zones = (...names: string[]) => Object.fromEntries(names.map((n) => [n, { zone: "us-east-1a" }]));

const broken: [string, RawConfig, RegExp][] = [
  ["no domain", { domain: "" }, /^domain: a domain is needed.*\(got nothing\)$/],
  ["a bare label", { domain: "etcd" }, /^domain: .*two labels/],
  ["a trailing dot", { domain: "etcd.example.com." }, /^domain: no dot at the end/],
  ["capitals in the domain", { domain: "Etcd.example.com" }, /^domain: every label: small letters/],
  ["Unicode in the domain", { domain: "étcd.example.com" }, /^domain: every label/],
  ["a domain too long", { domain: `${"a".repeat(60)}.${"b".repeat(60)}.${"c".repeat(60)}.com` }, /^domain: 180 characters/],
  ["an empty label", { domain: "etcd..com" }, /^domain: every label/],
  ["spaces around the domain", { domain: " etcd.example.com" }, /^domain: no spaces/],
  ["a zone name for a zone id", { zoneId: "example.com" }, /^zoneId: 32 hexadecimal digits.*\(got example\.com\)$/],
  ["no zone id", { zoneId: "" }, /^zoneId: .*\(got nothing\)$/],
  ["no nodes", { nodes: {} }, /^nodes: at least one node.*\(got nothing\)$/],
  ["two nodes", { nodes: zones("a", "b") }, /^nodes: 2 members tolerate as many failures as 1/],
  ["four nodes", { nodes: zones("a", "b", "c", "d") }, /^nodes: 4 members tolerate as many failures as 3 and need more to agree; use 1, 3, 5 or 7 \(got a, b, c, d\)$/],
  ["nine nodes", { nodes: zones(..."abcdefghi") }, /^nodes: more than seven/],
  ["nodes as a list", { nodes: ["a", "b", "c"] }, /^nodes: an object is needed/],
  ["a node name with underscore", { nodes: zones("a_1", "b", "c") }, /^nodes\.a_1: .*small letters/],
  ["a node name in capitals", { nodes: zones("A", "b", "c") }, /^nodes\.A: /],
  ["a node name of 64 characters", { nodes: zones("a".repeat(64), "b", "c") }, /63 characters at most/],
  ["a node name that ends with a hyphen", { nodes: zones("a-", "b", "c") }, /^nodes\.a-: /],
  ["a node without zone", { nodes: { ...zones("b", "c"), a: {} } }, /^nodes\.a\.zone: .*\(got nothing\)$/],
  ["a region for a zone", { nodes: { ...zones("b", "c"), a: { zone: "us-east-1" } } }, /^nodes\.a\.zone: an availability zone/],
  ["an unknown key in a node", { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", size: "big" } } }, /^nodes\.a\.size: unknown key; known are zone, instanceType \(got big\)$/],
  ["a node that is a text", { nodes: { ...zones("b", "c"), a: "us-east-1a" } }, /^nodes\.a: an object is needed/],
  ["a node with a bad instance type", { nodes: { ...zones("b", "c"), a: { zone: "us-east-1a", instanceType: "large" } } }, /^nodes\.a\.instanceType: /],
  ["TLS", { tls: "true" }, /^tls: this release makes plain clusters only/],
  ["TLS neither true nor false", { tls: "yes" }, /^tls: true or false \(got yes\)$/],
  ["a malformed subnet", { subnets: { "us-east-1a": "10.0.0.0/24" } }, /^subnets\.us-east-1a: a subnet id/],
  ["a zone without subnet", { subnets: { "us-east-1a": "subnet-0123456789abcdef0", "us-east-1b": "subnet-0123456789abcdef1" } }, /^nodes\.c\.zone: etcd:subnets names no subnet/],
  ["publicAddress as a number", { publicAddress: "1" }, /^publicAddress: true or false/],
  ["nobody may use SSH", { sshFrom: [] }, /^sshFrom: at least one CIDR/],
  ["nobody may connect", { clientsFrom: [] }, /^clientsFrom: at least one CIDR/],
  ["SSH for the whole Internet", { sshFrom: ["0.0.0.0/0"] }, /^sshFrom\[0\]: never the whole Internet/],
  ["an address for a CIDR", { clientsFrom: ["10.0.0.1"] }, /^clientsFrom\[0\]: a CIDR/],
  ["a CIDR with bits outside its mask", { clientsFrom: ["10.0.0.1/8"] }, /^clientsFrom\[0\]: the address has bits outside/],
  ["a CIDR with a mask of 33", { clientsFrom: ["10.0.0.0/33"] }, /^clientsFrom\[0\]: a CIDR/],
  ["a CIDR twice", { clientsFrom: ["10.0.0.0/8", "10.0.0.0/8"] }, /^clientsFrom: each CIDR once/],
  ["CIDRs as a text", { sshFrom: "10.0.0.0/8" }, /^sshFrom: a list of texts/],
  ["an image name", { ami: "debian-13" }, /^ami: an image id/],
  ["an unknown architecture", { architecture: "x86_64" }, /^architecture: one of amd64, arm64/],
  ["an instance type without size", { instanceType: "t3" }, /^instanceType: |nodes\.a\.instanceType|^instanceType/],
  ["no disk", { dataVolumeGb: "0" }, /^dataVolumeGb: a whole number from 1 to 16384 \(GiB\) \(got 0\)$/],
  ["a disk size with unit", { dataVolumeGb: "20GiB" }, /^dataVolumeGb: /],
  ["half a GiB", { dataVolumeGb: "0.5" }, /^dataVolumeGb: /],
  ["a user name with a space", { sshUser: "the admin" }, /^sshUser: /],
  ["no user", { sshUser: "" }, /^sshUser: /],
  ["etcd 3.4", { etcdVersion: "3.4.30" }, /^etcdVersion: the lines known here are 3\.5, 3\.6, 3\.7/],
  ["an unsafe patch", { etcdVersion: "3.6.13" }, /^etcdVersion: 3\.6\.14 or newer/],
  ["a version with v", { etcdVersion: "v3.6.14" }, /^etcdVersion: a release such as/],
  ["latest", { etcdVersion: "latest" }, /^etcdVersion: a release such as/],
  ["a version without digest", { etcdVersion: "3.6.99" }, /^etcdVersion: no digest is known here/],
  ["a mirror without scheme", { etcdMirror: "mirror.example.com" }, /^etcdMirror: /],
  ["a mirror with a query", { etcdMirror: "https://mirror.example.com/?a=b" }, /^etcdMirror: /],
  ["unknown checksums", { etcdChecksums: "none" }, /^etcdChecksums: one of pinned, mirror/],
  ["a digest too short", { etcdSha256: { amd64: "abc" } }, /^etcdSha256\.amd64: 64 hexadecimal/],
  ["a digest for an unknown architecture", { etcdSha256: { s390x: "a".repeat(64), amd64: "a".repeat(64) } }, /^etcdSha256\.s390x: unknown architecture/],
  ["an unknown Chef product", { chef: { product: "puppet" } }, /^chef\.product: one of cinc, chef, preinstalled/],
  ["a Chef version in part", { chef: { version: "18" } }, /^chef\.version: /],
  ["a package without digest", { chef: { packageUrl: "https://example.com/cinc.deb" } }, /^chef\.packageSha256: /],
  ["a package that is no package", { chef: { packageUrl: "https://example.com/install.sh", packageSha256: "a".repeat(64) } }, /^chef\.packageUrl: /],
  ["an unknown key in chef", { chef: { produkt: "cinc" } }, /^chef\.produkt: unknown key/],
  ["a nameserver by name", { nameservers: ["ns1.example.com"] }, /^nameservers\[0\]: an IPv4 address/],
  ["a nameserver with a bad port", { nameservers: ["10.0.0.1:0"] }, /^nameservers\[0\]: the port/],
  ["a nameserver twice", { nameservers: ["10.0.0.1", "10.0.0.1"] }, /^nameservers: each server once/],
  ["a TTL below the least", { ttl: "30" }, /^ttl: a whole number from 60 to 86400 \(seconds\) \(got 30\)$/],
  ["no time for DNS", { dnsTimeout: "0" }, /^dnsTimeout: /],
  ["a negative timeout", { bootstrapTimeout: "-1" }, /^bootstrapTimeout: /],
  ["an endless timeout", { healthTimeout: "Infinity" }, /^healthTimeout: /],
];

for (const [name, change, want] of broken) {
  test(`refused: ${name}`, () => {
    const lines = describeProblems(readSettings({ ...valid, ...change }).problems).split("\n");
    assert.ok(lines.some((line) => want.test(line)), lines.join("\n") || "accepted");
  });
}

test("a valid configuration has no problem, and its defaults are filled in", () => {
  const { settings, problems } = readSettings(valid);
  assert.deepEqual(problems, []);
  assert.deepEqual(settings.nodes.a, { zone: "us-east-1a", instanceType: "t3.medium" });
  assert.match(settings.etcdSha256.amd64 ?? "", /^ffe840ff/);
  assert.equal(settings.chef.product, "cinc");
});

test("a digest of one's own stands in for the table, and a mirror's own list needs none", () => {
  assert.equal(readSettings({ ...valid, etcdVersion: "3.6.99", etcdSha256: { amd64: "a".repeat(64) } }).problems.length, 0);
  const believed = readSettings({ ...valid, etcdVersion: "3.6.99", etcdChecksums: "mirror" });
  assert.deepEqual([believed.problems, believed.settings.etcdSha256], [[], {}]);
});

test("all problems come together, in one message", () => {
  const { problems } = readSettings({ ...valid, domain: "", zoneId: "x", nodes: zones("a", "b"), ttl: "1" });
  assert.deepEqual(problems.map((p) => p.field).sort(), ["domain", "nodes", "ttl", "zoneId"]);
});
