// The end of a member as the engine runs it, against an SSH server in this process that runs
// nothing. Does not prove that etcd ends: tests/lab/destroy.test.ts does; nor what living members
// say to a machine that wants to leave: tests/etcd/leaving.test.ts does; nor that a silent machine
// is one: no address here is silent.
import assert from "node:assert/strict";
import test, { after, before, beforeEach, type TestContext } from "node:test";
import { MemberShutdown } from "../../components/bootstrap/memberShutdown.ts";
import type { KeyPair } from "../../components/ssh/hostKey.ts";
import { makeHostKey } from "../hostKeys.ts";
import { secret } from "../../lab/plugins/values.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";
import { startFakeCloudflare, type FakeCloudflare } from "./fakeCloudflare.ts";
import { startFakeEc2, type FakeEc2 } from "./fakeEc2.ts";
import { startFakeMachine } from "./fakeMachine.ts";

let shutdown: DynamicProvider;
let cloudflare: FakeCloudflare;
let ec2: FakeEc2;
let key: KeyPair;
let foreign: KeyPair;
const { privateKey } = await makeHostKey();
const comment = "pulumi etcd/dev 0a1b2c3d4e5f";
const zoneId = "0".repeat(32);
before(async () => {
  [key, foreign, cloudflare, ec2] = await Promise.all([
    makeHostKey(),
    makeHostKey(),
    startFakeCloudflare(),
    startFakeEc2(),
  ]);
  const args = {
    node: "a",
    domain: "d",
    tls: true,
    zoneId: "z",
    comment: "c",
    host: "h",
    user: "u",
    privateKey: "k",
    hostKey: "l",
    instanceId: "i",
    volumeId: "v",
    members: [],
  };
  shutdown = await startDynamicProvider(() => new MemberShutdown("shutdown", args), {
    "cloudflare:baseUrl": cloudflare.baseUrl,
    "cloudflare:apiToken": secret("token"),
    "aws:region": "us-east-1",
    "aws:accessKey": "key",
    "aws:secretKey": secret("secret"),
    "aws:endpoints": JSON.stringify([{ ec2: ec2.endpoint }]),
  });
});
beforeEach(() => {
  ec2.script = { DescribeInstances: instanceIs("running") };
});
after(async () => {
  shutdown.close();
  await Promise.all([cloudflare.close(), ec2.close()]);
});
const instanceIs = (state: string) =>
  "<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>" +
  `<instanceState><name>${state}</name></instanceState></item></instancesSet></item></reservationSet>`;
/** Nobody answers there. */
const members = ["a", "b", "c"].map((name) => ({
  name,
  endpoint: "http://127.0.79.1:2379",
  peerUrl: `http://${name}.etcd.test:2380`,
}));

const inputs = (port: number) => ({
  node: "a",
  domain: "etcd.test",
  tls: true,
  zoneId,
  comment,
  host: "127.0.0.1",
  port,
  user: "admin",
  privateKey,
  hostKey: key.publicKey,
  instanceId: "i-1",
  volumeId: "vol-1",
  members,
  word: "0a1b",
  version: 3,
});
/** Client SRV records that Cloudflare lists at the next question. */
const published = (...listed: { target: string; comment?: string }[]) =>
  cloudflare.next.push({
    status: 200,
    body: {
      success: true,
      result: listed.map((record) => ({
        id: "1",
        type: "SRV",
        name: "_etcd-client-ssl._tcp.etcd.test",
        comment: record.comment ?? comment,
        data: { target: record.target },
      })),
    },
  });
const machine = async (t: TestContext, shown: KeyPair) => {
  const started = await startFakeMachine(shown, privateKey);
  t.after(() => started.close());
  return started;
};
/** What a deletion printed, where clients are sent to none of the cluster's members. */
async function deletion(port: number): Promise<string> {
  const before = shutdown.printed().length;
  if (cloudflare.next.length === 0)
    published({ target: "a.etcd.test", comment: "pulumi etcd/other ffffffffffff" });
  await shutdown.delete("shutdown-of-a", inputs(port));
  return shutdown.printed().slice(before);
}

test("nothing is sent when it is made or noted anew", async (t) => {
  const a = await machine(t, key);
  const { outputs } = await shutdown.create(inputs(a.port));
  await shutdown.update(outputs, inputs(a.port));
  assert.equal(a.logIns(), 0);
});

test("another address, user, key or member is noted; the same is no change", async () => {
  assert.equal(await shutdown.diff(inputs(1), inputs(1)), false);
  for (const change of [
    { host: "127.0.0.2" },
    { comment: "another" },
    { user: "ec2-user" },
    { privateKey: "other" },
    { hostKey: foreign.publicKey },
    { volumeId: "vol-2" },
    { members: members.slice(1) },
    { operator: { ca: "ca", certificate: "certificate", privateKey: "key" } },
    { version: 4 },
  ]) {
    const news = { ...inputs(1), ...change };
    assert.equal(await shutdown.diff(inputs(1), news), true, JSON.stringify(Object.keys(change)));
    assert.deepEqual(await shutdown.replaces(inputs(1), news), []);
  }
  const noted = await shutdown.update(inputs(1), { ...inputs(1), word: undefined, user: "other" });
  assert.deepEqual([noted.word, noted.user], ["0a1b", "other"]);
});

test("another machine, or one not known, makes another guard; an older state's none", async () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"; // as the engine sends it
  for (const instanceId of ["i-2", unknown, undefined]) {
    const news = { ...inputs(1), instanceId };
    assert.deepEqual(await shutdown.replaces(inputs(1), news), ["instanceId"], instanceId);
    assert.equal(await shutdown.diff(inputs(1), news), true);
  }
  const { instanceId: _, word: _word, ...older } = { ...inputs(1), version: 1 };
  assert.deepEqual(await shutdown.replaces(older, inputs(1)), []);
  assert.equal(await shutdown.diff(older, inputs(1)), true);
  assert.match(String((await shutdown.update(older, inputs(1))).word), /^[0-9a-f]{12}$/);
});

test("a deletion stops the converge before etcd, which it would start again", async (t) => {
  const a = await machine(t, key);
  assert.equal(await deletion(a.port), "");
  assert.match(
    a.received[0] ?? "",
    /^systemctl stop 'etcd-bootstrap-\*\.service'\n[^]*systemctl stop etcd\.service/,
  );
});

test("outside a destroy, a machine that EC2 calls ended stops nobody", async (t) => {
  const a = await machine(t, key);
  for (const state of ["terminated", "shutting-down"]) {
    ec2.script = { DescribeInstances: instanceIs(state) };
    published({ target: "b.etcd.test" }, { target: "a.etcd.test" });
    assert.equal(await deletion(a.port), `the machine of a (i-1) is gone: EC2 says ${state}\n`);
  }
  assert.equal(
    cloudflare.requests.at(-1)?.path,
    `/client/v4/zones/${zoneId}/dns_records` +
      "?name.exact=_etcd-client-ssl._tcp.etcd.test&type=SRV&per_page=100",
  );
  assert.equal(cloudflare.requests.at(-1)?.headers.authorization, "Bearer token");
  // An id that is not known is proof only where the machine's volume is.
  const DescribeInstances = { code: "InvalidInstanceID.NotFound", message: "it does not exist" };
  ec2.script = { DescribeInstances, DescribeVolumes: "<volumeSet/>" };
  published({ target: "a.etcd.test" });
  assert.equal(
    await deletion(a.port),
    "the machine of a (i-1) is gone: EC2 does not know it, but its volume vol-1\n",
  );
  assert.deepEqual(ec2.calls.at(-1)?.parameters, { "VolumeId.1": "vol-1" });
  assert.equal(a.logIns(), 0);
});

test("outside a destroy, a machine that nobody gives leave stays, with the reasons", async (t) => {
  const a = await machine(t, key);
  published({ target: "b.etcd.test" }, { target: "a.etcd.test" });
  const nobody = [
    "the machine of a \\(i-1\\) stays; it was not touched: one leaves only while all other " +
      "members are healthy without it, and they are not:",
    "  no member accepted a write: does not answer [^\n]+",
    "  b \\(http://127\\.0\\.79\\.1:2379\\): does not answer [^\n]+",
    "  c [^\n]+",
    "  Mend them first [^\n]+, then run this again\\.",
  ].join("\n");
  await assert.rejects(deletion(a.port), new RegExp(`${nobody}$`));

  // What might have let it go, and could not be asked, is said.
  const code = "UnauthorizedOperation";
  ec2.script = { DescribeInstances: { code, message: "You are not authorized." } };
  cloudflare.next.push({ status: 403, body: { success: false } });
  await assert.rejects(
    deletion(a.port),
    new RegExp(
      [
        nobody,
        "  Cloudflare could not be asked whether clients are still sent to a member .*: 403[^\n]*",
        "  EC2 could not be asked for i-1: UnauthorizedOperation: You are not authorized\\.$",
      ].join("\n"),
    ),
  );
  // Another account's EC2 knows neither.
  ec2.script = {
    DescribeInstances: { code: "InvalidInstanceID.NotFound", message: "it does not exist" },
    DescribeVolumes: { code: "InvalidVolume.NotFound", message: "it does not exist" },
  };
  published({ target: "a.etcd.test" });
  await assert.rejects(
    deletion(a.port),
    /EC2 could not be asked for i-1: InvalidVolume\.NotFound: it does not exist$/,
  );
  assert.equal(a.logIns(), 0);
});

test("taken out of nodes, and nobody can say whether it is a member: it stays", async (t) => {
  const a = await machine(t, key);
  published({ target: "b.etcd.test" });
  await assert.rejects(
    deletion(a.port),
    new RegExp(
      "a was taken out of nodes, but its machine \\(i-1\\) and etcd stay: nobody can be asked " +
        "whether it is still a member of the cluster:\n" +
        "  b \\(http://127\\.0\\.79\\.1:2379\\): does not answer [^\n]+\n" +
        "  Run pulumi up again when the others answer [^\n]+$",
    ),
  );
  assert.equal(a.logIns(), 0);

  // One that came while this one left is found by its address record.
  published({ target: "d.etcd.test" });
  const own = { id: "2", type: "A", name: "d.etcd.test", comment, content: "127.0.79.4" };
  const result = [own, { ...own, comment: "another's", content: "127.0.79.5" }];
  cloudflare.next.push({ status: 200, body: { success: true, result } });
  await assert.rejects(
    deletion(a.port),
    /cluster:\n {2}d\.etcd\.test \(https:\/\/127\.0\.79\.4:2379\): does not answer [^\n]+\n {2}Run/,
  );
  assert.match(cloudflare.requests.at(-1)?.path ?? "", /name\.exact=d\.etcd\.test&type=A/);
  assert.equal(a.logIns(), 0);

  ec2.script = { DescribeInstances: instanceIs("terminated") };
  published({ target: "b.etcd.test" });
  assert.equal(await deletion(a.port), "the machine of a (i-1) is gone: EC2 says terminated\n");
});

test(
  "a machine that is gone, breaks off, cannot stop or is another one is named, and ends " +
    "no destroy",
  async (t) => {
    const gone = await machine(t, key);
    await gone.close();
    assert.match(
      await deletion(gone.port),
      /^etcd on a \(127\.0\.0\.1\) could not be stopped before its DNS records go: connect ECONNREFUSED .*30 minutes at Cloudflare/,
    );

    const a = await machine(t, key);
    a.breakNext("after");
    assert.match(await deletion(a.port), /the connection broke while sudo -n sh -s ran/);
    a.failNext("etcd.service is deactivating\n");
    assert.match(
      await deletion(a.port),
      /before its DNS records go: etcd\.service is deactivating\. If/,
    );

    const other = await machine(t, foreign);
    assert.match(await deletion(other.port), /the host shows another key/);
    assert.deepEqual(other.received, [], "something was sent to a machine with another key");
  },
);
