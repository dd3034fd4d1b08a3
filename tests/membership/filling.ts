/** Data for a cluster of the stories. */
import { randomBytes } from "node:crypto";
import type { Cluster } from "./cluster.ts";

/**
 * etcd 3.6 forgets the first entries of its log after some hundred, and a newcomer needs a snapshot
 * from then on.
 */
const valueBytes = 2 ** 18;
/** Enough to keep a leader busy, and not more than a few MiB on the way. */
const bigLanes = 8;
const smallLanes = 128;
/** etcd 3.6 keeps the last 5,000 entries of its log in memory. */
const kept = 5_000;

/** Writes so many MiB, a value a key. */
export async function fill(cluster: Cluster, mebibytes: number): Promise<void> {
  await cluster.ask((client) =>
    inLanes(bigLanes, (mebibytes * 2 ** 20) / valueBytes, async (i) => {
      await client.put(`data/${i}`).value(randomBytes(valueBytes));
    }),
  );
}

/** Writes until what was written before is in no member's log any more, and so not in memory. */
export async function ageLog(cluster: Cluster): Promise<void> {
  await cluster.ask((client) =>
    inLanes(smallLanes, kept + 200, async (i) => {
      await client.put(`aged/${i % 100}`).value("written");
    }),
  );
}

async function inLanes(
  lanes: number,
  count: number,
  act: (i: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** How many MiB this member's etcd took from a leader's snapshot since it was started. */
export function mebibytesTaken(cluster: Cluster, name: string): number {
  const log = cluster.node(name).systemd.unit?.etcd?.log() ?? "";
  const taken = log.matchAll(
    /received and saved database snapshot.*"incoming-snapshot-size-bytes":(\d+)/g,
  );
  return [...taken].reduce((sum, [, bytes]) => sum + Number(bytes), 0) / 2 ** 20;
}
