// What is done about a thing in EC2 that bears exactly the tags of one that is about to be made,
// and what a person is told to type. Does not prove that EC2 describes its things so, nor that the
// commands work: tests/lab/oldState.test.ts types them.
import assert from "node:assert/strict";
import test from "node:test";
import { kinds, type Thing } from "../../components/recovery/ec2Things.ts";
import { judge, type Place } from "../../components/recovery/judgement.ts";
import { importCommand, parentOf, refusalOf } from "../../components/recovery/refusal.ts";
import { placeIn } from "../../components/recovery/savedState.ts";

const member = { Member: "f0f0f0f0" };
const elsewhere = { urn: "urn:pulumi:prod::etcd::aws:ec2/instance:Instance::old-name" };
const thing = (change: Partial<Thing>): Thing => ({
  id: "id-1",
  name: "a.etcd.test",
  tags: {},
  users: [],
  ...change,
});
const kindOf = (word: string) => {
  const kind = kinds.find((one) => one.word === word);
  assert.ok(kind, word);
  return kind;
};

const used = { users: ["i-1"], status: "in-use" };
const cases: [what: string, kind: string, Partial<Thing>, Place, want: string][] = [
  ["just launched, never a member's", "instance", { status: "running" }, "nowhere", "remove"],
  ["still starting", "instance", { status: "pending" }, "nowhere", "remove"],
  ["the same, no state to ask", "instance", { status: "running" }, "unknown", "remove"],
  ["a member", "instance", { status: "running", tags: member }, "nowhere", "import"],
  [
    "a member, no state to ask",
    "instance",
    { status: "running", tags: member },
    "unknown",
    "import",
  ],
  ["a second disk", "instance", { status: "running", disks: ["vol-9"] }, "nowhere", "import"],
  ["stopped by somebody", "instance", { status: "stopped" }, "nowhere", "import"],
  ["stopping", "instance", { status: "stopping" }, "nowhere", "import"],
  ["ending by itself", "instance", { status: "shutting-down", tags: member }, "nowhere", "wait"],
  ["of a renamed resource", "instance", { status: "running" }, elsewhere, "rename"],

  ["free, never a member's", "volume", { status: "available" }, "nowhere", "remove"],
  ["just being made", "volume", { status: "creating", users: ["x"] }, "nowhere", "remove"],
  ["free, a member's", "volume", { status: "available", tags: member }, "nowhere", "import"],
  ["attached, a member's", "volume", { ...used, tags: member }, "nowhere", "import"],
  ["attached, no tag", "volume", used, "nowhere", "import"],
  ["attached, no tag, no state to ask", "volume", used, "unknown", "leave"],
  ["out of a backup", "volume", { status: "available", snapshot: "snap-1" }, "nowhere", "import"],
  ["broken", "volume", { status: "error", users: ["(status error)"] }, "nowhere", "import"],
  ["to be replaced before any founding", "volume", used, "here", "leave"],
  ["a member's, to be replaced", "volume", { ...used, tags: member }, "here", "keep"],
  ["of a renamed resource", "volume", { status: "available" }, elsewhere, "rename"],

  ["free", "network interface", { status: "available" }, "nowhere", "remove"],
  ["in a machine", "network interface", used, "nowhere", "import"],
  ["in a machine, to be replaced", "network interface", used, "here", "leave"],
  ["in a machine, no state to ask", "network interface", used, "unknown", "leave"],
  ["in a machine, renamed", "network interface", used, elsewhere, "rename"],
  ["of a renamed resource, free", "network interface", {}, elsewhere, "leave"],
  ["free", "Elastic IP", {}, "nowhere", "remove"],
  ["associated", "Elastic IP", { users: ["eni-1"] }, "nowhere", "import"],
  ["without interfaces", "security group", {}, "nowhere", "remove"],
  ["with interfaces", "security group", { users: ["eni-1"] }, "nowhere", "import"],
  ["with interfaces, to be replaced", "security group", { users: ["eni-1"] }, "here", "leave"],
  ["unknown to the state", "key pair", {}, "nowhere", "remove"],
  ["to be replaced", "key pair", {}, "here", "leave"],
];
for (const [what, word, change, place, want] of cases)
  test(`${word}, ${what}: ${want}`, () => {
    const verdict = judge(kindOf(word), thing(change), place);
    assert.equal(verdict.act === "refuse" ? verdict.cure : verdict.act, want);
  });

test("nothing that bears the tag Member is ever removed, whatever else is said of it", () => {
  for (const kind of kinds)
    for (const place of ["here", "nowhere", "unknown", elsewhere] as const)
      for (const status of ["pending", "running", "stopped", "available", "in-use", "error"])
        for (const users of [[], ["i-1"]])
          assert.notEqual(judge(kind, thing({ status, users, tags: member }), place).act, "remove");
});

const node = "urn:pulumi:prod::etcd::etcd:index:EtcdCluster$etcd:index:EtcdNode";
const instanceUrn = `${node}$aws:ec2/instance:Instance::etcd-a-instance`;
const wanted = {
  type: "aws:ec2/instance:Instance",
  name: "etcd-a-instance",
  urn: instanceUrn,
  parent: { name: "etcd-a", urn: `${node}::etcd-a` },
  stack: "prod",
};

test("the component of a thing follows from its URN: one member's, or the cluster", () => {
  assert.deepEqual(parentOf(instanceUrn, "etcd", "a.etcd.test"), wanted.parent);
  const group =
    "urn:pulumi:prod::etcd::mine:index:App$etcd:index:EtcdCluster$" +
    "aws:ec2/securityGroup:SecurityGroup::etcd-members";
  assert.deepEqual(parentOf(group, "etcd", "etcd-members"), {
    name: "etcd",
    urn: "urn:pulumi:prod::etcd::mine:index:App$etcd:index:EtcdCluster::etcd",
  });
});

test("the import names stack, parent and, where it is not the default one, provider", () => {
  assert.equal(
    importCommand(wanted, "i-1"),
    `pulumi import --stack prod --parent 'etcd-a=${node}::etcd-a' --protect=false ` +
      "--generate-code=false aws:ec2/instance:Instance etcd-a-instance i-1",
  );
  assert.match(
    importCommand({ ...wanted, provider: "urn:x::pulumi:providers:aws::mine" }, "i-1"),
    /--provider 'provider=urn:x::pulumi:providers:aws::mine'/,
  );
});

test("a refusal names each thing, why it stays, and what to type", () => {
  const verdict = judge(kindOf("instance"), thing({ status: "running", tags: member }), "nowhere");
  assert.ok(verdict.act === "refuse");
  const one = (id: string) => ({
    thing: thing({ id, status: "running" }),
    place: "nowhere" as const,
    verdict,
  });
  const { message, stack } = refusalOf(wanted, kindOf("instance"), [one("i-1"), one("i-2")]);
  assert.match(
    message,
    /^etcd-a-instance was not made, and nothing was removed: EC2 has 2 that bear exactly its tags\.\n {2}The instance i-1 \(a\.etcd\.test, running\): its tag Member=f0f0f0f0 says that it is, or was, a member\.\n/,
  );
  for (const id of ["i-1", "i-2"])
    assert.match(
      message,
      new RegExp(`^ +pulumi import --stack prod .* etcd-a-instance ${id}$`, "m"),
    );
  assert.match(message, /^ +npm run sweep -- --stack prod$/m);
  assert.equal(stack, "");
});

test("the state has a thing under its own name, under another, or not", () => {
  const outputs = (id: string) => ({ type: wanted.type, outputs: { id } });
  assert.equal(placeIn({ [instanceUrn]: outputs("i-1") }, "i-1", instanceUrn, wanted.type), "here");
  assert.deepEqual(placeIn({ "urn:other": outputs("i-1") }, "i-1", instanceUrn, wanted.type), {
    urn: "urn:other",
  });
  const arn = { type: wanted.type, outputs: { arn: "arn:aws:ec2:r:1:instance/i-1" } };
  assert.equal(placeIn({ [instanceUrn]: arn }, "i-1", instanceUrn, wanted.type), "here");
  // An attachment names the instance, and is none.
  const attachment = { type: "aws:ec2/volumeAttachment:VolumeAttachment", outputs: { id: "i-1" } };
  assert.equal(placeIn({ x: attachment }, "i-1", instanceUrn, wanted.type), "nowhere");
  assert.equal(
    placeIn({ [instanceUrn]: outputs("i-2") }, "i-1", instanceUrn, wanted.type),
    "nowhere",
  );
});
