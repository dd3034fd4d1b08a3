/**
 * The lab's aws plugin: the functions that list what is there, the key pair's and the account's,
 * called as the engine calls them, against scripted answers. Does not prove that moto, or AWS,
 * answers like the script, nor which filters moto knows (the lab tier runs them against moto).
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { FakeEc2 } from "./fakeEc2.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";

let api: FakeEc2;
let plugin: PluginProcess;
before(async () => {
  api = await startFakeEc2();
  plugin = await startPlugin("aws");
});
after(async () => {
  await plugin.stop();
  await api.close();
});
beforeEach(async () => {
  await plugin.configure(ec2Config(api.endpoint));
  api.calls.length = 0;
  api.script = {};
});

/** The filters of a call, by name: values with commas between. */
const filters = (call = api.calls[0]) => {
  const { parameters = {} } = call ?? {};
  return Object.fromEntries(
    Object.keys(parameters).flatMap((key) => {
      const number = /^Filter\.(\d+)\.Name$/.exec(key)?.[1];
      const values = Object.keys(parameters)
        .filter((other) => other.startsWith(`Filter.${number}.Value.`))
        .map((other) => parameters[other]);
      return number ? [[parameters[key], values.join()]] : [];
    }),
  );
};
const items = (name: string, inside: string[]) =>
  `<${name}>${inside.map((one) => `<item>${one}</item>`).join("")}</${name}>`;
const instancesXml = (...instances: string[]) =>
  items(
    "reservationSet",
    instances.map((one) => items("instancesSet", [one])),
  );

const instances = "aws:ec2/getInstances:getInstances";

/** Token, the call to EC2, an answer with two things (their elements), and what must come of it. */
const lists = [
  {
    token: instances,
    action: "DescribeInstances",
    xml: (found: string[]) => instancesXml(...found),
    found: [
      "<instanceId>i-1</instanceId><privateIpAddress>10.0.0.4</privateIpAddress>",
      "<instanceId>i-2</instanceId><ipAddress>203.0.113.1</ipAddress>",
    ],
    answer: {
      ids: ["i-1", "i-2"],
      privateIps: ["10.0.0.4"],
      publicIps: ["203.0.113.1"],
      ipv6Addresses: [],
      instanceTags: {},
    },
    nothing: { ids: [], privateIps: [], publicIps: [], ipv6Addresses: [], instanceTags: {} },
  },
  {
    token: "aws:ebs/getEbsVolumes:getEbsVolumes",
    action: "DescribeVolumes",
    xml: (found: string[]) => items("volumeSet", found),
    found: ["<volumeId>vol-1</volumeId>", "<volumeId>vol-2</volumeId>"],
    answer: { ids: ["vol-1", "vol-2"] },
    nothing: { ids: [] },
  },
  {
    token: "aws:ec2/getNetworkInterfaces:getNetworkInterfaces",
    action: "DescribeNetworkInterfaces",
    xml: (found: string[]) => items("networkInterfaceSet", found),
    found: [
      "<networkInterfaceId>eni-1</networkInterfaceId>",
      "<networkInterfaceId>eni-2</networkInterfaceId>",
    ],
    answer: { ids: ["eni-1", "eni-2"], tags: {} },
    nothing: { ids: [], tags: {} },
  },
  {
    token: "aws:ec2/getEips:getEips",
    action: "DescribeAddresses",
    xml: (found: string[]) => items("addressesSet", found),
    found: [
      "<allocationId>eipalloc-1</allocationId><publicIp>203.0.113.1</publicIp>",
      "<allocationId>eipalloc-2</allocationId><publicIp>203.0.113.2</publicIp>",
    ],
    answer: {
      allocationIds: ["eipalloc-1", "eipalloc-2"],
      publicIps: ["203.0.113.1", "203.0.113.2"],
    },
    nothing: { allocationIds: [], publicIps: [] },
  },
  {
    token: "aws:ec2/getSecurityGroups:getSecurityGroups",
    action: "DescribeSecurityGroups",
    xml: (found: string[]) => items("securityGroupInfo", found),
    found: [
      "<groupId>sg-1</groupId><ownerId>1</ownerId><vpcId>vpc-1</vpcId>",
      "<groupId>sg-2</groupId><ownerId>1</ownerId><vpcId>vpc-2</vpcId>",
    ],
    answer: {
      ids: ["sg-1", "sg-2"],
      arns: ["sg-1", "sg-2"].map((id) => `arn:aws:ec2:us-east-1:1:security-group/${id}`),
      vpcIds: ["vpc-1", "vpc-2"],
      tags: {},
    },
    nothing: { ids: [], arns: [], vpcIds: [], tags: {} },
  },
  {
    token: "aws:vpc/getSecurityGroupRules:getSecurityGroupRules",
    action: "DescribeSecurityGroupRules",
    xml: (found: string[]) => items("securityGroupRuleSet", found),
    found: [
      "<securityGroupRuleId>sgr-1</securityGroupRuleId>",
      "<securityGroupRuleId>sgr-2</securityGroupRuleId>",
    ],
    answer: { ids: ["sgr-1", "sgr-2"] },
    nothing: {}, // the official provider's list of nothing is null, and the bridge drops it
  },
] as const;

for (const { token, action, xml, found, answer, nothing } of lists) {
  const name = token.split(":").at(-1);
  const common = { id: "us-east-1", region: "us-east-1" };

  test(`${name}: everything that fits, and nothing is no error`, async () => {
    api.script = { [action]: xml([...found]) };
    assert.deepEqual(await plugin.invoke(token, {}), { ...common, ...answer });
    api.script = { [action]: xml([]) };
    assert.deepEqual(await plugin.invoke(token, {}), { ...common, ...nothing });
  });

  test(`${name}: tags and filters reach EC2 and come back`, async () => {
    api.script = { [action]: xml([]) };
    const tags = token === instances ? "instanceTags" : "tags";
    const asked = {
      [tags]: { Name: "a", "etcd:id": "b" },
      filters: [{ name: "tag-key", values: ["Member", "Role"] }],
    };
    const got = await plugin.invoke(token, asked);
    assert.deepEqual(got, { ...common, ...nothing, ...asked });
    const { "instance-state-name": _, ...own } = filters();
    assert.deepEqual(own, { "tag:Name": "a", "tag:etcd:id": "b", "tag-key": "Member,Role" });
  });

  test(`${name}: an argument that is not served is refused, another region too`, async () => {
    await assert.rejects(
      plugin.invoke(token, { ids: ["x"] }),
      new RegExp(`${name}: the lab's plugin does not serve the argument 'ids'`),
    );
    await assert.rejects(
      plugin.invoke(token, { region: "eu-central-1" }),
      /the lab has one region, us-east-1 \(got "eu-central-1"\)/,
    );
    assert.deepEqual(api.actions(), []);
  });

  test(`${name}: EC2's refusal says what was read`, async () => {
    api.script = { [action]: { code: "InvalidParameterValue", message: "The filter is invalid" } };
    await assert.rejects(
      plugin.invoke(token, { filters: [{ name: "colour", values: ["red"] }] }),
      /reading (EC2|EBS|Security) .*: .*InvalidParameterValue: The filter is invalid/,
    );
  });
}

test("getInstances: running ones, unless states are named", async () => {
  api.script = { DescribeInstances: instancesXml() };
  await plugin.invoke(instances, {});
  assert.deepEqual(filters(), { "instance-state-name": "running" });
  await plugin.invoke(instances, { instanceStateNames: ["pending", "stopped"] });
  assert.deepEqual(filters(api.calls[1]), { "instance-state-name": "pending,stopped" });
  await assert.rejects(
    plugin.invoke(instances, { instanceStateNames: ["asleep"] }),
    /expected instance_state_names to be one of \["pending" "running" .*\], got asleep/,
  );
});

test("a list goes on to its last page", async () => {
  api.script = {
    DescribeInstances: ({ parameters }) =>
      parameters.NextToken === "more"
        ? instancesXml("<instanceId>i-2</instanceId>")
        : `${instancesXml("<instanceId>i-1</instanceId>")}<nextToken>more</nextToken>`,
  };
  const { ids } = await plugin.invoke(instances, { instanceTags: { Name: "a" } });
  assert.deepEqual(ids, ["i-1", "i-2"]);
  assert.deepEqual(filters(api.calls[1]), filters(api.calls[0]));
});

test("getKeyPair gives the one key, and fails when there is none", async () => {
  const token = "aws:ec2/getKeyPair:getKeyPair";
  const key = "<keyPairId>key-1</keyPairId><keyName>boot</keyName><keyType>ed25519</keyType>";
  api.script = { DescribeKeyPairs: items("keySet", [key]) };
  const found = await plugin.invoke(token, { keyName: "boot" });
  assert.deepEqual(
    [found.id, found.keyName, found.keyPairId, found.keyType, found.arn],
    ["key-1", "boot", "key-1", "ed25519", "arn:aws:ec2:us-east-1::key-pair/boot"],
  );
  assert.equal(api.calls[0]?.parameters["KeyName.1"], "boot");
  await plugin.invoke(token, { filters: [{ name: "tag:Name", values: ["a"] }] });
  assert.deepEqual(filters(api.calls[1]), { "tag:Name": "a" });
  api.script = { DescribeKeyPairs: items("keySet", [key, key]) };
  await assert.rejects(plugin.invoke(token, {}), /multiple EC2 Key Pairs matched/);
  for (const none of [items("keySet", []), { code: "InvalidKeyPair.NotFound", message: "no" }]) {
    api.script = { DescribeKeyPairs: none };
    await assert.rejects(
      plugin.invoke(token, { keyName: "boot" }),
      /no matching EC2 Key Pair found/,
    );
  }
});

test("getCallerIdentity asks STS at its own address, and says when it has none", async () => {
  const token = "aws:index/getCallerIdentity:getCallerIdentity";
  await assert.rejects(
    plugin.invoke(token, {}),
    /reading STS Caller Identity: .*aws:endpoints names no address.* sts: http:\/\/127\.0\.0\.1/,
  );
  const endpoints = JSON.stringify([{ ec2: "http://127.0.0.1:1", sts: api.endpoint }]);
  await plugin.configure(ec2Config(api.endpoint, { endpoints }));
  api.script = {
    GetCallerIdentity:
      "<GetCallerIdentityResult><Account>123456789012</Account><UserId>me</UserId>" +
      "<Arn>arn:aws:iam::123456789012:user/me</Arn></GetCallerIdentityResult>",
  };
  assert.deepEqual(await plugin.invoke(token, {}), {
    accountId: "123456789012",
    arn: "arn:aws:iam::123456789012:user/me",
    id: "123456789012",
    userId: "me",
  });
  api.script = { GetCallerIdentity: { code: "ExpiredToken", message: "it is too late" } };
  await assert.rejects(plugin.invoke(token, {}), /api error ExpiredToken: it is too late/);
});
