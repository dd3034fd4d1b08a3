/**
 * `pulumi import` with the lab's aws plugin: a read that knows nothing but the id, and the `up`
 * that follows, called as the engine calls them, against scripted answers of EC2's Query API. What
 * that `up` would change is what it changes with the official provider, whose sources were read.
 * Does not prove that EC2 answers like the script, nor that the engine takes what is read.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { FakeEc2 } from "./fakeEc2.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { isObject } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

let api: FakeEc2;
let plugin: PluginProcess;
before(async () => {
  api = await startFakeEc2();
  plugin = await startPlugin("aws");
  await plugin.configure(ec2Config(api.endpoint));
  api.script = {
    DescribeInstances: `<reservationSet><item><instancesSet><item>${instance}</item></instancesSet></item></reservationSet>`,
    DescribeInstanceAttribute: ({ parameters }) =>
      parameters.Attribute === "userData"
        ? `<userData><value>${Buffer.from("#cloud-config\n").toString("base64")}</value></userData>`
        : "",
    DescribeVolumes: ({ parameters }) =>
      `<volumeSet><item>${parameters["VolumeId.1"] === "vol-root" ? volume("vol-root", 10) : volume("vol-1", 4)}</item></volumeSet>`,
    DescribeNetworkInterfaces: `<networkInterfaceSet><item>${nic}</item></networkInterfaceSet>`,
    DescribeAddresses: `<addressesSet><item>${address}</item></addressesSet>`,
    DescribeSecurityGroups: `<securityGroupInfo><item>${group}</item></securityGroupInfo>`,
    DescribeSecurityGroupRules: ({ parameters }) =>
      `<securityGroupRuleSet><item>${parameters["SecurityGroupRuleId.1"] === "sgr-out" ? ruleOut : ruleIn}</item></securityGroupRuleSet>`,
    DescribeKeyPairs: `<keySet><item><keyPairId>key-1</keyPairId><keyName>boot</keyName>
      <keyFingerprint>ab:cd</keyFingerprint><keyType>ed25519</keyType>${tagsXml()}</item></keySet>`,
    DescribeTags:
      "<tagSet><item><resourceId>i-1</resourceId><key>Member</key><value>word</value></item></tagSet>",
  };
});
after(async () => {
  await plugin.stop();
  await api.close();
});

const tags = { Incarnation: "w", Role: "x" };
/** Those of things that a member's mark was set on as well. */
const marked = { ...tags, Member: "word" };
function tagsXml(of: Record<string, string> = tags): string {
  return `<tagSet>${Object.entries(of)
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join("")}</tagSet>`;
}
const instance = `<instanceId>i-1</instanceId><imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>
  <instanceType>t3.small</instanceType><keyName>boot</keyName><privateIpAddress>10.213.0.4</privateIpAddress><subnetId>subnet-1</subnetId>
  <placement><availabilityZone>us-east-1a</availabilityZone><tenancy>default</tenancy></placement><rootDeviceName>/dev/xvda</rootDeviceName>
  <metadataOptions><httpTokens>required</httpTokens><httpPutResponseHopLimit>1</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions>
  <groupSet><item><groupId>sg-1</groupId><groupName>members</groupName></item></groupSet>
  <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><sourceDestCheck>true</sourceDestCheck>
    <attachment><deviceIndex>0</deviceIndex><deleteOnTermination>false</deleteOnTermination></attachment></item></networkInterfaceSet>
  <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-root</volumeId><deleteOnTermination>true</deleteOnTermination></ebs></item>
    <item><deviceName>/dev/sdf</deviceName><ebs><volumeId>vol-1</volumeId><deleteOnTermination>false</deleteOnTermination></ebs></item></blockDeviceMapping>
  ${tagsXml(marked)}`;
const volume = (
  id: string,
  size: number,
) => `<volumeId>${id}</volumeId><size>${size}</size><volumeType>gp3</volumeType><iops>3000</iops><throughput>125</throughput>
  <encrypted>true</encrypted><kmsKeyId>arn:aws:kms:us-east-1:1:key/1</kmsKeyId><availabilityZone>us-east-1a</availabilityZone><status>in-use</status>
  <attachmentSet><item><volumeId>${id}</volumeId><instanceId>i-1</instanceId><device>/dev/sdf</device><status>attached</status></item></attachmentSet>
  ${tagsXml(id === "vol-1" ? marked : {})}`;
const nic = `<networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><description>of a</description><status>in-use</status>
  <interfaceType>interface</interfaceType><privateIpAddress>10.213.0.4</privateIpAddress><sourceDestCheck>true</sourceDestCheck><ownerId>1</ownerId>
  <groupSet><item><groupId>sg-1</groupId></item></groupSet><attachment><attachmentId>eni-attach-1</attachmentId><instanceId>i-1</instanceId></attachment>
  <privateIpAddressesSet><item><privateIpAddress>10.213.0.4</privateIpAddress><primary>true</primary></item></privateIpAddressesSet>${tagsXml()}`;
const address = `<allocationId>eipalloc-1</allocationId><publicIp>203.0.113.9</publicIp><domain>vpc</domain><instanceId>i-1</instanceId>
  <networkInterfaceId>eni-1</networkInterfaceId><privateIpAddress>10.213.0.4</privateIpAddress><associationId>eipassoc-1</associationId>${tagsXml()}`;
const group = `<groupId>sg-1</groupId><groupName>members-0123456</groupName><groupDescription>d</groupDescription>
  <ownerId>1</ownerId><vpcId>vpc-1</vpcId>${tagsXml()}`;
const ruleIn = `<securityGroupRuleId>sgr-in</securityGroupRuleId><groupId>sg-1</groupId><groupOwnerId>1</groupOwnerId><ipProtocol>tcp</ipProtocol>
  <fromPort>2380</fromPort><toPort>2380</toPort><referencedGroupInfo><groupId>sg-1</groupId><userId>1</userId></referencedGroupInfo><description>peers</description>`;
const ruleOut = `<securityGroupRuleId>sgr-out</securityGroupRuleId><groupId>sg-1</groupId><groupOwnerId>1</groupOwnerId><isEgress>true</isEgress>
  <ipProtocol>-1</ipProtocol><fromPort>-1</fromPort><toPort>-1</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4>`;

/** What is imported, what the program says of it, and what `up` then changes. */
interface Case {
  readonly type: string;
  /** What `pulumi import` names, and the id in the state where that is another one. */
  readonly id: string;
  readonly becomes?: string;
  readonly program: Values;
  readonly ignored?: readonly string[];
  /** Defaults that no read can tell: an update that changes nothing in EC2. */
  readonly updates: readonly string[];
  readonly replaces?: readonly string[];
}
const cases: Case[] = [
  {
    type: "aws:ec2/instance:Instance",
    id: "i-1",
    program: {
      ami: "ami-1",
      instanceType: "t3.small",
      keyName: "boot",
      primaryNetworkInterface: { networkInterfaceId: "eni-1" },
      userData: "#cloud-config\n",
      metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { encrypted: true, volumeType: "gp3", volumeSize: 10 },
      tags: marked,
    },
    updates: ["forceDestroy", "userDataReplaceOnChange"],
  },
  {
    type: "aws:ebs/volume:Volume",
    id: "vol-1",
    program: {
      availabilityZone: "us-east-1a",
      size: 4,
      type: "gp3",
      encrypted: true,
      tags: marked,
    },
    updates: ["finalSnapshot"],
  },
  {
    type: "aws:ec2/volumeAttachment:VolumeAttachment",
    id: "/dev/sdf:vol-1:i-1",
    becomes: "vai-3944550031",
    program: { deviceName: "/dev/sdf", instanceId: "i-1", volumeId: "vol-1", skipDestroy: true },
    updates: ["skipDestroy"],
  },
  {
    type: "aws:ec2/networkInterface:NetworkInterface",
    id: "eni-1",
    program: { subnetId: "subnet-1", securityGroups: ["sg-1"], description: "of a", tags },
    updates: ["ipv6AddressListEnabled", "privateIpListEnabled"],
  },
  {
    type: "aws:ec2/eip:Eip",
    id: "eipalloc-1",
    program: { domain: "vpc", networkInterface: "eni-1", tags },
    updates: [],
  },
  {
    type: "aws:ec2/securityGroup:SecurityGroup",
    id: "sg-1",
    program: { vpcId: "vpc-1", description: "d", name: "members-0123456", tags },
    updates: ["revokeRulesOnDelete"],
  },
  {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    id: "sgr-in",
    program: {
      securityGroupId: "sg-1",
      referencedSecurityGroupId: "sg-1",
      ipProtocol: "tcp",
      fromPort: 2380,
      toPort: 2380,
      description: "peers",
    },
    updates: [],
  },
  {
    type: "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    id: "sgr-out",
    program: { securityGroupId: "sg-1", cidrIpv4: "0.0.0.0/0", ipProtocol: "-1" },
    updates: [],
  },
  {
    type: "aws:ec2/tag:Tag",
    id: "i-1,Member",
    program: { resourceId: "i-1", key: "Member", value: "word" },
    updates: [],
  },
  // EC2 does not tell a public key: the official provider makes an imported key pair anew.
  {
    type: "aws:ec2/keyPair:KeyPair",
    id: "boot",
    program: { keyName: "boot", publicKey: "ssh-ed25519 AAAA boot", tags },
    updates: [],
    replaces: ["publicKey"],
  },
];

for (const { type, id, becomes = id, program, updates, replaces = [] } of cases) {
  const name = type.split(":").at(-1);

  test(`${name}: an import, and what the next up changes`, async () => {
    const found = await plugin.read(type, id, {}, {});
    assert.equal(found.id, becomes);
    const { inputs } = await plugin.check(type, "x", program, found.inputs);
    const difference = await plugin.diff(type, found.inputs, found.state, inputs);
    assert.deepEqual(difference.changed.toSorted(), [...updates, ...replaces].toSorted());
    assert.deepEqual(difference.replaces, replaces);
  });

  test(`${name}: what was read passes the check, and says what the program says`, async () => {
    const found = await plugin.read(type, id, {}, {});
    const { reasons } = await plugin.check(type, "x", found.inputs, found.inputs);
    // The engine only warns of these; no program has the property that a read could tell.
    assert.deepEqual(
      reasons,
      replaces.map((property) => `Missing required property '${property}'`),
    );
    for (const [key, value] of Object.entries(program))
      if (!notRead.has(key)) contains(found.inputs[key], value, key);
  });
}
/** What no read tells; the interface of a machine shows among the outputs alone. */
const notRead = new Set(["publicKey", "skipDestroy", "primaryNetworkInterface"]);

test("a machine's interface is read in an import, so no other machine is wanted", async () => {
  const { state } = await plugin.read("aws:ec2/instance:Instance", "i-1", {}, {});
  assert.deepEqual(state.primaryNetworkInterface, {
    networkInterfaceId: "eni-1",
    deleteOnTermination: false,
  });
});

test("a made-up name is made up anew, so an imported group with one is replaced", async () => {
  const type = "aws:ec2/securityGroup:SecurityGroup";
  const found = await plugin.read(type, "sg-1", {}, {});
  const { inputs } = await plugin.check(
    type,
    "members",
    { vpcId: "vpc-1", description: "d", tags },
    found.inputs,
  );
  const { replaces } = await plugin.diff(type, found.inputs, found.state, inputs);
  assert.deepEqual(replaces, ["name"]);
});

test("an attachment is named by device, volume and machine; another form is refused", async () => {
  const type = "aws:ec2/volumeAttachment:VolumeAttachment";
  for (const wrong of ["vai-3944550031", "vol-1:i-1", "/dev/sdf:vol-1:", "/dev/sdf:vol-1:i-1:x"])
    await assert.rejects(
      plugin.read(type, wrong, {}, {}),
      /Unexpected format of ID .*expected DEVICE_NAME:VOLUME_ID:INSTANCE_ID/,
    );
  assert.equal((await plugin.read(type, "/dev/sdg:vol-1:i-1", {}, {})).id, "");
});

/** What the program says is there; EC2 may know more. */
function contains(found: Values[string], wanted: Values[string], what: string): void {
  if (!isObject(wanted) || !isObject(found)) {
    assert.deepEqual(found, wanted, what);
    return;
  }
  for (const [key, value] of Object.entries(wanted)) contains(found[key], value, `${what}.${key}`);
}
