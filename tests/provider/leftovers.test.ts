// What the deletion of an Incarnation and of Leftovers removes, called as the engine calls it,
// against scripted answers of EC2 and Cloudflare. Does not prove that real services answer so, nor
// that Pulumi deletes these resources at the right moment: tests/lab does.
import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { Incarnation } from "../../components/healing/incarnation.ts";
import { Leftovers } from "../../components/healing/leftovers.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";
import { startFakeCloudflare, type FakeCloudflare } from "./fakeCloudflare.ts";
import { type Ec2Answer, startFakeEc2, type FakeEc2 } from "./fakeEc2.ts";

const word = "0a1b2c3d4e5f";
const comment = `pulumi etcd/prod ${word}`;
const zoneId = "f".repeat(32);
const interfaces = "aws:ec2/networkInterface:NetworkInterface";
const outputs = { project: "etcd", stack: "prod", zoneId, version: 2, word };
const tags = { Project: "etcd", Stack: "prod", Incarnation: word };

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
    "cloudflare:apiToken": "token-of-the-stack",
  };
  incarnation = await startDynamicProvider(
    () => new Incarnation("incarnation", { project: "etcd", stack: "prod", zoneId }),
    config,
  );
  leftovers = await startDynamicProvider(
    () => new Leftovers("leftovers", { type: interfaces, tags }),
    config,
  );
});
after(async () => {
  incarnation.close();
  leftovers.close();
  await Promise.all([ec2.close(), cloudflare.close()]);
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
const instance = (state: string) =>
  `<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId><instanceState><name>${state}</name></instanceState></item></instancesSet></item></reservationSet>`;
const eni =
  "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId></item></networkInterfaceSet>";
const removals = () => ec2.actions().filter((action) => !action.startsWith("Describe"));

/** Records as the API lists them, which can then be deleted. */
function listed(...records: { name: string; type: string; comment: string }[]): void {
  const all = records.map((record, i) => ({
    ...record,
    id: String(i + 1).repeat(32),
    content: "x",
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

test(
  "records go before machines, client SRV first; an instance is waited for before what it " +
    "holds is removed",
  async () => {
    listed(
      { name: "a.etcd.test", type: "A", comment },
      { name: "_etcd-server._tcp.etcd.test", type: "SRV", comment },
      { name: "_etcd-client._tcp.etcd.test", type: "SRV", comment },
    );
    ec2.script = {
      ...ec2.script,
      DescribeInstances: sequence(
        instance("running"),
        instance("shutting-down"),
        instance("terminated"),
      ),
      TerminateInstances: "",
      DescribeNetworkInterfaces: eni,
      DeleteNetworkInterface: sequence(
        {
          code: "InvalidParameterValue",
          message: "Network interface 'eni-1' is currently in use.",
        },
        "<return>true</return>",
      ),
    };
    await incarnation.delete(word, outputs);
    assert.deepEqual(
      cloudflare.requests.slice(1).map(({ method, path }) => `${method} ${path.at(-1)}`),
      ["DELETE 3", "DELETE 2", "DELETE 1"],
    );
    assert.deepEqual(removals(), [
      "TerminateInstances",
      "DeleteNetworkInterface",
      "DeleteNetworkInterface",
    ]);
    assert.match(
      incarnation.printed(),
      /removed the instance i-1, left behind by a run that was cut off/,
    );
    assert.match(incarnation.printed(), /removed the DNS record a\.etcd\.test A x, left behind/);
  },
);

test("a record whose comment is not exactly ours stays, even if the API's filter lets it through", async () => {
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
    DescribeInstances: instance("running"),
    TerminateInstances: {
      code: "OperationNotPermitted",
      message: "The instance 'i-1' may not be terminated.",
    },
    DescribeKeyPairs: "<keySet><item><keyPairId>key-1</keyPairId></item></keySet>",
    DeleteKeyPair: "",
  };
  await assert.rejects(incarnation.delete(word, outputs), (e: Error) => {
    assert.match(
      e.message,
      /Cloudflare could not be asked for records .*: 403 .*Authentication error/,
    );
    assert.match(
      e.message,
      /the instance i-1: OperationNotPermitted: .*may not be terminated\.\n {4}aws ec2 terminate-instances --instance-ids i-1 --region us-east-1/,
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
    () => new Leftovers("leftovers", { type: interfaces, tags }),
    config,
  );
  const started = Date.now();
  await assert.rejects(
    cut.delete("leftovers", { type: interfaces, tags, version: 1 }),
    /What earlier runs left behind could not be removed:\n.*ECONNREFUSED[^]*pulumi stack rm --force/,
  );
  assert.ok(Date.now() - started < 60_000);
  cut.close();
});

test("Leftovers look for their own type and tags only", async () => {
  ec2.script = {
    ...ec2.script,
    DescribeNetworkInterfaces: eni,
    DeleteNetworkInterface: "<return>true</return>",
  };
  await leftovers.delete("leftovers", {
    type: interfaces,
    tags: { ...tags, Role: "interface" },
    version: 1,
  });
  assert.deepEqual(ec2.actions(), ["DescribeNetworkInterfaces", "DeleteNetworkInterface"]);
  assert.deepEqual([1, 2, 3, 4].map((n) => ec2.calls[0]?.parameters[`Filter.${n}.Name`]).sort(), [
    "tag:Incarnation",
    "tag:Project",
    "tag:Role",
    "tag:Stack",
  ]);
});

test(
  "an address that is associated lets go of its interface first, and long lists are read " +
    "to their end",
  async () => {
    listed();
    const addresses =
      "<addressesSet><item><allocationId>eipalloc-1</allocationId><associationId>eipassoc-1</associationId></item></addressesSet>";
    ec2.script = {
      ...ec2.script,
      DescribeAddresses: addresses,
      DisassociateAddress: "<return>true</return>",
      ReleaseAddress: "<return>true</return>",
      DeleteNetworkInterface: "<return>true</return>",
      DescribeNetworkInterfaces: ({ parameters }) =>
        parameters.NextToken ? eni : `${eni.replace("eni-1", "eni-0")}<nextToken>more</nextToken>`,
    };
    await incarnation.delete(word, outputs);
    assert.deepEqual(removals(), [
      "DeleteNetworkInterface",
      "DeleteNetworkInterface",
      "DisassociateAddress",
      "ReleaseAddress",
    ]);
    assert.deepEqual(
      ec2.calls
        .filter(({ action }) => action === "DeleteNetworkInterface")
        .map(({ parameters }) => parameters.NetworkInterfaceId),
      ["eni-0", "eni-1"],
    );
  },
);

test("without an incarnation among the tags nothing is touched", async () => {
  await assert.rejects(
    leftovers.delete("leftovers", { type: interfaces, tags: { Project: "etcd" }, version: 1 }),
    /without the tag Incarnation/,
  );
  assert.deepEqual(ec2.calls, []);
});

test(
  "the word outlives a change of the zone and a state of an earlier release, which is " +
    "brought up to date",
  async () => {
    const news = { project: "etcd", stack: "prod", zoneId, version: 2 };
    assert.equal(await incarnation.diff({ word }, news), true);
    assert.equal((await incarnation.update({ word }, news)).word, word);
    assert.equal(await incarnation.diff(outputs, news), false);
    assert.notEqual(
      (await incarnation.create(news)).outputs.word,
      (await incarnation.create(news)).outputs.word,
    );
  },
);
