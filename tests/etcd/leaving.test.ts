// What living members say to a machine that wants to leave: MemberShutdown's deletion against real
// etcd processes of each supported line, on loopback, without TLS. Does not prove that Pulumi asks
// before the machine ends: tests/lab/oneMachine.test.ts does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Etcd3 } from "etcd3";
import { MemberShutdown } from "../../components/bootstrap/memberShutdown.ts";
import { poll } from "../../components/engine/poll.ts";
import { ClusterHealth, waitForHealth } from "../../components/health/clusterHealth.ts";
import { probeCluster } from "../../components/health/etcdProbe.ts";
import type { DeclaredMember } from "../../components/health/memberHealth.ts";
import { makeHostKey } from "../hostKeys.ts";
import { secret } from "../../lab/plugins/values.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { type DynamicProvider, startDynamicProvider } from "../provider/dynamicProvider.ts";
import { type FakeCloudflare, startFakeCloudflare } from "../provider/fakeCloudflare.ts";
import { type FakeEc2, startFakeEc2 } from "../provider/fakeEc2.ts";
import { startFakeMachine } from "../provider/fakeMachine.ts";
import { startMembers } from "./etcdProcesses.ts";

const names = ["a", "b", "c"];
const comment = "pulumi etcd/prod 0a1b2c3d4e5f";
const key = "_etcd-on-ec2/leaving";
const shutdown = {
  domain: "etcd.test",
  tls: false,
  zoneId: "f".repeat(32),
  comment,
  host: "127.0.0.1",
  user: "admin",
  privateKey: "no key",
  hostKey: "ssh-ed25519 AAAA",
  volumeId: "vol-1",
};
let guards: DynamicProvider;
let healths: DynamicProvider;
let cloudflare: FakeCloudflare;
let ec2: FakeEc2;
/** What health is asked with besides the members. */
const asked = { bootstraps: "1", founding: "", acceptRestore: "", timeoutSeconds: 30 };
before(async () => {
  [cloudflare, ec2] = await Promise.all([startFakeCloudflare(), startFakeEc2()]);
  const args = { ...shutdown, node: "a", instanceId: "i", members: [] };
  guards = await startDynamicProvider(() => new MemberShutdown("shutdown", args), {
    "cloudflare:baseUrl": cloudflare.baseUrl,
    "cloudflare:apiToken": secret("token"),
    "aws:region": "us-east-1",
    "aws:accessKey": "key",
    "aws:secretKey": secret("secret"),
    "aws:endpoints": JSON.stringify([{ ec2: ec2.endpoint }]),
  });
  const health = { ...asked, members: [] };
  healths = await startDynamicProvider(() => new ClusterHealth("health", health));
  ec2.script = {
    DescribeInstances:
      "<reservationSet><item><instancesSet><item><instanceState><name>running</name>" +
      "</instanceState></item></instancesSet></item></reservationSet>",
  };
});
after(async () => {
  guards.close();
  healths.close();
  await Promise.all([cloudflare.close(), ec2.close()]);
});

/** Each member is in service. */
const inService = {
  status: 200,
  body: {
    success: true,
    result: names.map((name) => ({ comment, data: { target: `${name}.etcd.test` } })),
  },
};
const outputs = (node: string, members: readonly DeclaredMember[], word = "0a1b") => ({
  ...shutdown,
  node,
  members,
  instanceId: `i-${node}`,
  word,
  version: 3,
});
/** "" when the machine may leave, else why not. */
const deletion = async (node: string, members: readonly DeclaredMember[], word?: string) => {
  cloudflare.next.push(inService);
  return guards.delete(`shutdown-of-${node}`, outputs(node, members, word)).then(
    () => "",
    (e: Error) => e.message,
  );
};
/** As ClusterHealth at the end of a run. */
const healthyAgain = (members: readonly DeclaredMember[]) => healths.create({ ...asked, members });
const leaderOf = async (members: readonly DeclaredMember[]) => {
  const { members: reports } = await probeCluster(members, { deadlineMs: 2000 });
  return reports.find((r) => r.memberId === r.leaderId)?.name ?? "";
};

/** Tries until it succeeds, for 15 s. */
const done = (tried: () => Promise<unknown>) =>
  poll<true, Error>({
    seconds: 15,
    pause: 100,
    look: () =>
      tried().then(
        () => ({ found: true }),
        (still: Error) => ({ still }),
      ),
    expired: (still) => {
      throw still;
    },
  });

for (const [i, version] of etcdVersions.entries()) {
  test(`etcd ${version}: of all machines that want to leave, one may`, async (t) => {
    const cluster = await startMembers(version, 110 + i, names);
    t.after(() => cluster.close());
    const { declared } = cluster;
    await waitForHealth({ members: declared, timeoutSeconds: 30 }, () => {});
    const client = new Etcd3({ hosts: declared[0]?.endpoint ?? "" });
    t.after(() => client.close());

    const said = await Promise.all(names.map((name) => deletion(name, declared)));
    assert.equal(said.filter((text) => text === "").length, 1, said.join("\n\n"));
    const winner = names[said.indexOf("")] ?? "";
    const leave = JSON.parse((await client.get(key).string()) ?? "{}") as Record<string, string>;
    const { since = "" } = leave;
    assert.deepEqual(leave, { member: winner, machine: `i-${winner}`, stack: comment, since });
    assert.ok(Math.abs(Date.now() - Date.parse(since)) < 30_000, since);
    const { kvs } = await client.get(key).exec();
    const { TTL } = await client.leaseClient.leaseTimeToLive({
      ID: kvs[0]?.lease ?? 0,
      keys: false,
    });
    assert.ok(Number(TTL) > 3500 && Number(TTL) <= 3600, `${TTL} s`);

    const loser = names[(names.indexOf(winner) + 1) % 3] ?? "";
    assert.equal(
      said[names.indexOf(loser)],
      `the machine of ${loser} (i-${loser}) stays; it was not touched: ${winner} (i-${winner}) ` +
        `is leaving since ${since} by "${comment}", and one machine leaves at a time\n` +
        `  First finish ${winner}: run pulumi up, without --replace, until it ends with a ` +
        `healthy cluster. Then this one: pulumi up --replace '**-${loser}-instance'\n` +
        "  Where pulumi up itself wants several machines made anew, name the first: pulumi up " +
        `--target '**-${winner}-instance' --target-dependents\n` +
        `  Where no machine leaves: npm run etcdctl -- --stack prod del ${key}, and run this ` +
        "again. An hour after it was given, the leave lapses by itself.",
    );
    assert.equal(await deletion(winner, declared), "", "its own leave did not count");
    // Now it leaves: the leave is the reason, not that it is away.
    await cluster.kill(winner);
    assert.match(await deletion(loser, declared), new RegExp(`${winner} .*is leaving since`));
    assert.equal(await deletion(winner, declared), "");
  });

  test(`etcd ${version}: a leader hands over; the next leaves when all are well`, async (t) => {
    const cluster = await startMembers(version, 120 + i, names);
    t.after(() => cluster.close());
    const { declared } = cluster;
    await healthyAgain(declared);
    const leader = await leaderOf(declared);
    const [second = "", third = ""] = names.filter((name) => name !== leader);
    assert.equal(await deletion(leader, declared), "");
    assert.ok([second, third].includes(await leaderOf(declared)), "the leader stayed");
    assert.match(await deletion(second, declared), /is leaving since/);
    await healthyAgain(declared);
    assert.equal(await deletion(second, declared), "");
    await healthyAgain(declared);

    await cluster.kill(third);
    assert.match(
      await deletion(leader, declared),
      new RegExp(
        "without it, and they are not:\n" +
          `[^]*  ${third} \\(http\\S+\\): does not answer [^]*\n  Mend them first`,
      ),
    );
    assert.equal(await deletion(third, declared), "", "the one that is away may be made anew");
  });
}

test("a member taken out of nodes goes once it is removed, and not before", async (t) => {
  const cluster = await startMembers(etcdVersions[1] ?? "", 131, names);
  t.after(() => cluster.close());
  const { declared } = cluster;
  await healthyAgain(declared);
  const key = await makeHostKey();
  const machine = await startFakeMachine(key, key.privateKey);
  t.after(() => machine.close());
  const way = { port: machine.port, privateKey: key.privateKey, hostKey: key.publicKey };
  const result = ["b", "c"].map((name) => ({ comment, data: { target: `${name}.etcd.test` } }));
  const goes = async () => {
    cloudflare.next.push({ status: 200, body: { success: true, result } });
    await guards.delete("shutdown-of-a", { ...outputs("a", declared), ...way });
  };
  await assert.rejects(
    goes(),
    /^Error: a was taken out of nodes, but its machine \(i-a\) and etcd stay: [bc] says that it is still a member .*: pulumi up$/,
  );
  const { members } = await probeCluster(declared, { deadlineMs: 2000 });
  const client = new Etcd3({ hosts: declared[1]?.endpoint ?? "" });
  t.after(() => client.close());
  const ID = BigInt(`0x${members.find(({ name }) => name === "a")?.memberId}`).toString();
  assert.deepEqual(machine.received, []);
  // etcd removes nobody before the others have been connected for 5 s.
  await done(() => client.cluster.memberRemove({ ID }));
  // The one that is asked may not have heard of it yet.
  await done(goes);
  assert.match(machine.received.join(), /systemctl stop etcd\.service/);

  await cluster.kill("b");
  await cluster.kill("c");
  await assert.rejects(goes(), /nobody can be asked whether it is still a member/);
});

test("a guard that is relieved goes, once; a machine that stays keeps no leave", async (t) => {
  const cluster = await startMembers(etcdVersions[1] ?? "", 130, names);
  t.after(() => cluster.close());
  const { declared } = cluster;
  await healthyAgain(declared);
  const client = new Etcd3({ hosts: declared[0]?.endpoint ?? "" });
  t.after(() => client.close());

  // A leave, and a machine that stayed all the same: its next guard gives the leave back.
  assert.equal(await deletion("a", declared), "");
  const { outputs: next } = await guards.create({ ...outputs("a", declared), word: undefined });
  assert.equal(await client.get(key).string(), null);
  const before = guards.printed().length;
  assert.equal(await deletion("a", declared), "");
  assert.match(guards.printed().slice(before), /left running.*; its machine stays, with another/);
  assert.equal(await client.get(key).string(), null);

  // The note is spent: all that is left is judged.
  assert.equal(await deletion("a", declared), "");
  assert.match((await client.get(key).string()) ?? "", /"member":"a"/);
  // No guard relieves itself, nor the guard of another machine; nobody else's leave is taken back.
  await guards.create({ ...outputs("b", declared), word: undefined });
  assert.match((await client.get(key).string()) ?? "", /"member":"a"/);
  await guards.create({ ...outputs("b", declared), instanceId: "i-9", word: undefined });
  assert.match(await deletion("b", declared), /a \(i-a\) is leaving/);
  const { outputs: own } = await guards.create({ ...outputs("c", declared), word: undefined });
  assert.match(await deletion("c", declared, String(own.word)), /a \(i-a\) is leaving/);
  assert.notEqual(own.word, next.word);
});

test("the only member of a cluster may leave", async (t) => {
  const cluster = await startMembers(etcdVersions[1] ?? "", 131, ["a"]);
  t.after(() => cluster.close());
  assert.equal(await deletion("a", cluster.declared), "");
});
