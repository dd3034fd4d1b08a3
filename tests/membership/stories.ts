/** What befalls clusters, each with its end. They run inside a world (tests/faults/world.ts). */
import assert from "node:assert/strict";
import { poll } from "../../components/engine/poll.ts";
import { membershipKey } from "../../components/membership/operatorLease.ts";
import type { World } from "../faults/worldProcess.ts";
import type { Score } from "../lab/writer.ts";
import { bySnapshot } from "./bySnapshot.ts";
import { type Cluster, found, type Written } from "./cluster.ts";
import { rememberedAbsence } from "./rememberedAbsence.ts";

/**
 * Longer than an election: it begins 1 to 2 s after the leader was heard last, and a split vote
 * takes another such time.
 */
const electedMs = 4_000;

/** What a story has to tell, for the table. */
export interface Told {
  /** Seconds of each run, by what it did. */
  readonly seconds: Readonly<Record<string, number>>;
  readonly written: Written | undefined;
  /** By the second writer, where there is one. */
  readonly byEtcdctl?: Score;
}

type Story = (cluster: Cluster, seconds: Record<string, number>) => Promise<Written | undefined>;

const story =
  (founders: string, tell: Story) =>
  async (world: World): Promise<Told> => {
    const cluster = await found(world, founders);
    const seconds: Record<string, number> = {};
    try {
      return { seconds, written: await tell(cluster, seconds) };
    } finally {
      cluster.close();
    }
  };

/** By edits of `nodes`; a name is used again, on the disk that it had. */
const growAndShrink = story("a", async (cluster, seconds) => {
  const score = cluster.write("a");
  const step = async (nodes: string, what: string, said: RegExp) => {
    seconds[what] = (await cluster.becomes(nodes, said)).seconds;
  };
  await step("a b c", "1 to 3", /^b joins.*\n.*\nb votes now\nc joins.*\n.*\nc votes now$/);
  await step("a b c d e", "3 to 5", /d votes now\ne joins[^]*e votes now$/);
  await cluster.moveLeaderTo("c");
  await step(
    "a b d",
    "5 to 3",
    /^the leader moves from c to [abd]\nc leaves[^]*e leaves[^]*stopped for good/,
  );
  for (const name of ["c", "e"]) assert.equal(cluster.node(name).systemd.active, "inactive");
  await step("a b c d e f g", "3 to 7", /c votes now\ne joins[^]*g votes now$/);
  assert.ok((await cluster.node("c").disk()).some((file) => /^data\.[0-9a-f]+\./.test(file)));
  await step("a", "7 to 1", /b leaves/);
  assert.deepEqual(cluster.missed, [], "hosts asked for while nothing of them was published");
  return score("a");
});

const oneForAnother = story("a b c", async (cluster, seconds) => {
  await cluster.moveLeaderTo("a");
  const before = await cluster.ids();
  const score = cluster.write("b c");
  const run = await cluster.becomes(
    "b c d",
    /^d joins[^]*d votes now\nthe leader moves from a to [bcd]\na leaves/,
  );
  seconds["a, b, c to b, c, d"] = run.seconds;
  const { b, c } = await cluster.ids();
  assert.deepEqual([b, c], [before.b, before.c]);
  return score("b c d");
});

/** Twice: its data are gone; then the machine, too. Between, a machine is anew on its disk. */
const replaced = story("a b c", async (cluster, seconds) => {
  const score = cluster.write("a c");
  const before = await cluster.ids();
  await cluster.node("b").wipe();
  const again = /^b leaves.*\nb joins.*\n.*\nb votes now$/;
  seconds["disk wiped"] = (await cluster.becomes("a b c", again)).seconds;
  const second = await cluster.ids();
  assert.notEqual(second.b, before.b);

  await cluster.node("b").vanish();
  await cluster.node("b").anew(true);
  seconds["machine anew, disk kept"] = (await cluster.becomes("a b c", /^$/)).seconds;
  assert.deepEqual(await cluster.ids(), second);

  await cluster.node("b").vanish();
  await cluster.node("b").anew(false);
  seconds["machine and disk anew"] = (await cluster.becomes("a b c", again)).seconds;
  const third = await cluster.ids();
  assert.notEqual(third.b, second.b);
  assert.deepEqual([third.a, third.c], [before.a, before.c]);
  return score("a b c");
});

/** A leaver whose machine is gone, and which led; the others do not wait for it. */
const goneForGood = story("a b c", async (cluster, seconds) => {
  await cluster.moveLeaderTo("c");
  const score = cluster.write("a b");
  await cluster.node("c").vanish();
  seconds["c is gone, d in its place"] = (
    await cluster.becomes("a b d", /^c leaves[^]*d joins[^]*d votes now$/)
  ).seconds;
  const written = await score("a b d");
  assert.ok(written.gapMs < electedMs, `nothing was acknowledged for ${written.gapMs} ms`);
  return written;
});

/** Its disk is there, but etcd cannot read what is on it, and ends right after every start. */
const unreadableData = story("a b c", async (cluster, seconds) => {
  const b = cluster.node("b");
  await b.spoil();
  const before = await cluster.ids();
  const run = await cluster.up("a b c");
  assert.match(
    run.error,
    /^etcd of b \(panic: .*\) does not stay up on the data of its disk[^]*etcd:rejoin b/,
  );
  assert.deepEqual(run.said, []);
  assert.deepEqual(await cluster.ids(), before);
  assert.deepEqual(await b.disk(), ["data", "member.json"]);
  seconds["unreadable data, refused"] = run.seconds;

  const back = await cluster.up("a b c", { rejoin: "b" });
  assert.equal(back.error, "");
  assert.match(back.said.join("\n"), /b leaves[^]*b joins[^]*b votes now$/);
  const aside = (await b.disk()).filter((name) => name.startsWith(`data.${before.b}.`));
  assert.equal(aside.length, 1, "its data are set aside");
  seconds["unreadable data, set aside"] = back.seconds;
  return undefined; // what starts again and again would take the writer's processor
});

const majorityLost = story("a b c", async (cluster) => {
  await cluster.node("b").wipe();
  await cluster.node("c").wipe();
  const { error, said } = await cluster.up("a b c");
  assert.match(error, /the data of b, c are gone, 2 of 3 voters[^]*docs\/when-things-go-wrong/);
  assert.deepEqual(said, []);
  assert.deepEqual(await cluster.node("a").disk(), ["data", "member.json"]);
  return undefined;
});

/** What a run left that was killed right after its `add`. */
const killedAfterAdd = story("a b c", async (cluster, seconds) => {
  await addLearner(cluster, cluster.node("d").wanted.peerUrl);
  assert.ok("?+" in (await cluster.ids()));
  await holdLease(cluster, 4);
  const run = await cluster.becomes("a b c d e", /^etcd of d starts as a new member\nd votes now/);
  seconds["killed after its add, another run's lease lapses"] = run.seconds;
  return undefined;
});

/** As a run of another machine that was killed has left it. */
async function holdLease(cluster: Cluster, seconds: number): Promise<void> {
  const holder = { stack: "organization/etcd/other", host: "laptop", pid: 7, since: "yesterday" };
  await cluster.ask(async (client) => {
    const { ID } = await client.leaseClient.leaseGrant({ TTL: seconds, ID: 0 });
    await client.put(membershipKey).value(JSON.stringify(holder)).lease(ID);
  });
}

/** As by hand; etcd takes it once all members have been connected for 5 s. Returns the ID. */
function addLearner(cluster: Cluster, peerUrl: string): Promise<string> {
  return poll<string, unknown>({
    seconds: 20,
    pause: 200,
    look: () =>
      cluster
        .ask((client) => client.cluster.memberAdd({ peerURLs: [peerUrl], isLearner: true }))
        .then(
          ({ member }) => ({ found: member?.ID ?? "" }),
          (still: unknown) => ({ still, hopeless: !/unhealthy cluster/.test(String(still)) }),
        ),
    expired: (error) => {
      throw error;
    },
  });
}

const refusals = story("a b c", async (cluster) => {
  await holdLease(cluster, 60);
  const other = await cluster.up("a b d", { timeoutSeconds: 3 });
  assert.match(other.error, /waiting for another run, organization\/etcd\/other on laptop/);
  assert.deepEqual(other.said, []);

  const id = await addLearner(cluster, "https://stranger.etcd.test:2380");
  const stranger = await cluster.up("a b c");
  assert.match(stranger.error, /which this stack has not declared[^]*etcdctl -- member remove/);
  await cluster.ask((client) => client.cluster.memberRemove({ ID: id }));

  const { b = "" } = await cluster.ids();
  await cluster.moveLeaderTo("a");
  await cluster.ask((client) => client.cluster.memberRemove({ ID: BigInt(`0x${b}`).toString() }));
  const byHand = await cluster.up("a b c");
  assert.match(byHand.error, /^b was removed from the cluster[^]*config set etcd:rejoin b/);
  await cluster.ask((client) => client.delete().key(membershipKey).exec());
  const back = await cluster.up("a b c", { rejoin: "b" });
  assert.equal(back.error, "");
  assert.match(back.said.join("\n"), /b joins[^]*b votes now/);

  cluster.known = cluster.known && { ...cluster.known, clusterId: "abc" };
  const anotherCluster = await cluster.up("a b c");
  assert.match(anotherCluster.error, /the cluster ID is [0-9a-f]+; it was abc/);
  return undefined;
});

export const stories = {
  growAndShrink,
  oneForAnother,
  replaced,
  goneForGood,
  unreadableData,
  majorityLost,
  killedAfterAdd,
  refusals,
  rememberedAbsence,
  bySnapshot,
};
