/** What npm run bench measures of a member that joins with much data (see figures.ts). */
import assert from "node:assert/strict";
import * as fs from "node:fs";
import type { World } from "../faults/worldProcess.ts";
import { type BothWritten, writeWithBoth } from "./bothWriters.ts";
import { type Cluster, found } from "./cluster.ts";
import { ageLog, fill, mebibytesTaken } from "./filling.ts";

/** The leader's in a stretch of time. */
export interface Cost {
  /** Of each of its writes, in milliseconds. */
  readonly latencies: readonly number[];
  /** Of one processor, as a share. */
  readonly processor: number;
}

export interface BigJoin extends BothWritten {
  readonly mebibytes: number;
  /** From the moment when the machine answers until the member votes, and with hardly any data. */
  readonly seconds: number;
  readonly secondsSmall: number;
  readonly before: Cost;
  readonly during: Cost;
}

/** How long the leader is watched before, in milliseconds; and how long the fill may settle. */
const beforeMs = 8_000;
const settleMs = 15_000;
/** Between two writes whose time is taken. */
const pauseMs = 10;
/** Longer than the members take to write so much. */
const timeoutSeconds = 300;

/** The member c loses its disk twice: before the cluster holds so many MiB, and then. */
export async function bigJoin(
  world: World,
  { mebibytes }: { mebibytes: number },
): Promise<BigJoin> {
  const cluster = await found(world, "a b c");
  const again = async () => {
    await cluster.node("c").wipe();
    const { error, seconds } = await cluster.up("a b c", { timeoutSeconds });
    assert.equal(error, "");
    return seconds;
  };
  try {
    await cluster.moveLeaderTo("a");
    const secondsSmall = await again();
    await fill(cluster, mebibytes);
    await ageLog(cluster);
    await pause(settleMs); // else the disk is still busy with the fill
    const score = writeWithBoth(world, cluster, "a b");
    const watch = watchLeader(cluster, "a");
    await pause(beforeMs);
    const before = watch.cost();
    const seconds = await again();
    const during = watch.cost();
    await watch.stop();
    const taken = mebibytesTaken(cluster, "c");
    assert.ok(taken >= mebibytes, `c took ${taken} MiB by a snapshot`);
    return { mebibytes, seconds, secondsSmall, before, during, ...(await score("a b c")) };
  } finally {
    cluster.close();
  }
}

/** Writes through the leader alone; `cost` is that since it was last asked. */
function watchLeader(cluster: Cluster, name: string): { cost(): Cost; stop(): Promise<void> } {
  const pid = cluster.node(name).systemd.unit?.etcd?.pid ?? 0;
  let latencies: number[] = [];
  let ended = false;
  let since = { at: performance.now(), used: processorMs(pid) };
  const writing = cluster.ask(async (client) => {
    while (!ended) {
      const began = performance.now();
      await client.put("watched").value("written");
      latencies.push(performance.now() - began);
      await pause(pauseMs);
    }
  });
  writing.catch(() => undefined); // until somebody waits for it
  return {
    cost() {
      const now = { at: performance.now(), used: processorMs(pid) };
      const processor = (now.used - since.used) / (now.at - since.at);
      since = now;
      const seen = latencies;
      latencies = [];
      return { latencies: seen, processor };
    },
    stop() {
      ended = true;
      return writing;
    },
  };
}

/** Of a process, so far; the kernel counts in hundredths of a second. */
function processorMs(pid: number): number {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
