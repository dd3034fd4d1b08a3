/** A member that joins with so much data that they take a while. */
import assert from "node:assert/strict";
import type { World } from "../faults/worldProcess.ts";
import { writeWithBoth } from "./bothWriters.ts";
import { found } from "./cluster.ts";
import { fill, mebibytesTaken } from "./filling.ts";
import type { Told } from "./stories.ts";

/** For a test; npm run bench does it with 1 GiB, which takes minutes and some 7 GiB of disk. */
const mebibytes = 64;

export async function bySnapshot(world: World): Promise<Told> {
  const cluster = await found(world, "a b c");
  try {
    await fill(cluster, mebibytes);
    await cluster.moveLeaderTo("a"); // an election is not what is shown here
    await cluster.node("c").wipe();
    const score = writeWithBoth(world, cluster, "a b");
    const { seconds } = await cluster.becomes("a b c", /^c leaves.*\nc joins.*\n.*\nc votes now$/);
    const taken = mebibytesTaken(cluster, "c");
    assert.ok(taken >= mebibytes, `c took ${taken} MiB by a snapshot`);
    const { etcd3, etcdctl } = await score("a b c");
    return {
      seconds: { [`disk wiped, ${mebibytes} MiB`]: seconds },
      written: etcd3,
      byEtcdctl: etcdctl,
    };
  } finally {
    cluster.close();
  }
}
