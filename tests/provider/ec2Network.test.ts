/**
 * The lab's aws plugin: groups, rules, interfaces, addresses and look-ups, called as the engine
 * calls it, against scripted answers of EC2's Query API. Does not prove that moto, or EC2, answers
 * like the script (the lab tier runs it against moto).
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { FakeEc2 } from "./fakeEc2.ts";
import { halfMade, startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { unknown } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

let api: FakeEc2;
let plugin: PluginProcess;
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
  api.script = {};
});

const group = "aws:ec2/securityGroup:SecurityGroup";
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const nic = "aws:ec2/networkInterface:NetworkInterface";
const eip = "aws:ec2/eip:Eip";

const groupXml = `<securityGroupInfo><item><groupId>sg-1</groupId><groupName>members</groupName><groupDescription>d</groupDescription>
  <ownerId>123456789012</ownerId><vpcId>vpc-1</vpcId></item></securityGroupInfo>`;

test("a new group loses the rule that EC2 gives it", async () => {
  api.script = {
    CreateSecurityGroup: "<groupId>sg-1</groupId>",
    DescribeSecurityGroups: groupXml,
    RevokeSecurityGroupEgress: ({ parameters }) =>
      parameters["IpPermissions.1.Ipv6Ranges.1.CidrIpv6"]
        ? { code: "InvalidPermission.NotFound", message: "no such rule" }
        : "<return>true</return>",
  };
  const { id, state } = await plugin.create(group, "members", {
    name: "members",
    description: "d",
    vpcId: "vpc-1",
  });
  assert.equal(id, "sg-1");
  assert.equal(state.arn, "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1");
  assert.deepEqual(api.actions(), [
    "CreateSecurityGroup",
    "RevokeSecurityGroupEgress",
    "RevokeSecurityGroupEgress",
    "DescribeSecurityGroups",
  ]);
  assert.equal(api.calls[1]?.parameters["IpPermissions.1.IpRanges.1.CidrIp"], "0.0.0.0/0");
});

test("a group's name is made up once and then kept", async () => {
  const first = await plugin.check(group, "members", { description: "d" });
  assert.match(String(first.inputs.name), /^members-[0-9a-f]{7}$/);
  const second = await plugin.check(group, "members", { description: "d" }, first.inputs);
  assert.equal(second.inputs.name, first.inputs.name);
  assert.equal((await plugin.check(group, "members", { name: "mine" })).inputs.name, "mine");
});

test(
  "a group with a name of the program's choice goes before its replacement comes; one " +
    "with a made-up name stays until then",
  async () => {
    const state = {
      name: "members",
      description: "d",
      vpcId: "vpc-1",
      revokeRulesOnDelete: false,
    };
    const difference = (made: string[]) =>
      plugin.diff(group, state, state, { ...state, description: "other", __defaults: made });
    assert.deepEqual(await difference([]), {
      changed: ["description"],
      replaces: ["description"],
      deleteFirst: true,
    });
    assert.equal((await difference(["name"])).deleteFirst, false);
  },
);

test("removing a group waits until nothing uses it", async () => {
  let tries = 0;
  api.script = {
    DeleteSecurityGroup: () =>
      ++tries < 3
        ? { code: "DependencyViolation", message: "resource sg-1 has a dependent object" }
        : "<return>true</return>",
  };
  await plugin.remove(group, "sg-1", {}, { name: "members" });
  assert.equal(tries, 3);
});

const rule = (
  source: string,
) => `<securityGroupRuleSet><item><securityGroupRuleId>sgr-1</securityGroupRuleId><groupId>sg-1</groupId><groupOwnerId>1</groupOwnerId><isEgress>false</isEgress>
  <ipProtocol>tcp</ipProtocol><fromPort>2380</fromPort><toPort>2380</toPort>${source}<description>peers</description></item></securityGroupRuleSet>`;
const peers: Values = {
  securityGroupId: "sg-1",
  referencedSecurityGroupId: "sg-1",
  ipProtocol: "tcp",
  fromPort: 2380,
  toPort: 2380,
  description: "peers",
};

for (const [source, inputs, expected] of [
  [
    "<referencedGroupInfo><groupId>sg-1</groupId><userId>1</userId></referencedGroupInfo>",
    peers,
    "sg-1",
  ],
  [
    "<referencedGroupInfo><groupId>sg-1</groupId><userId>2</userId></referencedGroupInfo>",
    { ...peers, referencedSecurityGroupId: "2/sg-1" },
    "2/sg-1",
  ],
  [
    "<cidrIpv4>10.0.0.0/8</cidrIpv4>",
    { ...peers, referencedSecurityGroupId: undefined, cidrIpv4: "10.0.0.0/8" },
    undefined,
  ],
] as const) {
  test(`a rule comes back as it was given (${expected ?? "addresses"})`, async () => {
    api.script = {
      AuthorizeSecurityGroupIngress: rule(source),
      DescribeSecurityGroupRules: rule(source),
    };
    const { id, state } = await plugin.create(ingress, "peers", inputs);
    assert.equal(id, "sgr-1");
    assert.equal(state.referencedSecurityGroupId, expected);
    const found = await plugin.read(ingress, id, inputs, state);
    assert.deepEqual((await plugin.diff(ingress, found.inputs, found.state, inputs)).changed, []);
  });
}

test("a rule changes in place, except for the kind of its source and its group", async () => {
  const difference = (news: Values) => plugin.diff(ingress, peers, peers, { ...peers, ...news });
  assert.deepEqual((await difference({ toPort: 2381 })).replaces, []);
  assert.deepEqual((await difference({ securityGroupId: "sg-2" })).replaces, ["securityGroupId"]);
  const addresses = await plugin.diff(ingress, peers, peers, {
    ...peers,
    referencedSecurityGroupId: undefined,
    cidrIpv4: "10.0.0.0/8",
  });
  assert.deepEqual(addresses.replaces.toSorted(), ["cidrIpv4", "referencedSecurityGroupId"]);
});

test("a rule for everything has no ports", async () => {
  const everything = rule("<cidrIpv4>0.0.0.0/0</cidrIpv4>")
    .replace("tcp", "-1")
    .replaceAll("2380", "-1");
  api.script = { DescribeSecurityGroupRules: everything };
  const inputs = {
    securityGroupId: "sg-1",
    cidrIpv4: "0.0.0.0/0",
    ipProtocol: "-1",
    description: "peers",
  };
  const found = await plugin.read(ingress, "sgr-1", inputs, inputs);
  assert.deepEqual((await plugin.diff(ingress, found.inputs, found.state, inputs)).changed, []);
});

test("a rule that is gone reads as gone, and its removal is no error", async () => {
  const gone = { code: "InvalidSecurityGroupRuleId.NotFound", message: "it does not exist" };
  api.script = { DescribeSecurityGroupRules: gone, RevokeSecurityGroupIngress: gone };
  assert.equal((await plugin.read(ingress, "sgr-1", peers, peers)).id, "");
  await plugin.remove(ingress, "sgr-1", peers, peers);
});

const nicXml = (
  status: string,
  attachment = "",
) => `<networkInterfaceId>eni-1</networkInterfaceId><status>${status}</status><subnetId>subnet-1</subnetId>
  <description>of a</description><privateIpAddress>10.213.0.4</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>sg-2</groupId></item><item><groupId>sg-1</groupId></item></groupSet>
  <privateIpAddressesSet><item><privateIpAddress>10.213.0.4</privateIpAddress><primary>true</primary></item></privateIpAddressesSet>${attachment}`;
const nicInputs: Values = {
  subnetId: "subnet-1",
  securityGroups: ["sg-1", "sg-2"],
  description: "of a",
};

test("an interface keeps its groups in any order, and tells its address", async () => {
  let looks = 0;
  api.script = {
    CreateNetworkInterface: `<networkInterface>${nicXml("pending")}</networkInterface>`,
    DescribeNetworkInterfaces: () =>
      `<networkInterfaceSet><item>${nicXml(++looks < 3 ? "pending" : "available")}</item></networkInterfaceSet>`,
  };
  const { id, state } = await plugin.create(nic, "a", nicInputs);
  assert.equal(state.privateIp, "10.213.0.4");
  assert.deepEqual(state.privateIps, ["10.213.0.4"]);
  assert.equal(api.calls[0]?.parameters["SecurityGroupId.2"], "sg-2");
  const found = await plugin.read(nic, id, nicInputs, state);
  assert.deepEqual((await plugin.diff(nic, found.inputs, found.state, nicInputs)).changed, []);
  assert.deepEqual(
    (await plugin.diff(nic, nicInputs, state, { ...nicInputs, subnetId: "subnet-2" })).replaces,
    ["subnetId"],
  );
});

test("an interface that is still attached is detached before it goes", async () => {
  let attached = true;
  api.script = {
    DescribeNetworkInterfaces: () =>
      api.actions().includes("DeleteNetworkInterface")
        ? { code: "InvalidNetworkInterfaceID.NotFound", message: "x" }
        : `<networkInterfaceSet><item>${attached ? nicXml("in-use", "<attachment><attachmentId>eni-attach-1</attachmentId></attachment>") : nicXml("available")}</item></networkInterfaceSet>`,
    DetachNetworkInterface: () => {
      attached = false;
      return "<return>true</return>";
    },
    DeleteNetworkInterface: "<return>true</return>",
  };
  await plugin.remove(nic, "eni-1", nicInputs, {});
  assert.deepEqual(
    api.actions().filter((action) => !action.startsWith("Describe")),
    ["DetachNetworkInterface", "DeleteNetworkInterface"],
  );
});

test("a public address that cannot be bound stays in the state", async () => {
  api.script = {
    AllocateAddress: "<allocationId>eipalloc-1</allocationId><publicIp>203.0.113.9</publicIp>",
    AssociateAddress: { code: "InvalidNetworkInterfaceID.NotFound", message: "no such interface" },
  };
  await assert.rejects(
    plugin.create(eip, "a", { domain: "vpc", networkInterface: "eni-9" }),
    (error: Error) => {
      assert.equal(halfMade(error)?.id, "eipalloc-1");
      assert.match(
        halfMade(error)?.reasons[0] ?? "",
        /associating EC2 EIP \(eipalloc-1\): .*no such interface/,
      );
      return true;
    },
  );
});

const subnetXml = (...ids: string[]) =>
  `<subnetSet>${ids
    .map(
      (id) => `<item><subnetId>${id}</subnetId><vpcId>vpc-1</vpcId>
  <availabilityZone>us-east-1a</availabilityZone><cidrBlock>10.213.0.0/20</cidrBlock></item>`,
    )
    .join("")}</subnetSet>`;

test("getSubnet gives the one subnet, and says when there is none or more than one", async () => {
  api.script = { DescribeSubnets: subnetXml("subnet-1") };
  const found = await plugin.invoke("aws:ec2/getSubnet:getSubnet", { id: "subnet-1" });
  assert.deepEqual(
    [found.vpcId, found.availabilityZone, found.cidrBlock],
    ["vpc-1", "us-east-1a", "10.213.0.0/20"],
  );
  assert.equal(api.calls[0]?.parameters["SubnetId.1"], "subnet-1");
  api.script = { DescribeSubnets: subnetXml() };
  await assert.rejects(
    plugin.invoke("aws:ec2/getSubnet:getSubnet", { vpcId: "vpc-1" }),
    /no matching EC2 Subnet found/,
  );
  api.script = { DescribeSubnets: subnetXml("a", "b") };
  await assert.rejects(
    plugin.invoke("aws:ec2/getSubnet:getSubnet", {}),
    /multiple EC2 Subnets matched/,
  );
  assert.deepEqual(
    (
      await plugin.invoke("aws:ec2/getSubnets:getSubnets", {
        filters: [{ name: "vpc-id", values: ["vpc-1"] }],
      })
    ).ids,
    ["a", "b"],
  );
  assert.equal(api.calls.at(-1)?.parameters["Filter.1.Value.1"], "vpc-1");
});

test("getAmi wants one image, or takes the newest", async () => {
  const image = (id: string, date: string) =>
    `<item><imageId>${id}</imageId><name>debian-13-${id}</name><creationDate>${date}</creationDate></item>`;
  api.script = {
    DescribeImages: `<imagesSet>${image("ami-1", "2025-01-01T00:00:00.000Z")}${image("ami-2", "2025-10-06T00:00:00.000Z")}</imagesSet>`,
  };
  assert.equal(
    (await plugin.invoke("aws:ec2/getAmi:getAmi", { mostRecent: true, owners: ["1"] })).id,
    "ami-2",
  );
  assert.equal((await plugin.invoke("aws:ec2/getAmi:getAmi", { nameRegex: "ami-1$" })).id, "ami-1");
  await assert.rejects(
    plugin.invoke("aws:ec2/getAmi:getAmi", {}),
    /Your query returned more than one result/,
  );
  api.script = { DescribeImages: "<imagesSet/>" };
  await assert.rejects(
    plugin.invoke("aws:ec2/getAmi:getAmi", {}),
    /Your query returned no results/,
  );
});

test("the plugin refuses to work without an emulator's address", async () => {
  assert.match(
    (await plugin.checkConfig({ region: "us-east-1" }))[0] ?? "",
    /aws:endpoints: .*only speaks to an emulator/,
  );
  assert.match(
    (
      await plugin.checkConfig({
        region: "us-east-1",
        endpoints: JSON.stringify({ ec2: "http://127.0.0.1:1" }),
      })
    )[0] ?? "",
    /aws:endpoints is a list of one object/,
  );
  assert.deepEqual(await plugin.checkConfig(ec2Config(api.endpoint)), []);
  assert.deepEqual(await plugin.checkConfig({ region: unknown, endpoints: unknown }), []);
});

test("an unknown function and an unknown type are named", async () => {
  await assert.rejects(
    plugin.invoke("aws:ec2/getRouteTable:getRouteTable", {}),
    /unrecognized function: aws:ec2\/getRouteTable:getRouteTable\. The lab's aws plugin serves .*getAmi/,
  );
  await assert.rejects(
    plugin.check("aws:s3/bucket:Bucket", "b", {}),
    /unrecognized resource type: aws:s3\/bucket:Bucket/,
  );
});

test("the log names calls and ids, and no keys", async () => {
  api.script = { DescribeSubnets: subnetXml("subnet-0123456789abcdef0") };
  await plugin.invoke("aws:ec2/getSubnet:getSubnet", { id: "subnet-0123456789abcdef0" });
  const log = await plugin.log();
  assert.match(
    log,
    /\[invoke aws:ec2\/getSubnet:getSubnet\]\s+DescribeSubnets subnet-0123456789abcdef0 → ok/,
  );
  assert.doesNotMatch(log, /lab-secret-key/);
});
