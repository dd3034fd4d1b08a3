// The look before something is made in EC2: asked through the provider, judged, removed or
// refused, against scripted answers. Does not prove that a provider and EC2 answer so: tests/lab.
import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { removeLeftoversOf } from "../../components/recovery/ec2Leftovers.ts";
import { startFakeEc2, type FakeEc2 } from "../provider/fakeEc2.ts";

/** What the provider's look-ups and the engine answer, by token. */
let answers: Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;
let asked: { token: string; inputs: Record<string, unknown> }[];
let ec2: FakeEc2;
let settings: Record<string, string>;

before(async () => {
  ec2 = await startFakeEc2();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ name, inputs }) => ({ id: name, state: inputs }),
      call({ token, inputs }) {
        asked.push({ token, inputs });
        const answer = answers[token];
        if (!answer) throw new Error(`nothing in this test answers ${token}`);
        return answer(inputs);
      },
    },
    "etcd",
    "prod",
    false,
    "organization",
  );
});
after(async () => {
  await ec2.close();
});
beforeEach(() => {
  answers = { [savedState]: () => ({ outputs: {} }) };
  asked = [];
  ec2.calls.length = 0;
  ec2.script = {};
  settings = {
    "aws:region": "us-east-1",
    "aws:accessKey": "lab",
    "aws:secretKey": "lab-secret",
    "aws:endpoints": JSON.stringify([{ ec2: ec2.endpoint }]),
  };
});

const savedState = "pulumi:pulumi:readStackResourceOutputs";
const tags = { Project: "etcd", Stack: "prod", Incarnation: "0a1b2c", Name: "a.etcd.test" };
const head = "urn:pulumi:prod::etcd::etcd:index:EtcdCluster$etcd:index:EtcdNode";
const remove = (type: string, name: string, inputs: Record<string, unknown> = { tags }) =>
  removeLeftoversOf(
    {
      type,
      name,
      urn: `${head}$${type}::${name}`,
      parent: { name: "etcd-a", urn: `${head}::etcd-a` },
      stack: "prod",
    },
    inputs,
    (key) => settings[key],
    {},
  );
const machine = () => remove("aws:ec2/instance:Instance", "etcd-a-instance");
const volume = () => remove("aws:ebs/volume:Volume", "etcd-a-data");
const changes = () => ec2.actions().filter((action) => !action.startsWith("Describe"));
const ids =
  (...found: string[]) =>
  () => ({ ids: found, region: "us-east-1" });

const item = (key: string, value: string) =>
  `<item><key>${key}</key><value>${value}</value></item>`;
const instance = (status: string, more = "", id = "i-1") =>
  `<reservationSet><item><instancesSet><item><instanceId>${id}</instanceId>` +
  `<instanceState><name>${status}</name></instanceState><rootDeviceName>/dev/xvda</rootDeviceName>` +
  "<blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-0</volumeId>" +
  `</ebs></item>${more}</blockDeviceMapping><tagSet>${item("Name", "a.etcd.test")}</tagSet></item>` +
  "</instancesSet></item></reservationSet>";
const secondDisk =
  "<item><deviceName>/dev/sdf</deviceName><ebs><volumeId>vol-1</volumeId></ebs></item>";
const disk = (status: string, more = "") =>
  `<volumeSet><item><volumeId>vol-1</volumeId><status>${status}</status>${more}</item></volumeSet>`;

test("nothing of ours is there: the provider is asked by all tags, and nobody else", async () => {
  answers["aws:ec2/getInstances:getInstances"] = ids();
  assert.deepEqual(await machine(), []);
  assert.deepEqual(
    asked.map(({ token }) => token),
    ["aws:ec2/getInstances:getInstances"],
  );
  const { filters, instanceStateNames } = asked[0]?.inputs ?? {};
  assert.deepEqual(
    filters,
    Object.entries(tags).map(([key, value]) => ({ name: `tag:${key}`, values: [value] })),
  );
  assert.deepEqual(instanceStateNames, [
    "pending",
    "running",
    "shutting-down",
    "stopping",
    "stopped",
  ]);
  assert.deepEqual(ec2.calls, []);
});

test("without a mark among the tags, and of other types, nothing is asked", async () => {
  const type = "aws:ec2/instance:Instance";
  assert.deepEqual(await remove(type, "x", { tags: { Name: "a" } }), []);
  const attachment = "aws:ec2/volumeAttachment:VolumeAttachment";
  assert.deepEqual(await remove(attachment, "x"), []);
  assert.deepEqual([asked, ec2.calls], [[], []]);
});

test("a machine that a killed run launched goes, and is waited for", async () => {
  answers["aws:ec2/getInstances:getInstances"] = ids("i-1");
  let ended = false;
  ec2.script = {
    DescribeInstances: () => instance(ended ? "terminated" : "running"),
    TerminateInstances: () => {
      ended = true;
      return "";
    },
  };
  assert.deepEqual(await machine(), ["the instance i-1"]);
  assert.deepEqual(changes(), ["TerminateInstances"]);
});

test("a machine with a data volume stays, and the import is named", async () => {
  answers["aws:ec2/getInstances:getInstances"] = ids("i-1");
  ec2.script = { DescribeInstances: instance("running", secondDisk) };
  await assert.rejects(machine(), (e: Error) => {
    assert.match(
      e.message,
      /^etcd-a-instance was not made, .*\n {2}The instance i-1 \(a\.etcd\.test, running\): vol-1 beside its root disk may hold a member's data\./,
    );
    assert.match(e.message, /pulumi import --stack prod .* etcd-a-instance i-1$/m);
    return true;
  });
  assert.deepEqual(changes(), []);
});

test("one that may be a member beside one that is none: neither is touched", async () => {
  answers["aws:ec2/getInstances:getInstances"] = ids("i-1", "i-2");
  ec2.script = {
    DescribeInstances: `${instance("running", secondDisk)}`.replace(
      "</reservationSet>",
      `${instance("running", "", "i-2").replace(/<\/?reservationSet>/g, "")}</reservationSet>`,
    ),
  };
  await assert.rejects(machine(), /The instance i-1/);
  assert.deepEqual(changes(), []);
});

test("what the provider sees and our own credentials do not show stays", async () => {
  answers["aws:ec2/getInstances:getInstances"] = ids("i-1");
  for (const [answer, says] of [
    ["", /cannot tell what it holds \(they do not show it\)/],
    [{ code: "AuthFailure", message: "no" }, /\(AuthFailure: no\)/],
  ] as const) {
    ec2.script = { DescribeInstances: answer };
    await assert.rejects(machine(), (e: Error) => {
      assert.match(e.message, says);
      assert.match(e.message, /aws ec2 terminate-instances --instance-ids i-1 --region us-east-1/);
      assert.match(e.message, /pulumi import .* etcd-a-instance i-1$/m);
      return true;
    });
  }
  assert.deepEqual(changes(), []);
});

test("our own client asks in the region of the provider", async () => {
  answers["aws:ec2/getInstances:getInstances"] = () => ({ ids: ["i-1"], region: "eu-west-1" });
  ec2.script = { DescribeInstances: "" };
  await assert.rejects(machine(), /--region eu-west-1/);
});

test("a free volume that was never a member's goes; a member's, or a copy, stays", async () => {
  answers["aws:ebs/getEbsVolumes:getEbsVolumes"] = ids("vol-1");
  ec2.script = { DescribeVolumes: disk("available"), DeleteVolume: "<return>true</return>" };
  assert.deepEqual(await volume(), ["the volume vol-1"]);
  assert.deepEqual(changes(), ["DeleteVolume"]);
  for (const more of [
    `<tagSet>${item("Member", "f0f0")}</tagSet>`,
    "<snapshotId>snap-1</snapshotId>",
  ]) {
    ec2.script.DescribeVolumes = disk("available", more);
    await assert.rejects(volume(), /pulumi import .* aws:ebs\/volume:Volume etcd-a-data vol-1$/m);
  }
  assert.deepEqual(changes(), ["DeleteVolume"]);
});

test("a volume to be replaced is left to the state, a member's is not replaced", async () => {
  answers["aws:ebs/getEbsVolumes:getEbsVolumes"] = ids("vol-1");
  answers[savedState] = ({ stackName }) => {
    assert.equal(stackName, "organization/etcd/prod");
    const urn = `${head}$aws:ebs/volume:Volume::etcd-a-data`;
    return { outputs: { [urn]: { type: "aws:ebs/volume:Volume", outputs: { id: "vol-1" } } } };
  };
  ec2.script = { DescribeVolumes: disk("in-use") };
  assert.deepEqual(await volume(), []);
  ec2.script.DescribeVolumes = disk("in-use", `<tagSet>${item("Member", "f0f0")}</tagSet>`);
  await assert.rejects(volume(), (e: Error) => {
    assert.match(e.message, /The state has it, so this run would put another in its place/);
    assert.doesNotMatch(e.message, /pulumi import/);
    return true;
  });
  assert.deepEqual(changes(), []);
});

test("an Elastic IP that is associated is not released, one that is free is", async () => {
  answers["aws:ec2/getEips:getEips"] = () => ({ allocationIds: ["eipalloc-1"], region: "r" });
  const address = (more: string) =>
    `<addressesSet><item><allocationId>eipalloc-1</allocationId>${more}</item></addressesSet>`;
  const eip = () => remove("aws:ec2/eip:Eip", "etcd-a-public-address");
  ec2.script = {
    DescribeAddresses: address(
      "<associationId>a-1</associationId><networkInterfaceId>eni-1</networkInterfaceId>",
    ),
    ReleaseAddress: "<return>true</return>",
  };
  await assert.rejects(eip(), /it is not free: eni-1\.\n[^]*etcd-a-public-address eipalloc-1$/m);
  assert.deepEqual(changes(), []);
  ec2.script.DescribeAddresses = address("");
  assert.deepEqual(await eip(), ["the Elastic IP eipalloc-1"]);
});

test("a group that interfaces are in stays, one that is free goes", async () => {
  answers["aws:ec2/getSecurityGroups:getSecurityGroups"] = ids("sg-1");
  const group = () => remove("aws:ec2/securityGroup:SecurityGroup", "etcd-members");
  ec2.script = {
    DescribeSecurityGroups:
      "<securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo>",
    DeleteSecurityGroup: "<return>true</return>",
    DescribeNetworkInterfaces:
      "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>",
  };
  await assert.rejects(group(), /it is not free: eni-1/);
  assert.deepEqual(changes(), []);
  ec2.script.DescribeNetworkInterfaces = "";
  assert.deepEqual(await group(), ["the security group sg-1"]);
});

test("a key pair's look-up fails where there is none: then nothing is done", async () => {
  const failing = (details: string) => () => {
    throw Object.assign(new Error(), { details }); // as gRPC hands it over
  };
  answers["aws:ec2/getKeyPair:getKeyPair"] = failing("no matching EC2 Key Pair found");
  assert.deepEqual(await remove("aws:ec2/keyPair:KeyPair", "etcd-key"), []);
  answers["aws:ec2/getKeyPair:getKeyPair"] = failing("UnauthorizedOperation: not you");
  await assert.rejects(
    remove("aws:ec2/keyPair:KeyPair", "etcd-key"),
    /EC2 could not be asked for what an earlier run may have left .*UnauthorizedOperation/,
  );
});

test("the same rule in a group of ours goes, every other stays", async () => {
  answers["aws:vpc/getSecurityGroupRules:getSecurityGroupRules"] = ids("sgr-1", "sgr-2");
  const rule = (id: string, port: number) =>
    `<item><securityGroupRuleId>${id}</securityGroupRuleId><isEgress>false</isEgress>` +
    `<ipProtocol>tcp</ipProtocol><fromPort>${port}</fromPort><cidrIpv4>10.0.0.0/8</cidrIpv4></item>`;
  ec2.script = {
    DescribeSecurityGroupRules: `<securityGroupRuleSet>${rule("sgr-1", 22)}${rule("sgr-2", 2379)}</securityGroupRuleSet>`,
    RevokeSecurityGroupIngress: "<return>true</return>",
  };
  const inputs = {
    securityGroupId: "sg-1",
    ipProtocol: "tcp",
    fromPort: 22,
    toPort: 22,
    cidrIpv4: "10.0.0.0/8",
  };
  const type = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
  assert.deepEqual(await remove(type, "etcd-ssh", inputs), ["the security group rule sgr-1"]);
  assert.equal(changes().length, 1);
});
