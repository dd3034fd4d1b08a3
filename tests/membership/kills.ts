/**
 * Runs that change members, each killed at a moment and followed by one more, which ends as
 * declared. They run inside a world (tests/faults/world.ts).
 */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { programs } from "../../components/membership/machineLook.ts";
import {
  leaseSeconds,
  membershipKey,
  type Operator,
} from "../../components/membership/operatorLease.ts";
import type { World } from "../faults/worldProcess.ts";
import { type Cluster, found, type Run, type Written } from "./cluster.ts";
import { goals, hasLease, inWords, leavesChanges, type Moment } from "./moments.ts";

export interface Kills {
  readonly moments: readonly Moment[];
  /** Whether the lease of the first one lapses by itself, which takes a minute. */
  readonly lapses: boolean;
}

export interface KillsTold {
  /** A line for each moment. */
  readonly lines: readonly string[];
  readonly written: Written;
}

/** How the lease of a run that was killed ends: at once, once that was heard, or by itself. */
type Waits = "" | "heard" | "lapses";

/** By what a lease may be longer than it says, in seconds: etcd looks for dead ones at times. */
const lapseSeconds = 5;
/** How long a join may take, in seconds. */
const joinSeconds = 20;
/** So long nobody hears that a run waits, in milliseconds: it says so after 5 s. */
const heardMs = 7_000;

export async function kills(world: World, { moments, lapses }: Kills): Promise<KillsTold> {
  const cluster = await found(world, "a b c");
  const score = cluster.write("b c");
  const lines: string[] = [];
  /** Who is a member beside b and c. */
  let beside = ["a"];
  let heard = false;
  try {
    for (const moment of inTurns(moments)) {
      const start = startOf(moment, beside);
      if (start.length !== beside.length) await cluster.becomes(nodesOf(start), /./);
      const waits: Waits = heard || !leavesChanges(moment) ? "" : lapses ? "lapses" : "heard";
      heard ||= waits !== "";
      const wanted = goalOf(moment, start);
      lines.push(await killedAndRunAgain(cluster, moment, start, wanted, waits));
      beside = wanted;
    }
    return { lines, written: await score(nodesOf(beside)) };
  } finally {
    cluster.close();
  }
}

/** One of each goal after the other: what one leaves, the next often begins with. */
function inTurns(moments: readonly Moment[]): Moment[] {
  const rows = goals.map((goal) => moments.filter((moment) => moment.goal === goal));
  const longest = Math.max(...rows.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => rows.flatMap((row) => row[i] ?? [])).flat();
}

const nodesOf = (beside: readonly string[]) => [...beside, "b", "c"].sort().join(" ");
const other = (name = "") => (name === "a" ? "d" : "a");

/** Three members to begin with, or four where one leaves. */
function startOf({ goal }: Moment, [one = ""]: readonly string[]): string[] {
  return goal === "removal" ? [one, other(one)] : [one];
}

function goalOf({ goal }: Moment, [one = ""]: readonly string[]): string[] {
  if (goal === "join") return [one, other(one)];
  return goal === "oneForAnother" ? [other(one)] : [one];
}

async function killedAndRunAgain(
  cluster: Cluster,
  moment: Moment,
  start: readonly string[],
  wanted: readonly string[],
  waits: Waits,
): Promise<string> {
  const words = inWords(moment);
  const leaving = start.filter((name) => !wanted.includes(name));
  const before = await cluster.ids();
  if (leaving[0]) await cluster.moveLeaderTo(leaving[0]);
  if (moment.goal === "comeback") {
    await cluster.moveLeaderTo("b");
    await cluster.node(wanted[0] ?? "").systemd.stop();
  }
  const began = Date.now();
  const killed = await cluster.killed(nodesOf(wanted), moment);
  const { lease, holder, seconds } = await leaseOf(cluster);
  assert.equal(holder?.pid, hasLease(moment) ? killed.pid : undefined, `${words}: whose lease`);
  assert.ok(seconds <= leaseSeconds, `${words}: ${seconds} s left of the lease`);
  const left = Object.values(await cluster.ids());

  const killedMs = Date.now() - began;
  const lapsed =
    waits === "lapses" || !lease
      ? undefined
      : pause(waits === "heard" ? heardMs : 0).then(() => lapse(cluster, lease));
  const run = await cluster.up(nodesOf(wanted), { timeoutSeconds: leaseSeconds + joinSeconds });
  await lapsed;
  assert.equal(run.error, "", `${words}: ${killed.said.join("; ")}`);
  if (waits && holder) mustHaveWaited(run, holder, words);
  if (waits === "lapses") assert.ok(run.seconds < leaseSeconds + lapseSeconds + joinSeconds, words);
  const again = run.said.filter((line) => killed.said.includes(line));
  assert.deepEqual(again, [], `${words}: what was done is not done again`);

  const now = await cluster.ids();
  assert.deepEqual(Object.keys(now).sort(), nodesOf(wanted).split(" "), words);
  for (const [name, id] of Object.entries(now))
    if (before[name]) assert.equal(id, before[name], `${words}: ${name} is the same member`);
  const newcomer = wanted.find((name) => !start.includes(name));
  const joined = left.filter((id) => !Object.values(before).includes(id));
  if (newcomer && joined.length)
    assert.deepEqual(joined, [now[newcomer]], `${words}: the learner that was there votes`);
  for (const name of leaving) await mustHaveEnded(cluster, name, words);
  await nobodyHolds(cluster, words);
  const what = killed.said.length ? `had said "${killed.said.join("; ")}"` : "had said nothing";
  const killedAfter = `${(killedMs / 1000).toFixed(1)} s`;
  return `${words} (after ${killedAfter}): ${what}, then ${run.seconds.toFixed(1)} s`;
}

/** The lease that a run has left behind. */
async function leaseOf(cluster: Cluster) {
  return cluster.ask(async (client) => {
    const { kvs } = await client.get(membershipKey).exec();
    const [held] = kvs;
    if (!held) return { lease: "", holder: undefined, seconds: 0 };
    const { lease, value } = held;
    const { TTL } = await client.leaseClient.leaseTimeToLive({ ID: lease });
    assert.ok(Number(TTL) > 0, "it stays for ever");
    return { lease, holder: JSON.parse(value.toString()) as Operator, seconds: Number(TTL) };
  });
}

/** As after a minute. */
function lapse(cluster: Cluster, lease: string): Promise<unknown> {
  return cluster.ask((client) => client.leaseClient.leaseRevoke({ ID: lease }));
}

/** It says who holds the lease, and does nothing until then. */
function mustHaveWaited({ waited }: Run, { host, pid, since }: Operator, words: string): void {
  const told =
    `another run, bench on ${host} (process ${pid}), to end: it has been changing members since ` +
    since;
  const heard = waited.find(({ line }) => line.startsWith(`waiting for ${told}`));
  assert.ok(heard, `${words}: ${JSON.stringify(waited)} does not say "${told}"`);
}

/** Its etcd does not run, and no boot starts it. */
async function mustHaveEnded(cluster: Cluster, name: string, words: string): Promise<void> {
  const { output } = await cluster.node(name).access.run(`${programs}/etcd-look\n`, 0, 0);
  const { unit, enabled } = JSON.parse(output) as { unit: { active: string }; enabled: boolean };
  assert.deepEqual([unit.active, enabled], ["inactive", false], `${words}: etcd of ${name}`);
}

async function nobodyHolds(cluster: Cluster, words: string): Promise<void> {
  const holder = await cluster.ask((client) => client.get(membershipKey).string());
  assert.equal(holder, null, `${words}: the lease is left behind`);
}
