/**
 * What npm run bench measures of members that come, go and return, in a world (tests/faults): the
 * stories' cluster and reconciler, each case under clients that keep score.
 */
import assert from "node:assert/strict";
import { poll } from "../../components/engine/poll.ts";
import type { World } from "../faults/worldProcess.ts";
import { type BothWritten, writeWithBoth } from "./bothWriters.ts";
import { type Cluster, found } from "./cluster.ts";

/** One case. */
export interface Figure extends BothWritten {
  readonly what: string;
  readonly kind: "planned" | "replacement" | "leader lost";
  /** From the moment when the machines answer until all is as declared; 0 where nothing is done. */
  readonly seconds: number;
}

/** Writing goes on for so long before a case and after, so that it is under way and recovers. */
const aroundMs = 2_000;

/** Each case begins with the cluster that the one before left. */
export async function memberFigures(world: World): Promise<Figure[]> {
  const cluster = await found(world, "a b c");
  const figures: Figure[] = [];
  /** `through`: the members that the clients write through, which may be ones that go. */
  const measure = async (
    kind: Figure["kind"],
    what: string,
    through: string,
    act: () => Promise<number>,
  ) => {
    const score = writeWithBoth(world, cluster, through);
    await around();
    const seconds = await act();
    await around();
    const members = Object.keys(await cluster.ids()).join(" ");
    figures.push({ kind, what, seconds, ...(await score(members)) });
  };
  const becomes = async (nodes: string) => {
    const { error, seconds } = await cluster.up(nodes);
    assert.equal(error, "");
    assert.deepEqual(Object.keys(await cluster.ids()).sort(), nodes.split(" "));
    return seconds;
  };
  const { node } = cluster;
  try {
    await measure("planned", "3 to 5", "a b c", () => becomes("a b c d e"));
    await cluster.moveLeaderTo("c");
    await measure("planned", "5 to 3, the leader among those who leave", "a b d", () =>
      becomes("a b d"),
    );
    await cluster.moveLeaderTo("a"); // the choice of who leads now was etcd's
    await measure("replacement", "a follower's disk is emptied", "a d", async () => {
      await node("b").wipe();
      return becomes("a b d");
    });
    await measure("replacement", "a follower's machine and disk are gone", "a d", async () => {
      await node("b").vanish();
      await node("b").anew(false);
      return becomes("a b d");
    });
    await measure("planned", "one for another, the leader leaves", "b d", () => becomes("b c d"));
    await cluster.moveLeaderTo("b");
    await measure("leader lost", "the leader is killed", "b c d", async () => {
      await node("b").systemd.unit?.etcd?.stop();
      await otherLeader(cluster, "b");
      return 0;
    });
    await becomes("b c d");
    await cluster.moveLeaderTo("b");
    await measure("leader lost", "the leader's machine and disk are gone", "b c d", async () => {
      await node("b").vanish();
      await otherLeader(cluster, "b");
      await node("b").anew(false);
      return becomes("b c d");
    });
    return figures;
  } finally {
    cluster.close();
  }
}

function around(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, aroundMs));
}

/** Until another member leads. */
async function otherLeader(cluster: Cluster, than: string): Promise<void> {
  const former = (await idOf(cluster, than)) ?? "";
  await poll<undefined, string>({
    seconds: 30,
    pause: 50,
    look: async () => {
      const leader = await cluster
        .ask((client) => client.maintenance.status())
        .then(({ leader: id }) => (id === "0" ? "" : BigInt(id).toString(16)))
        .catch(() => "");
      return leader && leader !== former ? { found: undefined } : { still: leader || "nobody" };
    },
    expired: (still) => {
      throw new Error(`no other leader than ${than} in 30 s: ${still}`);
    },
  });
}

async function idOf(cluster: Cluster, name: string): Promise<string | undefined> {
  return (await cluster.ids())[name];
}
