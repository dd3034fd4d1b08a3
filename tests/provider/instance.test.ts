/**
 * The lab's aws plugin and its instances, called as the engine calls it, against scripted answers
 * of EC2's Query API. Does not prove that moto, or EC2, answers like the script (the lab tier runs
 * it against moto).
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { Ec2Script, FakeEc2 } from "./fakeEc2.ts";
import { halfMade, startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { unknown } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

const type = "aws:ec2/instance:Instance";
const id = "i-00000000000000001";
const inputs: Values = {
  ami: "ami-1",
  instanceType: "t3.small",
  keyName: "key",
  userData: "#cloud-config\n",
  tags: { Name: "a" },
  primaryNetworkInterface: { networkInterfaceId: "eni-1" },
  metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
};

let api: FakeEc2;
let plugin: PluginProcess;
let states: string[];
before(async () => {
  api = await startFakeEc2();
  plugin = await startPlugin("aws");
  await plugin.configure(ec2Config(api.endpoint));
});
after(async () => {
  await plugin.stop();
  await api.close();
});
beforeEach(() => {
  api.calls.length = 0;
  states = ["running"];
  api.script = machine();
});

/** Answers for one machine that goes through `states`; the last one stays. */
function machine(changes: Ec2Script = {}): Ec2Script {
  const next = () => (states.length > 1 ? states.shift() : states[0]);
  const described =
    () => `<item><instanceId>${id}</instanceId><imageId>ami-1</imageId><instanceState><code>0</code><name>${next()}</name></instanceState>
    <stateReason><message>Server.InternalError: told by the test</message></stateReason><instanceType>t3.small</instanceType><keyName>key</keyName><privateIpAddress>10.213.0.4</privateIpAddress>
    <subnetId>subnet-1</subnetId><placement><availabilityZone>us-east-1a</availabilityZone><tenancy>default</tenancy></placement><rootDeviceName>/dev/xvda</rootDeviceName>
    <metadataOptions><httpTokens>required</httpTokens><httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions>
    <groupSet><item><groupId>sg-1</groupId><groupName>members</groupName></item></groupSet>
    <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><sourceDestCheck>true</sourceDestCheck>
      <attachment><deviceIndex>0</deviceIndex><deleteOnTermination>false</deleteOnTermination></attachment></item></networkInterfaceSet>
    <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>
    <tagSet><item><key>Name</key><value>a</value></item></tagSet></item>`;
  return {
    RunInstances: () =>
      `<reservationId>r-1</reservationId><instancesSet>${described()}</instancesSet>`,
    DescribeInstances: () =>
      `<reservationSet><item><instancesSet>${described()}</instancesSet></item></reservationSet>`,
    DescribeImages:
      "<imagesSet><item><imageId>ami-1</imageId><rootDeviceName>/dev/xvda</rootDeviceName></item></imagesSet>",
    DescribeVolumes:
      "<volumeSet><item><volumeId>vol-1</volumeId><size>8</size><volumeType>gp3</volumeType><encrypted>true</encrypted></item></volumeSet>",
    DescribeInstanceAttribute: ({ parameters }) =>
      parameters.Attribute === "userData"
        ? `<userData><value>${Buffer.from("#cloud-config\n").toString("base64")}</value></userData>`
        : "",
    StopInstances: "",
    StartInstances: "",
    TerminateInstances: "",
    ModifyInstanceAttribute: "<return>true</return>",
    CreateTags: "",
    DeleteTags: "",
    ...changes,
  };
}

const made = async () => (await plugin.create(type, "a", inputs)).state;

test("a machine on its own interface is asked for as the official provider asks", async () => {
  states = ["pending", "pending", "running"];
  const { id: got, state } = await plugin.create(type, "a", inputs);
  assert.equal(got, id);
  const { parameters } = api.calls[0]!;
  assert.equal(api.calls[0]?.action, "RunInstances");
  assert.match(parameters.ClientToken ?? "", /^[0-9a-f-]{36}$/);
  assert.equal(parameters["NetworkInterface.1.DeviceIndex"], "0");
  assert.equal(parameters["NetworkInterface.1.NetworkInterfaceId"], "eni-1");
  assert.equal(parameters.SubnetId, undefined);
  assert.equal(parameters.UserData, Buffer.from("#cloud-config\n").toString("base64"));
  assert.equal(parameters["MetadataOptions.HttpTokens"], "required");
  assert.equal(parameters["TagSpecification.1.ResourceType"], "instance");
  assert.equal(state.privateIp, "10.213.0.4");
  assert.equal(state.instanceState, "running");
  assert.equal(state.primaryNetworkInterfaceId, "eni-1");
  assert.deepEqual(state.tagsAll, { Name: "a" });
});

test("the first disk is asked for by the image's name for it", async () => {
  await plugin.create(type, "a", {
    ...inputs,
    rootBlockDevice: { encrypted: true, volumeType: "gp3", tags: { Name: "root" } },
  });
  const run = api.calls.find(({ action }) => action === "RunInstances")!.parameters;
  assert.equal(run["BlockDeviceMapping.1.DeviceName"], "/dev/xvda");
  assert.equal(run["BlockDeviceMapping.1.Ebs.Encrypted"], "true");
  assert.equal(run["BlockDeviceMapping.1.Ebs.DeleteOnTermination"], "true");
  const tagged = api.calls.find(({ action }) => action === "CreateTags")!.parameters;
  assert.equal(tagged["ResourceId.1"], "vol-1");
});

test("a preview asks EC2 nothing and knows only what the program said", async () => {
  const { state } = await plugin.create(type, "a", inputs, { preview: true });
  assert.equal(state.privateIp, unknown);
  assert.equal(state.instanceType, "t3.small");
  assert.equal((state.metadataOptions as Values).httpEndpoint, unknown);
  await plugin.update(
    type,
    id,
    inputs,
    { ...inputs, privateIp: "10.213.0.4" },
    { ...inputs, instanceType: "t3.large" },
    true,
  );
  assert.deepEqual(api.actions(), []);
});

test("a refresh of an unchanged machine finds no change", async () => {
  const state = await made();
  const found = await plugin.read(type, id, inputs, state);
  assert.equal(found.id, id);
  assert.deepEqual((await plugin.diff(type, found.inputs, found.state, inputs)).changed, []);
});

test("a machine that was ended behind the program's back is gone", async () => {
  const old = await made();
  states = ["terminated"];
  assert.equal((await plugin.read(type, id, inputs, old)).id, "");
});

test("a machine EC2 does not know is gone", async () => {
  const old = await made();
  api.script = machine({
    DescribeInstances: {
      code: "InvalidInstanceID.NotFound",
      message: "The instance ID does not exist",
    },
  });
  assert.equal((await plugin.read(type, id, inputs, old)).id, "");
});

test("which changes make a new machine", async () => {
  const state = await made();
  const replaces = async (news: Values) =>
    (await plugin.diff(type, inputs, state, { ...inputs, ...news })).replaces;
  assert.deepEqual(await replaces({ ami: "ami-2" }), ["ami"]);
  assert.deepEqual(await replaces({ keyName: "other" }), ["keyName"]);
  assert.deepEqual(await replaces({ primaryNetworkInterface: { networkInterfaceId: "eni-2" } }), [
    "primaryNetworkInterface",
  ]);
  assert.deepEqual(await replaces({ primaryNetworkInterface: { networkInterfaceId: unknown } }), [
    "primaryNetworkInterface",
  ]);
  assert.deepEqual(await replaces({ rootBlockDevice: { encrypted: false } }), ["rootBlockDevice"]);
  assert.deepEqual(await replaces({ instanceType: "t3.large" }), []);
  assert.deepEqual(await replaces({ userData: "#other" }), []);
  assert.deepEqual(await replaces({ userData: "#other", userDataReplaceOnChange: true }), [
    "userData",
  ]);
  assert.deepEqual(
    await replaces({ tags: { Name: "b" }, metadataOptions: { httpTokens: "optional" } }),
    [],
  );
});

for (const [property, value, attribute] of [
  ["instanceType", "t3.large", "InstanceType.Value"],
  ["userData", "#other", "UserData.Value"],
] as const) {
  test(`a new ${property} stops the machine, changes it and starts it`, async () => {
    const state = await made();
    api.calls.length = 0;
    states = ["running", "stopping", "stopped", "pending", "running"];
    await plugin.update(type, id, inputs, state, { ...inputs, [property]: value });
    const doing = api.actions().filter((action) => !action.startsWith("Describe"));
    assert.deepEqual(doing, ["StopInstances", "ModifyInstanceAttribute", "StartInstances"]);
    const sent = api.calls.find(({ action }) => action === "ModifyInstanceAttribute")!.parameters[
      attribute
    ];
    assert.equal(
      property === "userData" ? Buffer.from(sent ?? "", "base64").toString() : sent,
      value,
    );
  });
}

test("tags change in place, without a stop", async () => {
  const state = await made();
  api.calls.length = 0;
  await plugin.update(type, id, inputs, state, { ...inputs, tags: { Role: "etcd" } });
  assert.deepEqual(
    api.actions().filter((action) => !action.startsWith("Describe")),
    ["DeleteTags", "CreateTags"],
  );
});

test("an error of EC2 is shown with its code and message", async () => {
  api.script = machine({
    RunInstances: { code: "InvalidNetworkInterface.InUse", message: "Interface: [eni-1] in use." },
  });
  await assert.rejects(plugin.create(type, "a", inputs), (error: Error) => {
    const said =
      "creating EC2 Instance: operation error EC2: RunInstances, https response error " +
      "StatusCode: 400, RequestID: req-1, api error InvalidNetworkInterface.InUse: " +
      "Interface: [eni-1] in use.";
    assert.ok(error.message.endsWith(said), error.message);
    assert.equal(halfMade(error), undefined);
    return true;
  });
});

test("a machine that does not come up stays in the state, with EC2's reason", async () => {
  states = ["pending", "shutting-down"];
  await assert.rejects(plugin.create(type, "a", inputs), (error: Error) => {
    const half = halfMade(error);
    assert.equal(half?.id, id);
    assert.equal(half?.state.ami, "ami-1");
    assert.match(
      half?.reasons[0] ?? "",
      /waiting for EC2 Instance \(i-0+1\) create: unexpected state 'shutting-down', wanted target 'running'\. last error: Server\.InternalError: told by the test/,
    );
    return true;
  });
});

test("customTimeouts bound the wait", async () => {
  states = ["pending"];
  await assert.rejects(
    plugin.create(type, "a", inputs, { timeout: 1 }),
    /timeout while waiting for state to become 'running' \(last state: 'pending', timeout: 1s\)/,
  );
});

test("a removal waits until the machine is over", async () => {
  const state = await made();
  api.calls.length = 0;
  states = ["shutting-down", "shutting-down", "terminated"];
  await plugin.remove(type, id, inputs, state);
  assert.deepEqual(api.actions(), [
    "ModifyInstanceAttribute",
    "TerminateInstances",
    "DescribeInstances",
    "DescribeInstances",
    "DescribeInstances",
  ]);
});

test("inputs are checked in the official words", async () => {
  const reasons = async (news: Values) =>
    (await plugin.check(type, "a", { ...inputs, ...news })).reasons;
  assert.deepEqual(await reasons({}), []);
  assert.deepEqual(await reasons({ metadataOptions: { httpTokens: "maybe" } }), [
    `expected http_tokens to be one of ["optional" "required"], got maybe. Examine ` +
      "values at 'a.metadataOptions.httpTokens'.",
  ]);
  assert.match(
    (await reasons({ metadataOptions: { httpPutResponseHopLimit: 99 } }))[0] ?? "",
    /expected http_put_response_hop_limit to be in the range \(1 - 64\), got 99/,
  );
  assert.match(
    (await reasons({ vpcSecurityGroupIds: ["sg-1"] }))[0] ?? "",
    /"primary_network_interface": conflicts with vpc_security_group_ids/,
  );
  assert.match(
    (await reasons({ launchTemplate: { id: "lt-1" } }))[0] ?? "",
    /does not serve 'launchTemplate' \(LAB_PLUGINS=official/,
  );
});

test("default tags belong to every machine, the program's own win", async () => {
  await plugin.configure(
    ec2Config(api.endpoint, {
      defaultTags: JSON.stringify({ tags: { Project: "etcd", Name: "default" } }),
    }),
  );
  assert.deepEqual((await plugin.check(type, "a", inputs)).inputs.tags, {
    Project: "etcd",
    Name: "a",
  });
  await plugin.configure(ec2Config(api.endpoint));
});
