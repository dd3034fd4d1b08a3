// The end of a member as the engine runs it, against an SSH server in this process that runs
// nothing. Does not prove that etcd ends: tests/lab/destroy.test.ts does.
import assert from "node:assert/strict";
import test, { after, before, type TestContext } from "node:test";
import { MemberShutdown } from "../../components/bootstrap/memberShutdown.ts";
import { makeHostKey, type KeyPair } from "../../components/ssh/hostKey.ts";
import { secret } from "../../lab/plugins/values.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";
import { startFakeCloudflare, type FakeCloudflare } from "./fakeCloudflare.ts";
import { startFakeMachine } from "./fakeMachine.ts";

let shutdown: DynamicProvider;
let cloudflare: FakeCloudflare;
let key: KeyPair;
let foreign: KeyPair;
const { privateKey } = await makeHostKey();
const comment = "pulumi etcd/dev 0a1b2c3d4e5f";
const zoneId = "0".repeat(32);
before(async () => {
  [key, foreign, cloudflare] = await Promise.all([
    makeHostKey(),
    makeHostKey(),
    startFakeCloudflare(),
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
  };
  shutdown = await startDynamicProvider(() => new MemberShutdown("shutdown", args), {
    "cloudflare:baseUrl": cloudflare.baseUrl,
    "cloudflare:apiToken": secret("token"),
  });
});
after(async () => {
  shutdown.close();
  await cloudflare.close();
});

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
  version: 1,
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
/** What a deletion printed, where clients are sent to others at most. */
async function deletion(port: number): Promise<string> {
  const before = shutdown.printed().length;
  if (cloudflare.next.length === 0)
    published(
      { target: "b.etcd.test" },
      { target: "a.etcd.test", comment: "pulumi etcd/other ffffffffffff" },
    );
  await shutdown.delete("shutdown-of-a", inputs(port));
  return shutdown.printed().slice(before);
}

test("nothing is sent when it is made or noted anew", async (t) => {
  const a = await machine(t, key);
  const { outputs } = await shutdown.create(inputs(a.port));
  await shutdown.update(outputs, inputs(a.port));
  assert.equal(a.logIns(), 0);
});

test("another address, user, key or way to stop is noted; the same is no change", async () => {
  assert.equal(await shutdown.diff(inputs(1), inputs(1)), false);
  for (const change of [
    { host: "127.0.0.2" },
    { comment: "another" },
    { user: "ec2-user" },
    { privateKey: "other" },
    { hostKey: foreign.publicKey },
    { version: 2 },
  ]) {
    assert.equal(
      await shutdown.diff(inputs(1), { ...inputs(1), ...change }),
      true,
      JSON.stringify(Object.keys(change)),
    );
  }
});

test("a deletion stops the converge before etcd, which it would start again", async (t) => {
  const a = await machine(t, key);
  assert.equal(await deletion(a.port), "");
  assert.match(
    a.received[0] ?? "",
    /^systemctl stop 'etcd-bootstrap-\*\.service'\n[^]*systemctl stop etcd\.service/,
  );
});

test("a member that clients are sent to is left running: its deletion is no destroy", async (t) => {
  const a = await machine(t, key);
  published({ target: "b.etcd.test" }, { target: "a.etcd.test" });
  assert.match(
    await deletion(a.port),
    /^etcd on a \(127\.0\.0\.1\) was left running: clients are still sent to a\.etcd\.test, so this is no destroy\n$/,
  );
  assert.equal(
    cloudflare.requests.at(-1)?.path,
    `/client/v4/zones/${zoneId}/dns_records` +
      "?name.exact=_etcd-client-ssl._tcp.etcd.test&type=SRV&per_page=100",
  );
  assert.equal(cloudflare.requests.at(-1)?.headers.authorization, "Bearer token");
  cloudflare.next.push({ status: 403, body: { success: false } });
  assert.match(
    await deletion(a.port),
    /was left running: Cloudflare could not be asked whether clients are still sent to a member .*: 403/,
  );
  assert.equal(a.logIns(), 0);
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
