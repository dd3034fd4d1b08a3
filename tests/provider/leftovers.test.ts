// What the deletion of an Incarnation and of Leftovers removes, names or leaves alone, called as
// the engine calls it, against scripted answers of EC2 and Cloudflare. Does not prove that real
// services answer so, nor that Pulumi deletes these resources at the right moment: tests/lab does.
import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { StackId } from "../../components/recovery/stackId.ts";
import { Leftovers } from "../../components/recovery/leftovers.ts";
import { secret } from "../../lab/plugins/values.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";
import { startFakeCloudflare, type FakeCloudflare } from "./fakeCloudflare.ts";
import { type Ec2Answer, startFakeEc2, type FakeEc2 } from "./fakeEc2.ts";

const word = "0a1b2c3d4e5f";
const comment = `pulumi etcd/prod ${word}`;
const zoneId = "f".repeat(32);
const interfaces = "aws:ec2/networkInterface:NetworkInterface";
const outputs = { project: "etcd", stack: "prod", zoneId, version: 4, word };
const tags = { Project: "etcd", Stack: "prod", Incarnation: word };
const ofInterfaces = { type: interfaces, tags, zoneId, comment, version: 3 };
const ofMachine = {
  ...ofInterfaces,
  type: "aws:ec2/instance:Instance",
  tags: { ...tags, Name: "a.etcd.test", Role: "instance" },
};

let ec2: FakeEc2;
let cloudflare: FakeCloudflare;
let incarnation: DynamicProvider;
let leftovers: DynamicProvider;
before(async () => {
  [ec2, cloudflare] = await Promise.all([startFakeEc2(), startFakeCloudflare()]);
  const config = {
    "aws:region": "us-east-1",
    "aws:accessKey": "lab",
    "aws:secretKey": "lab-secret",
    "aws:endpoints": JSON.stringify([{ ec2: ec2.endpoint }]),
    "cloudflare:baseUrl": cloudflare.baseUrl,
    "cloudflare:apiToken": secret("token-of-the-stack"),
  };
  incarnation = await startDynamicProvider(
    () => new StackId("incarnation", { project: "etcd", stack: "prod", zoneId }),
    config,
  );
  leftovers = await startDynamicProvider(
    () => new Leftovers("leftovers", { type: interfaces, tags, zoneId, comment }),
    config,
  );
});
after(async () => {
  incarnation.close();
  leftovers.close();
  await Promise.all([ec2.close(), cloudflare.close()]);
});

test("another account's credentials are refused; an unknown one is not compared", async () => {
  const its = { project: "etcd", stack: "prod", zoneId, account: "123456789012" };
  const [refused, ...more] = await incarnation.check(its, { ...its, account: "210987654321" });
  assert.deepEqual(more, []);
  assert.match(refused?.reason ?? "", /in the AWS account 123456789012, .* belong to 210987654321/);
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  for (const account of ["123456789012", "", unknown])
    assert.deepEqual(await incarnation.check(its, { ...its, account }), [], account);
  const { account: _, ...older } = its;
  assert.deepEqual(await incarnation.check(older, its), []);
});

test("a state copied from another stack is refused, unless the stack was renamed", async () => {
  const its = { project: "etcd", stack: "dev", zoneId };
  const [refused] = await incarnation.check(its, { ...its, stack: "copy" });
  assert.match(refused?.reason ?? "", /made by the stack etcd\/dev, and this is etcd\/copy/);
  assert.match(refused?.reason ?? "", /stack rm --force copy .* config set etcd:renamedFrom dev/);
  const renamed = { ...its, stack: "copy", renamedFrom: "dev" };
  assert.deepEqual(await incarnation.check(its, renamed), []);
  assert.deepEqual(await incarnation.check(renamed, { ...its, stack: "copy" }), []);
  assert.deepEqual(await incarnation.check({}, its), [], "a new one");
});

beforeEach(() => {
  ec2.calls.length = 0;
  cloudflare.requests.length = 0;
  cloudflare.next.length = 0;
  cloudflare.records.clear();
  ec2.script = {
    DescribeInstances: "",
    DescribeVolumes: "",
    DescribeNetworkInterfaces: "",
    DescribeAddresses: "",
    DescribeSecurityGroups: "",
    DescribeKeyPairs: "",
  };
});

const sequence =
  (...answers: Ec2Answer[]) =>
  () =>
    (answers.length > 1 ? answers.shift() : answers[0]) ?? "";
const named = (name: string) =>
  `<tagSet><item><key>Name</key><value>${name}</value></item></tagSet>`;
const instance =
  "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>" +
  `<instanceState><name>running</name></instanceState>${named("a.etcd.test")}</item>` +
  "</instancesSet></item></reservationSet>";
const volume = (state: string) =>
  `<volumeSet><item><volumeId>vol-1</volumeId><status>${state}</status></item></volumeSet>`;
const eni = (status: string, id = "eni-1") =>
  `<networkInterfaceSet><item><networkInterfaceId>${id}</networkInterfaceId>` +
  `<status>${status}</status><privateIpAddress>10.0.0.7</privateIpAddress></item>` +
  "</networkInterfaceSet>";
const group = "<securityGroupInfo><item><groupId>sg-1</groupId></item></securityGroupInfo>";
const key = "<keySet><item><keyPairId>key-1</keyPairId></item></keySet>";
const address = (of: string) =>
  "<addressesSet><item><allocationId>eipalloc-1</allocationId>" +
  `<associationId>eipassoc-1</associationId><networkInterfaceId>${of}</networkInterfaceId></item>` +
  "</addressesSet>";
const client = {
  name: "_etcd-client._tcp.etcd.test",
  type: "SRV",
  comment,
  data: { target: "a.etcd.test", port: 2379 },
};
const removals = () => ec2.actions().filter((action) => !action.startsWith("Describe"));

/** Records as the API lists them, which can then be deleted. */
function listed(
  ...records: { name: string; type: string; comment: string; content?: string; data?: object }[]
): void {
  const all = records.map((record, i) => ({
    content: "x",
    ...record,
    id: String(i + 1).repeat(32),
  }));
  for (const record of all) cloudflare.records.set(record.id, record);
  cloudflare.next.push({ status: 200, body: { success: true, result: all } });
}

test("nothing bears the mark: all is asked for with it, and nothing is removed", async () => {
  listed();
  await incarnation.delete(word, outputs);
  assert.deepEqual(removals(), []);
  assert.equal(ec2.calls.length, 6);
  for (const { parameters } of ec2.calls) {
    const filters = [1, 2, 3].map(
      (n) => `${parameters[`Filter.${n}.Name`]}=${parameters[`Filter.${n}.Value.1`]}`,
    );
    assert.deepEqual(filters, ["tag:Project=etcd", "tag:Stack=prod", `tag:Incarnation=${word}`]);
  }
  const query = new URL(cloudflare.requests[0]?.path ?? "", cloudflare.baseUrl).searchParams;
  assert.equal(query.get("comment.exact"), comment);
  assert.equal(cloudflare.requests[0]?.headers.authorization, "Bearer token-of-the-stack");
});

test("neither a state's code can end an instance or remove a volume: it does not know how", () => {
  for (const { text } of [incarnation, leftovers]) {
    assert.match(text, /deleteNetworkInterface/);
    assert.doesNotMatch(text, /terminateInstances|deleteVolume|stopInstances|detachVolume/i);
  }
});

test(
  "an instance and a volume are named with the commands, and nothing " + "goes beside them",
  async () => {
    listed({ name: "a.etcd.test", type: "A", comment });
    ec2.script = {
      ...ec2.script,
      DescribeInstances: instance,
      DescribeVolumes: volume("available"),
      DescribeKeyPairs: key,
      DescribeNetworkInterfaces: eni("available"),
    };
    await assert.rejects(incarnation.delete(word, outputs), (e: Error) => {
      assert.match(
        e.message,
        /^What earlier runs left behind was not removed:\n {2}the instance i-1 \(a\.etcd\.test\): it may hold [^\n]+\n {4}aws ec2 terminate-instances --instance-ids i-1 --region us-east-1\n {2}the volume vol-1: it may hold [^\n]+\n {4}aws ec2 delete-volume --volume-id vol-1 --region us-east-1\n`pulumi stack --show-ids`[^]*run `pulumi destroy` again/,
      );
      return true;
    });
    assert.deepEqual(removals(), []);
    assert.deepEqual(
      cloudflare.requests.map(({ method }) => method),
      ["GET"],
    );
  },
);

test("data volumes that are to be kept are named, and no failure; all else goes", async () => {
  listed();
  const key_ = { ...ec2.script, DescribeVolumes: volume("available"), DescribeKeyPairs: key };
  ec2.script = { ...key_, DeleteKeyPair: "<return>true</return>" };
  await incarnation.delete(word, { ...outputs, keepData: true });
  assert.deepEqual(removals(), ["DeleteKeyPair"]);
  assert.match(incarnation.printed(), /kept, as keepData says: the volume vol-1\. .* sweep/);
});

test("a machine is never taken for something that keepData keeps", async () => {
  listed();
  ec2.script = { ...ec2.script, DescribeInstances: instance, DescribeVolumes: volume("in-use") };
  await assert.rejects(
    incarnation.delete(word, { ...outputs, keepData: true }),
    /the instance i-1 \(a\.etcd\.test\): it may hold/,
  );
  assert.deepEqual(removals(), []);
});

test("a cluster in service (`up --replace`): nothing is touched, nothing fails", async () => {
  const everything = {
    ...ec2.script,
    DescribeInstances: instance,
    DescribeVolumes: volume("in-use"),
    DescribeKeyPairs: key,
    DescribeSecurityGroups: group,
    DescribeNetworkInterfaces: eni("available"),
  };
  for (const remove of [
    () => incarnation.delete(word, outputs),
    () => leftovers.delete("leftovers", ofMachine),
    () => leftovers.delete("leftovers", ofInterfaces),
  ]) {
    cloudflare.requests.length = 0;
    listed({ name: "a.etcd.test", type: "A", comment, content: "10.0.0.7" }, client);
    ec2.script = everything;
    await remove();
    assert.deepEqual(
      cloudflare.requests.map(({ method }) => method),
      ["GET"],
    );
  }
  assert.deepEqual(removals(), []);
  assert.match(
    incarnation.printed(),
    /left alone: the instance i-1 \(a\.etcd\.test\), the volume vol-1; the DNS record _etcd-client\._tcp\.etcd\.test SRV x still sends clients there, so this is no destroy/,
  );
});

test(
  "a member that clients are sent to no more is named, even while " + "they are sent to others",
  async () => {
    listed({ ...client, data: { target: "b.etcd.test", port: 2379 } });
    ec2.script = { ...ec2.script, DescribeInstances: instance };
    await assert.rejects(
      leftovers.delete("leftovers", ofMachine),
      /the instance i-1 .*\n {4}aws ec2 terminate-instances --instance-ids i-1 /,
    );
    assert.deepEqual(removals(), []);
  },
);

test(
  "no instance and no volume is left: records go, client SRV first, " + "and what is unused",
  async () => {
    listed(
      { name: "a.etcd.test", type: "A", comment },
      { name: "_etcd-server._tcp.etcd.test", type: "SRV", comment },
      client,
    );
    ec2.script = {
      ...ec2.script,
      DescribeNetworkInterfaces: eni("available"),
      DescribeAddresses: address("eni-1"),
      DescribeSecurityGroups: group,
      DescribeKeyPairs: key,
      DeleteNetworkInterface: sequence(
        {
          code: "InvalidParameterValue",
          message: "Network interface 'eni-1' is currently in use.",
        },
        "<return>true</return>",
      ),
      ReleaseAddress: "<return>true</return>",
      DeleteSecurityGroup: "<return>true</return>",
      DeleteKeyPair: "",
    };
    await incarnation.delete(word, outputs);
    assert.deepEqual(
      cloudflare.requests.slice(1).map(({ method, path }) => `${method} ${path.at(-1)}`),
      ["DELETE 3", "DELETE 2", "DELETE 1"],
    );
    assert.deepEqual(removals(), [
      "DeleteNetworkInterface",
      "DeleteNetworkInterface",
      "ReleaseAddress",
      "DeleteSecurityGroup",
      "DeleteKeyPair",
    ]);
    assert.match(
      incarnation.printed(),
      /removed the network interface eni-1, left behind by a run that was cut off/,
    );
    assert.match(incarnation.printed(), /removed the DNS record a\.etcd\.test A x, left behind/);
  },
);

test("what something uses stays, and is named: an interface, its address, a group", async () => {
  listed();
  ec2.script = {
    ...ec2.script,
    DescribeNetworkInterfaces: eni("in-use"),
    DescribeAddresses: address("eni-1"),
    DescribeSecurityGroups: group,
  };
  await assert.rejects(incarnation.delete(word, outputs), (e: Error) => {
    for (const line of [
      "the network interface eni-1: in use by \\(status in-use\\)",
      "the Elastic IP eipalloc-1: in use by eni-1",
      "the security group sg-1: in use by eni-1",
    ])
      assert.match(e.message, new RegExp(line));
    return true;
  });
  assert.deepEqual(removals(), []);
});

test(
  "an interface whose address a record of ours names is not free, " + "whatever EC2 says",
  async () => {
    listed({ name: "a.etcd.test", type: "A", comment, content: "10.0.0.7" });
    ec2.script = { ...ec2.script, DescribeNetworkInterfaces: eni("available") };
    await assert.rejects(
      leftovers.delete("leftovers", ofInterfaces),
      /eni-1: the DNS record a\.etcd\.test A 10\.0\.0\.7 names its address\n {4}aws ec2 delete-network-interface/,
    );
    assert.deepEqual(removals(), []);
  },
);

test("when EC2 cannot say whether a machine lives, no record goes either", async () => {
  listed({ name: "a.etcd.test", type: "A", comment });
  ec2.script = {
    ...ec2.script,
    DescribeVolumes: { code: "UnauthorizedOperation", message: "You are not authorized." },
  };
  await assert.rejects(
    incarnation.delete(word, outputs),
    /EC2 could not be asked for a leftover volume: UnauthorizedOperation/,
  );
  assert.deepEqual([removals(), cloudflare.requests], [[], []]);
});

test("a record whose comment is not exactly ours stays, even past the API's filter", async () => {
  listed({ name: "a.etcd.test", type: "A", comment: comment.toUpperCase() });
  await incarnation.delete(word, outputs);
  assert.deepEqual(
    cloudflare.requests.map(({ method }) => method),
    ["GET"],
  );
});

test("what cannot be removed is named with the command, and does not keep the rest", async () => {
  cloudflare.next.push({
    status: 403,
    body: { success: false, errors: [{ code: 10000, message: "Authentication error" }] },
  });
  ec2.script = {
    ...ec2.script,
    DescribeNetworkInterfaces: eni("available"),
    DeleteNetworkInterface: {
      code: "OperationNotPermitted",
      message: "The interface 'eni-1' may not be deleted.",
    },
    DescribeKeyPairs: key,
    DeleteKeyPair: "",
  };
  await assert.rejects(incarnation.delete(word, outputs), (e: Error) => {
    assert.match(
      e.message,
      /Cloudflare could not be asked for records .*: 403 .*Authentication error/,
    );
    assert.match(
      e.message,
      /the network interface eni-1: OperationNotPermitted: .*may not be deleted\.\n {4}aws ec2 delete-network-interface --network-interface-id eni-1 --region us-east-1/,
    );
    assert.match(e.message, /run `pulumi destroy` again/);
    assert.ok(!e.message.includes("lab-secret") && !e.message.includes("token-of-the-stack"));
    return true;
  });
  assert.ok(removals().includes("DeleteKeyPair"));
});

test("a service that is out of reach for good ends in a message within a minute", async () => {
  listed();
  const config = {
    "aws:region": "us-east-1",
    "aws:accessKey": "lab",
    "aws:secretKey": "lab-secret",
    "aws:endpoints": '[{"ec2":"http://127.0.0.1:9"}]',
  };
  const cut = await startDynamicProvider(
    () => new Leftovers("leftovers", { type: interfaces, tags, zoneId, comment }),
    config,
  );
  const started = Date.now();
  await assert.rejects(
    cut.delete("leftovers", ofInterfaces),
    /What earlier runs left behind was not removed:\n.*ECONNREFUSED[^]*pulumi stack rm --force/,
  );
  assert.ok(Date.now() - started < 60_000);
  cut.close();
});

test(
  "Leftovers look for their own type and tags only, and read long " + "lists to their end",
  async () => {
    listed();
    ec2.script = {
      ...ec2.script,
      DescribeNetworkInterfaces: ({ parameters }) =>
        parameters.NextToken
          ? eni("available")
          : `${eni("available", "eni-0")}<nextToken>more</nextToken>`,
      DeleteNetworkInterface: "<return>true</return>",
    };
    await leftovers.delete("leftovers", { ...ofInterfaces, tags: { ...tags, Role: "interface" } });
    assert.deepEqual(ec2.actions(), [
      "DescribeNetworkInterfaces",
      "DescribeNetworkInterfaces",
      "DeleteNetworkInterface",
      "DeleteNetworkInterface",
    ]);
    assert.deepEqual([1, 2, 3, 4].map((n) => ec2.calls[0]?.parameters[`Filter.${n}.Name`]).sort(), [
      "tag:Incarnation",
      "tag:Project",
      "tag:Role",
      "tag:Stack",
    ]);
    assert.deepEqual(
      ec2.calls.slice(2).map(({ parameters }) => parameters.NetworkInterfaceId),
      ["eni-0", "eni-1"],
    );
  },
);

test(
  "the code of an earlier release in the state gives way to this one " + "at the next up",
  async () => {
    assert.equal(await leftovers.diff({ ...ofInterfaces, version: 2 }, ofInterfaces), true);
    assert.equal(await leftovers.diff(ofInterfaces, ofInterfaces), false);
  },
);

const defaultGroupOf = (account: string) =>
  `<securityGroupInfo><item><groupId>sg-0</groupId><ownerId>${account}</ownerId></item>` +
  "</securityGroupInfo>";
const home = { account: "111111111111", region: "us-east-1" };

for (const [what, at, says] of [
  [
    "account",
    { account: "222222222222" },
    /in the account 222222222222, and EC2 is asked in 1{12}/,
  ],
  ["region", { region: "eu-west-1" }, /in the region eu-west-1, and EC2 is asked in us-east-1/],
] as const)
  test(`in another ${what}, where nothing of it is seen, no record goes`, async () => {
    listed({ name: "a.etcd.test", type: "A", comment });
    ec2.script.DescribeSecurityGroups = defaultGroupOf(home.account);
    for (const remove of [
      () => incarnation.delete(word, { ...outputs, ...home, ...at }),
      () => leftovers.delete("leftovers", { ...ofInterfaces, ...home, ...at }),
    ])
      await assert.rejects(remove(), says);
    assert.deepEqual([removals(), cloudflare.requests], [[], []]);
  });

test("in the account that is written down, records of a cut-off run go", async () => {
  listed({ name: "a.etcd.test", type: "A", comment });
  ec2.script.DescribeSecurityGroups = ({ parameters }) =>
    parameters["Filter.1.Name"] === "group-name" ? defaultGroupOf(home.account) : "";
  await incarnation.delete(word, { ...outputs, ...home });
  assert.deepEqual(
    cloudflare.requests.map(({ method }) => method),
    ["GET", "DELETE"],
  );
});

test("where EC2 does not tell the account, records are named with the command", async () => {
  listed({ name: "a.etcd.test", type: "A", comment });
  await assert.rejects(
    incarnation.delete(word, { ...outputs, ...home }),
    /the DNS record a\.etcd\.test A x: no machine is seen, .*\n {4}curl -X DELETE .*\/dns_records\/1{32}\n/,
  );
  assert.deepEqual(
    cloudflare.requests.map(({ method }) => method),
    ["GET"],
  );
});

test("without an incarnation among the tags nothing is touched", async () => {
  await assert.rejects(
    leftovers.delete("leftovers", { ...ofInterfaces, tags: { Project: "etcd" } }),
    /without the tag Incarnation/,
  );
  assert.deepEqual(ec2.calls, []);
});

test(
  "the word outlives a change of the zone and a state of an earlier release, which is " +
    "brought up to date",
  async () => {
    const news = { project: "etcd", stack: "prod", zoneId, version: 4 };
    assert.equal(await incarnation.diff({ word }, news), true);
    assert.equal((await incarnation.update({ word }, news)).word, word);
    assert.equal(await incarnation.diff(outputs, news), false);
    assert.notEqual(
      (await incarnation.create(news)).outputs.word,
      (await incarnation.create(news)).outputs.word,
    );
  },
);
