// Which differences may be healed while everybody sleeps. Does not prove that a loss looks like
// this to the engine: tests/lab/pipelines.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import { whyNotHealed, type Seen } from "../../pipelines/healing.ts";
import type { Change, Op, Plan } from "../../pipelines/plan.ts";

const types = {
  instance: "aws:ec2/instance:Instance",
  data: "aws:ebs/volume:Volume",
  interface: "aws:ec2/networkInterface:NetworkInterface",
  attachment: "aws:ec2/volumeAttachment:VolumeAttachment",
  tag: "aws:ec2/tag:Tag",
  record: "cloudflare:index/dnsRecord:DnsRecord",
  ingress: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  group: "aws:ec2/securityGroup:SecurityGroup",
  command: "command:remote:Command",
  contact: "pulumi-nodejs:dynamic/etcd:FirstContact",
  certificate: "pulumi-nodejs:dynamic/etcd:Certificate",
  membership: "pulumi-nodejs:dynamic/etcd:Membership",
  ca: "pulumi-nodejs:dynamic/etcd:CertificateAuthority",
} as const;
const change = (op: Op, kind: keyof typeof types, name: string): Change => ({
  op,
  said: op,
  type: types[kind],
  name,
  reasons: [],
});
const planOf = (...changes: Change[]): Plan => ({ digest: "", changes, warnings: [] });
const machine = (member: string) => [
  change("create", "instance", `etcd-${member}-instance`),
  change("replace", "attachment", `etcd-${member}-attachment`),
  change("replace", "tag", `etcd-${member}-machine-tag`),
  change("update", "contact", `etcd-${member}-first-contact`),
  change("replace", "command", `etcd-${member}-bootstrap`),
  change("update", "membership", "etcd-membership"),
];
const seen = (found: Change[], more: Partial<Seen> = {}): Seen => ({
  asked: planOf(),
  found: planOf(...found),
  healthy: ["b", "c"],
  declared: 3,
  ...more,
});

const healed: readonly [what: string, Seen][] = [
  ["one machine", seen(machine("a"))],
  ["one machine and its disk", seen([...machine("a"), change("create", "data", "etcd-a-data")])],
  ["a name", seen([change("create", "record", "etcd-a-client")], { healthy: ["a", "b", "c"] })],
  ["two rules", seen([change("create", "ingress", "etcd-ssh"), change("create", "ingress", "x")])],
  ["one of five, another unwell", seen(machine("a"), { declared: 5, healthy: ["b", "c", "d"] })],
];
for (const [what, loss] of healed)
  test(`healed: ${what}`, () => {
    assert.deepEqual(whyNotHealed(loss), []);
  });

const refused: readonly [what: string, Seen, because: RegExp][] = [
  ["two machines", seen([...machine("a"), ...machine("b")]), /2 members have lost/],
  [
    "a commit that is not applied",
    seen(machine("a"), { asked: planOf(change("update", "instance", "etcd-b-instance")) }),
    /deploy first/,
  ],
  ["no quorum", seen(machine("a"), { healthy: ["b"] }), /no quorum: 1 of 3/],
  ["the lost one called healthy", seen(machine("a"), { healthy: ["a", "b"] }), /no quorum/],
  ["the only member", seen(machine("a"), { declared: 1, healthy: [] }), /no quorum/],
  ["a machine changed", seen([change("update", "instance", "etcd-a-instance")]), /its update/],
  ["a machine replaced", seen([change("replace", "instance", "etcd-a-instance")]), /its replace/],
  ["a deletion", seen([change("delete", "record", "etcd-d-address")]), /its delete/],
  ["a rule changed by hand", seen([change("update", "ingress", "etcd-ssh")]), /its update/],
  ["an address lost", seen([change("create", "interface", "etcd-a-interface")]), /its create/],
  ["the group lost", seen([change("create", "group", "etcd-members")]), /its create/],
  ["the CA lost", seen([change("create", "ca", "etcd-ca")]), /its create/],
  [
    "a certificate of a member that is there",
    seen([...machine("a"), change("update", "certificate", "etcd-b-certificate")]),
    /etcd-b-certificate/,
  ],
  [
    "a bootstrap of another member",
    seen([...machine("a"), change("replace", "command", "etcd-b-bootstrap")]),
    /etcd-b-bootstrap/,
  ],
];
for (const [what, loss, because] of refused)
  test(`refused: ${what}`, () => {
    assert.match(whyNotHealed(loss).join("\n"), because);
  });
