// npm run sweep: what it finds, whom it asks, what it removes and in which order, against scripted
// answers of EC2 and Cloudflare. Does not prove that the services answer so.
import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { sweep } from "../../commands/sweep/conversation.ts";
import { knownTo, type SweptStack } from "../../commands/sweep/sweptStack.ts";
import { startFakeCloudflare, type FakeCloudflare } from "../provider/fakeCloudflare.ts";
import { startFakeEc2, type Ec2Script, type FakeEc2 } from "../provider/fakeEc2.ts";
import { makeCheckout, type Checkout } from "./checkout.ts";

const life = "0a1b2c3d4e5f";
const earlier = "aaaaaaaaaaaa";
const zoneId = "f".repeat(32);

let ec2: FakeEc2;
let cloudflare: FakeCloudflare;
let checkout: Checkout;
before(async () => {
  checkout = makeCheckout();
  [ec2, cloudflare] = await Promise.all([startFakeEc2(), startFakeCloudflare()]);
});
after(async () => {
  checkout.remove();
  await Promise.all([ec2.close(), cloudflare.close()]);
});
beforeEach(() => {
  ec2.calls.length = 0;
  cloudflare.requests.length = 0;
  cloudflare.next.length = 0;
  cloudflare.records.clear();
  ended = false;
  home = {};
  ec2.script = world();
});

let ended: boolean;
const tagSet = (tags: Record<string, string>) =>
  `<tagSet>${Object.entries(tags)
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join("")}</tagSet>`;
const marked = (tags: Record<string, string>) =>
  tagSet({ Project: "etcd", Stack: "prod", Incarnation: life, ...tags });

/** A member's machine and volume, its interface, and what is left of an earlier life. */
function world(): Ec2Script {
  const machine = (id: string, more: string) =>
    `<item><instancesSet><item><instanceId>${id}</instanceId>${more}</item></instancesSet></item>`;
  const state = (name: string) => `<instanceState><name>${name}</name></instanceState>`;
  const tags = marked({ Name: "a.etcd.test", Role: "instance", Member: "f0f0" });
  const others = tagSet({ Project: "etcd", Stack: "prod" }); // without a stack id: not ours
  return {
    DescribeInstances: ({ parameters }) =>
      `<reservationSet>${machine("i-1", state(ended ? "terminated" : "running") + tags)}` +
      (parameters["InstanceId.1"] ? "" : machine("i-9", state("running") + others)) +
      "</reservationSet>",
    DescribeVolumes:
      `<volumeSet><item><volumeId>vol-1</volumeId><status>in-use</status><attachmentSet><item>` +
      `<instanceId>i-1</instanceId></item></attachmentSet>${marked({ Role: "data" })}</item>` +
      `<item><volumeId>vol-2</volumeId><status>available</status>` +
      `${marked({ Incarnation: earlier, Role: "data" })}</item></volumeSet>`,
    DescribeNetworkInterfaces:
      "<networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><status>in-use" +
      `</status><attachment><instanceId>i-1</instanceId></attachment>${marked({})}</item>` +
      "</networkInterfaceSet>",
    DescribeAddresses: "",
    DescribeSecurityGroups: "",
    DescribeKeyPairs: `<keySet><item><keyPairId>key-1</keyPairId>${marked({})}</item></keySet>`,
    TerminateInstances: () => {
      ended = true;
      return "";
    },
    DeleteVolume: "<return>true</return>",
    DeleteNetworkInterface: "<return>true</return>",
    DeleteKeyPair: "<return>true</return>",
  };
}

/** Records as the API lists them, which can then be deleted. */
function listed(): void {
  const comment = `pulumi etcd/prod ${life}`;
  const all = [
    { name: "a.etcd.test", type: "A", content: "10.0.0.7", comment },
    { name: "_etcd-client._tcp.etcd.test", type: "SRV", content: "a", comment },
    { name: "other.etcd.test", type: "A", content: "10.0.0.8", comment: `${comment}0` },
    { name: "known.etcd.test", type: "A", content: "10.0.0.9", comment },
  ].map((record, i) => ({ ...record, id: String(i + 1).repeat(32) }));
  for (const record of all) cloudflare.records.set(record.id, record);
  cloudflare.next.push({ status: 200, body: { success: true, result: all } });
}

const config = () => ({
  "aws:region": "us-east-1",
  "aws:accessKey": "lab",
  "aws:secretKey": "lab-secret",
  "aws:endpoints": JSON.stringify([{ ec2: ec2.endpoint }]),
  "cloudflare:baseUrl": cloudflare.baseUrl,
  "cloudflare:apiToken": "token",
});

let home = {};

/** Sweeps as a person who types these answers. */
async function swept(known: string[], ...typed: string[]) {
  listed();
  const said: string[] = [];
  const asked: string[] = [];
  const settings: Record<string, string> = config();
  const stack: SweptStack = {
    project: "etcd",
    stack: "prod",
    zoneId,
    setting: (key) => settings[key],
    known: new Set(known),
    stackId: life,
    home,
  };
  const code = await sweep(stack, {
    tell: (line) => said.push(line),
    ask: typed.length
      ? async (question) => {
          asked.push(question);
          return typed.shift() ?? "";
        }
      : undefined,
  });
  return { code, said: said.join("\n"), asked };
}
const removals = () => ec2.actions().filter((action) => !action.startsWith("Describe"));
const deletions = () =>
  cloudflare.requests.filter(({ method }) => method === "DELETE").map(({ path }) => path.at(-1));
const knownRecord = "4".repeat(32);

const mayHold = "that are, were or may be members, or hold their data: removed, they are lost";
const looking = `Looking in EC2 (us-east-1) and in the zone ${zoneId} at Cloudflare.`;

test("all is listed by life and by what it may hold, but what the state knows", async () => {
  const { code, said } = await swept([knownRecord, "key-1"]);
  assert.equal(code, 1);
  assert.equal(
    said,
    [
      looking,
      `Stack id ${life}, of which the state is: ${mayHold}`,
      "  the instance i-1 (a.etcd.test), running, Member=f0f0",
      "  the volume vol-1, in-use, used by i-1",
      `Stack id ${life}, of which the state is: the rest`,
      "  the DNS record a.etcd.test A 10.0.0.7",
      "  the DNS record _etcd-client._tcp.etcd.test SRV a",
      "  the network interface eni-1, in-use, used by i-1",
      `Stack id ${earlier}: ${mayHold}`,
      "  the volume vol-2, available",
      "Nothing was removed: each group needs a typed word, and this is no terminal.",
    ].join("\n"),
  );
  assert.deepEqual([removals(), deletions()], [[], []]);
  const query = new URL(cloudflare.requests[0]?.path ?? "", cloudflare.baseUrl).searchParams;
  assert.equal(query.get("comment.startswith"), "pulumi etcd/prod");
});

test("only the exact words remove, group by group, names first, then machines", async () => {
  const { code, said, asked } = await swept(
    [knownRecord],
    "remove 1 instance, 1 volume",
    " remove 2 DNS records, 1 network interface, 1 key pair ",
    "yes",
  );
  assert.equal(asked.length, 3);
  assert.match(asked[0] ?? "", /^Members or their data of 0a1b.*"remove 1 instance, 1 volume"/);
  assert.equal(code, 0, said);
  assert.deepEqual(deletions(), ["2", "1"]);
  assert.deepEqual(removals(), [
    "TerminateInstances",
    "DeleteVolume",
    "DeleteNetworkInterface",
    "DeleteKeyPair",
  ]);
  assert.equal(
    ec2.calls.find(({ action }) => action === "DeleteVolume")?.parameters.VolumeId,
    "vol-1",
  );
  assert.match(said, /removed the instance i-1 \(a\.etcd\.test\)/);
  assert.match(said, /\n {2}kept/);
});

test("while the machines are kept, their names and interfaces stay, and that is said", async () => {
  const { code, said } = await swept(
    [knownRecord],
    "no",
    "remove 2 DNS records, 1 network interface, 1 key pair",
    "",
  );
  assert.equal(code, 1);
  assert.deepEqual([removals(), deletions()], [["DeleteKeyPair"], []]);
  assert.match(said, /not removed: the DNS record a\.etcd\.test .*: the instance i-1 .* stays/);
  assert.match(said, /not removed: the network interface eni-1.*: it is used by i-1/);
});

test("what cannot be removed is said, and the rest goes", async () => {
  ec2.script.DeleteVolume = { code: "UnauthorizedOperation", message: "You are not authorized." };
  const { code, said } = await swept([knownRecord], "remove 1 instance, 1 volume", "", "");
  assert.equal(code, 1);
  assert.match(said, /not removed: the volume vol-1.*: UnauthorizedOperation: You are not/);
  assert.match(said, /removed the instance i-1/);
});

test("a state that knows nothing: a living cluster may be in the list", async () => {
  const { said } = await swept([]);
  assert.match(said, /\nThe state knows nothing: a cluster of this stack that lives is among/);
});

test("the state knows ids of resources, and of key pairs, whose id there is their name", () => {
  const resources = [
    { type: "aws:ec2/keyPair:KeyPair", id: "etcd-key-1", outputs: { keyPairId: "key-1" } },
    {
      type: "pulumi-nodejs:dynamic/etcd:Incarnation",
      id: life,
      outputs: { account: "111111111111", ownProvider: false },
    },
    { type: "etcd:index:EtcdCluster" },
  ];
  const { known, stackId, home } = knownTo({ deployment: { resources } });
  assert.deepEqual([[...known].sort(), stackId], [[life, "etcd-key-1", "key-1"].sort(), life]);
  assert.deepEqual(home, { account: "111111111111", region: undefined });
  assert.deepEqual([knownTo({}).known.size, knownTo({}).stackId], [0, undefined]);
});

test("in another account or region nothing is listed or asked", async () => {
  home = { region: "eu-west-1" };
  await assert.rejects(swept([], "x"), /in the region eu-west-1, and EC2 is asked in us-east-1/);
  assert.deepEqual(ec2.calls, []);
});

test("machines of a provider that only the program has: that is said", () => {
  const life = { type: "pulumi-nodejs:dynamic/etcd:Incarnation", outputs: { ownProvider: true } };
  assert.throws(() => knownTo({ deployment: { resources: [life] } }), /only that can ask for them/);
});

const answers = () => ({
  "config --json --show-secrets --stack prod": {
    out: Object.fromEntries(
      Object.entries({ ...config(), "etcd:zoneId": zoneId }).map(([key, value]) => [
        key,
        { value, secret: false },
      ]),
    ),
  },
  "stack export --stack prod": { out: { deployment: { resources: [{ type: "x", id: "vol-1" }] } } },
});

test("the command without a terminal: lists, removes nothing, ends with 1", async () => {
  listed();
  const env = checkout.env(["pulumi"], answers());
  const { code, text } = await checkout.call(["sweep", "--stack", "prod"], env);
  assert.equal(code, 1, text);
  assert.match(text, /the instance i-1 \(a\.etcd\.test\), running, Member=f0f0/);
  assert.doesNotMatch(text, /the volume vol-1/);
  assert.match(text, /Nothing was removed: each group needs a typed word/);
  assert.deepEqual([removals(), deletions()], [[], []]);
});

test("there is no way to answer beforehand", async () => {
  const env = checkout.env(["pulumi"], answers());
  const { code, text } = await checkout.call(["sweep", "--stack", "prod", "--yes"], env);
  assert.equal(code, 1);
  assert.match(text, /^sweep: there is no option --yes; /);
});

test("a stack without a zone: what to set", async () => {
  const { "config --json --show-secrets --stack prod": _, ...rest } = answers();
  const env = checkout.env(["pulumi"], {
    ...rest,
    "config --json --show-secrets --stack prod": { out: {} },
  });
  const { text } = await checkout.call(["sweep", "--stack", "prod"], env);
  assert.match(text, /^sweep: etcd:zoneId of the stack prod is not set, .*pulumi config set/);
});
