/** Two clients that keep score, side by side: etcd3's and etcdctl's stall in different ways. */
import assert from "node:assert/strict";
import * as path from "node:path";
import type { Score } from "../lab/writer.ts";
import type { World } from "../faults/worldProcess.ts";
import type { Cluster, Written } from "./cluster.ts";
import { startEtcdctlWriter } from "./etcdctlWriter.ts";

/** Below so many acknowledged writes, etcdctl's gap proves nothing. */
const leastOfEtcdctl = 10;

export interface BothWritten {
  readonly etcd3: Written;
  readonly etcdctl: Score;
}

/** As `cluster.write`, with both. */
export function writeWithBoth(
  world: World,
  cluster: Cluster,
  through: string,
): (readThrough: string) => Promise<BothWritten> {
  const { ca, client } = world.spec.pki;
  const endpoints = (names: string) =>
    Object.fromEntries(names.split(" ").map((name) => [name, cluster.node(name).wanted.endpoint]));
  const beside = startEtcdctlWriter(
    path.join(world.spec.binDir, "etcdctl"),
    path.dirname(world.machines.a?.root ?? ""),
    {
      endpoints: endpoints(through),
      identity: { ca, certificate: client.cert, privateKey: client.key },
    },
  );
  const write = cluster.write(through);
  return async (readThrough) => {
    await beside.reach(leastOfEtcdctl, 30_000);
    const [etcd3, etcdctl] = await Promise.all([
      write(readThrough),
      beside.stop(endpoints(readThrough)),
    ]);
    assert.deepEqual(etcdctl.lost, [], "acknowledged writes of etcdctl that are lost");
    assert.ok(
      etcdctl.acknowledged >= leastOfEtcdctl,
      `void: only ${etcdctl.acknowledged} writes through etcdctl`,
    );
    return { etcd3, etcdctl };
  };
}
