/** A cluster of the stories, and what a run of the program does with it: the reconciler's code. */
import assert from "node:assert/strict";
import { writeIdentity } from "../../components/health/clusterIdentity.ts";
import { withClient } from "../../components/health/memberClient.ts";
import type { Memory } from "../../components/health/memory.ts";
import { answersOf } from "../../components/membership/observe.ts";
import { reconcile } from "../../components/membership/reconcile.ts";
import type { Unreconciled } from "../../components/membership/reconciling.ts";
import type { Joined, ListedMember, WantedMember } from "../../components/membership/situation.ts";
import { machine } from "../faults/discovery.ts";
import { giveTicket } from "../faults/tickets.ts";
import type { World } from "../faults/worldProcess.ts";
import { hostRecord, peerRecord } from "../faults/zone.ts";
import { type Score, startWriter } from "../lab/writer.ts";
import { type Killed, killRunAt } from "./killedRun.ts";
import type { Moment } from "./moments.ts";
import { type Node, openNode } from "./node.ts";
import { askingOf, foundingWord, type Given, reconciling } from "./oneRun.ts";

/** Below so many acknowledged writes a second, a writer proves nothing. */
const leastRate = 30;

/** What came of a run. */
export interface Run {
  /** What was said of steps, a line each. */
  readonly said: readonly string[];
  /** What was said of waits, and after how many of those lines. */
  readonly waited: readonly { readonly line: string; readonly after: number }[];
  /** Why it failed, or "". */
  readonly error: string;
  readonly seconds: number;
}

export interface Written extends Score {
  readonly perSecond: number;
}

export interface Cluster {
  readonly node: (name: string) => Node;
  /** Runs the program with these nodes. */
  up(nodes: string, more?: { rejoin?: string; timeoutSeconds?: number }): Promise<Run>;
  /** The same, and fails unless exactly they are voters then, and what was said matches. */
  becomes(nodes: string, said: RegExp): Promise<Run>;
  /** Runs the program in a process of its own, which is killed then: no state knows of it. */
  killed(nodes: string, moment: Moment): Promise<Killed>;
  /** Member IDs by name, as the first that answers lists them; "?" is one that never started. */
  ids(): Promise<Record<string, string>>;
  /** Asks the first member that answers. */
  ask<T>(use: (client: Client) => Promise<T>): Promise<T>;
  moveLeaderTo(name: string): Promise<void>;
  /** Writes through these, until the story ends or `stopped` is called; reads through those. */
  write(through: string): (readThrough: string) => Promise<Written>;
  /** Hosts that machines asked their resolver for while nothing of them was published. */
  readonly missed: readonly string[];
  /** What the runs remember; stories may forget. */
  known: Memory | undefined;
  close(): void;
}

type Client = Parameters<Parameters<typeof withClient>[2]>[0];
const words = (text: string) => text.split(" ").filter(Boolean);

/** Founds a cluster by the same code. */
export async function found(world: World, founders: string): Promise<Cluster> {
  const nodes: Record<string, Node> = {};
  for (const name of Object.keys(world.machines)) nodes[name] = await openNode(world, name);
  const { ca, client } = world.spec.pki;
  const identity = { ca, certificate: client.cert, privateKey: client.key };
  const asking = askingOf({ identity });
  const node = (name: string) => nodes[name] ?? assert.fail(`no node ${name}`);
  let declared: readonly WantedMember[] = [];
  let former: readonly WantedMember[] = [];
  let done: Readonly<Record<string, Joined>> | undefined;
  const endpoints = (names: string) =>
    Object.fromEntries(words(names).map((name) => [name, node(name).wanted.endpoint]));

  const publish = (members: readonly WantedMember[]) => {
    world.zone.records = members.flatMap(({ name }) => [hostRecord(name), peerRecord(name, true)]);
  };

  /** What a run with these nodes is given, once its records are published. */
  function begin(wanted: string, { rejoin = "", timeoutSeconds = 40 } = {}): Given {
    const before = [...declared, ...former];
    const news = words(wanted).map((name) => node(name).wanted);
    const leaving = before.filter(({ name }) => news.every((member) => member.name !== name));
    publish([...news, ...leaving]);
    const { known } = cluster;
    return { declared: news, former: leaving, done, rejoin, timeoutSeconds, known, identity };
  }

  async function up(wanted: string, more?: Parameters<Cluster["up"]>[1]): Promise<Run> {
    const given = begin(wanted, more);
    const news = given.declared;
    const said: string[] = [];
    const waited: { line: string; after: number }[] = [];
    const started = Date.now();
    const ended = (error: string): Run => {
      return { said, waited, error, seconds: (Date.now() - started) / 1000 };
    };
    const say = (line: string) => {
      if (line.startsWith("waiting")) waited.push({ line, after: said.length });
      else said.push(line);
    };
    try {
      const end = await reconcile(reconciling(given, (name) => node(name).access, say));
      declared = news;
      publish(news); // Pulumi deletes last
      ({ done, former } = end);
      const { word, revision } = await writeIdentity(news, foundingWord, false, asking);
      const healthyAt = new Date().toISOString();
      cluster.known = { clusterId: end.clusterId, word, revision, healthyAt };
      return ended("");
    } catch (e) {
      const error = e as Unreconciled;
      done = error.done ?? done;
      return ended(error.message);
    }
  }

  async function answering() {
    const all = Object.values(nodes).map((one) => one.wanted);
    const answers = await answersOf(all, asking);
    const answer = answers.find(({ list, leaderId }) => list && leaderId);
    const leader = answers.find(({ memberId, leaderId }) => memberId && memberId === leaderId);
    return { answer: leader ?? answer, answers };
  }

  async function ask<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const { answer } = await answering();
    const { wanted } = node(answer?.name ?? "");
    return withClient(wanted, { ...asking, deadlineMs: 8000 }, use, (e) => {
      throw e;
    });
  }

  const cluster: Cluster = {
    node,
    up,
    ask,
    killed: (wanted, moment) => killRunAt(moment, begin(wanted), (name) => node(name).access),
    known: undefined,
    missed: world.zone.missed,
    async becomes(wanted, said) {
      const run = await up(wanted);
      assert.equal(run.error, "", run.said.join("\n"));
      assert.match(run.said.join("\n"), said);
      assert.deepEqual(Object.keys(await cluster.ids()).sort(), words(wanted));
      assert.deepEqual(Object.keys(done ?? {}).sort(), words(wanted));
      return run;
    },
    async ids() {
      const { answer } = await answering();
      const named = ({ name, learner }: ListedMember) => `${name || "?"}${learner ? "+" : ""}`;
      return Object.fromEntries((answer?.list ?? []).map((m) => [named(m), m.id]));
    },
    async moveLeaderTo(name) {
      const id = (await cluster.ids())[name] ?? assert.fail(`${name} is not listed`);
      const { answer } = await answering();
      if (answer?.memberId === id) return;
      await ask((client) =>
        client.maintenance.moveLeader({ targetID: BigInt(`0x${id}`).toString() }),
      );
    },
    write(through) {
      const writer = startWriter({ endpoints: endpoints(through), identity }, 5, 4);
      const started = Date.now();
      return async (readThrough) => {
        const seconds = (Date.now() - started) / 1000;
        const score = await writer.stop(endpoints(readThrough));
        const perSecond = Math.round(score.acknowledged / seconds);
        assert.deepEqual(score.lost, [], "acknowledged writes that are lost");
        assert.ok(perSecond >= leastRate, `void: only ${perSecond} writes a second`);
        return { ...score, perSecond };
      };
    },
    close() {
      for (const one of Object.values(nodes)) one.systemd.close();
    },
  };
  publish(words(founders).map((name) => node(name).wanted));
  for (const name of words(founders)) {
    const { machine: id } = node(name).wanted;
    await giveTicket(machine(world, name), id, words(founders));
    node(name).systemd.start();
  }
  const { error } = await up(founders);
  assert.equal(error, "", "the founding");
  return cluster;
}
