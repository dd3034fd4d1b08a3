// The next step towards the declared members, for what is seen. Does not prove that etcd takes the
// steps, nor that what is seen is so: tests/membership does, with real members.
import assert from "node:assert/strict";
import test from "node:test";
import { unseen } from "../../components/membership/machineLook.ts";
import { plan, type Step, table } from "../../components/membership/plan.ts";
import type {
  Answer,
  MachineSight,
  Situation,
  WantedMember,
} from "../../components/membership/situation.ts";
import { viewOf } from "../../components/membership/view.ts";

const member = (name: string): WantedMember => ({
  name,
  endpoint: `https://10.0.0.${name}:2379`,
  peerUrl: `https://${name}.etcd.test:2380`,
  address: `10.0.0.${name}`,
  machine: `i-${name}`,
  volume: `vol-${name}`,
  hostKey: `ssh-ed25519 ${name}`,
});
const words = (text = "") => text.split(" ").filter(Boolean);

/** A machine that does not answer over SSH. */
const silent = unseen("no answer within 10 s");

/** What is seen, in short. Member x has the ID of x, and everybody answers unless said. */
interface Given {
  readonly declared: string;
  /** What etcd lists: "a", "+d" a learner, "+d?" one that never started, "d?" such a voter. */
  readonly list: string;
  readonly former?: string;
  /** Whose etcd does not answer, and whose machine does not. */
  readonly down?: string;
  readonly unreachable?: string;
  /** Whose disk holds no member; whose volume is not there. @default newcomers' are empty */
  readonly empty?: string;
  readonly unmounted?: string;
  /** What is special about machines. */
  readonly machines?: Readonly<Record<string, Partial<MachineSight>>>;
  readonly answers?: Readonly<Record<string, Partial<Answer>>>;
  readonly leader?: string;
  /** Who were voters when the members were last as declared. @default nobody */
  readonly done?: string;
  readonly more?: Partial<Situation>;
}

function situation(given: Given): Situation {
  const { declared, list, former, leader = "a", done, more = {} } = given;
  const [down, unreachable] = [words(given.down), words(given.unreachable)];
  const [empty, unmounted] = [words(given.empty), words(given.unmounted)];
  const listed = words(list).map((text) => {
    const name = text.replace(/\W/g, "");
    const url = `https://${name}.etcd.test:2380`;
    const started = !text.endsWith("?");
    return { id: name, name: started ? name : "", peerUrls: [url], learner: text.startsWith("+") };
  });
  const inService = listed.filter(({ name }) => name && !down.includes(name));
  const all = [...words(declared), ...words(former)];
  const answer = (name: string): Answer => {
    const own = inService.find((m) => m.name === name);
    const learner = own?.learner ?? false;
    return {
      name,
      error: own ? "" : "does not answer",
      clusterId: own ? "c1" : "",
      memberId: own ? name : "",
      leaderId: own ? leader : "",
      learner,
      applied: own ? 5000 : 0,
      alarms: [],
      list: own && !learner ? listed : undefined,
      ...given.answers?.[name],
    };
  };
  const machine = (name: string): MachineSight => {
    if (unreachable.includes(name)) return { ...silent, ...given.machines?.[name] };
    const isMember = listed.some((m) => m.name === name) && !empty.includes(name);
    const runs = inService.some((m) => m.name === name);
    const there = unmounted.includes(name) ? "unmounted" : isMember ? "member" : "empty";
    return {
      problem: "",
      unit: runs ? "active" : "inactive",
      restarts: 0,
      enabled: isMember,
      disk: there,
      bytes: 0,
      joinedAs: "",
      ticket: "",
      unresolved: [],
      words: [],
      ...given.machines?.[name],
    };
  };
  const since = "2026-11-01T00:00:00Z";
  const joined = words(done).map((n) => [
    n,
    { id: n, machine: `i-${n}`, volume: `vol-${n}`, since },
  ]);
  return {
    declared: words(declared).map(member),
    former: words(former).map(member),
    done: done === undefined ? undefined : Object.fromEntries(joined),
    rejoin: "",
    rejoinUsed: false,
    answers: all.map(answer),
    machines: Object.fromEntries(all.map((name) => [name, machine(name)])),
    stranger: "",
    ...more,
  };
}

/** The step in short: "add d", "wait …", "refuse …". */
function inShort(step: Step): string {
  switch (step.do) {
    case "wait":
      return `wait for ${step.for}`;
    case "refuse":
      return `refuse: ${step.why}\n${step.next}`;
    case "moveLeader":
      return `moveLeader ${step.from} ${step.to}`;
    case "done":
      return "done";
    default:
      return `${step.do} ${step.name}`;
  }
}

const alarmed = (id: string, alarm: string) => ({ alarms: [{ memberId: id, alarm }] });
const unreadable: Partial<MachineSight> = {
  ...{ unit: "activating", disk: "member", restarts: 3 },
  words: ["failed to open database: invalid database", "panic: failed to open database"],
};
const starting = { unit: "activating", ticket: "found" } as const;
const three = { declared: "a b c", list: "a b c", done: "a b c" };
const rows: readonly (readonly [string, Given, string | RegExp])[] = [
  // The first start.
  ["nothing runs yet", { declared: "a b c", list: "" }, "wait for the members to start"],
  [
    "two founders found, the third still looks at DNS",
    { declared: "a b c", list: "a b c", down: "c", empty: "c", machines: { c: starting } },
    "wait for c to answer (etcd is activating)",
  ],
  ["the founders are there", { declared: "a b c", list: "a b c" }, "done"],
  ["one founder alone", { declared: "a", list: "a" }, "done"],

  // Nothing to do.
  ["all as declared", three, "done"],
  [
    "a full database is not the members' business",
    { ...three, answers: { b: alarmed("b", "NOSPACE") } },
    "done",
  ],

  // Growing.
  ["3 to 5: the first", { ...three, declared: "a b c d e" }, "add d"],
  ["added", { ...three, declared: "a b c d e", list: "a b c +d?" }, "join d"],
  [
    "the ticket is there, etcd starts",
    {
      ...three,
      declared: "a b c d e",
      list: "a b c +d?",
      machines: { d: { unit: "activating", joinedAs: "d", ticket: "join" } },
    },
    "wait for d to start (etcd is activating)",
  ],
  [
    "a ticket of a member that was removed again",
    {
      ...three,
      declared: "a b c d e",
      list: "a b c +d?",
      machines: { d: { unit: "inactive", joinedAs: "dd", ticket: "join" } },
    },
    "join d",
  ],
  [
    "another member's etcd runs there",
    {
      ...three,
      declared: "a b c d e",
      list: "a b c +d?",
      machines: { d: { unit: "active", joinedAs: "dd", disk: "member" } },
    },
    "retire d",
  ],
  [
    "a learner whose machine is away",
    { ...three, declared: "a b c d e", list: "a b c +d?", unreachable: "d" },
    "wait for the machine of d (its machine: no answer within 10 s)",
  ],
  [
    "it has started, and copies",
    {
      ...three,
      declared: "a b c d e",
      list: "a b c +d",
      answers: { d: { applied: 3000 } },
    },
    "wait for d to catch up (it has applied 3000 of 5000)",
  ],
  ["it has caught up", { ...three, declared: "a b c d e", list: "a b c +d" }, "promote d"],
  [
    "etcd would promote into a lost majority",
    { ...three, declared: "a b c d e", list: "a b c +d", down: "c", unreachable: "c" },
    "wait for c to answer (its machine: no answer within 10 s)",
  ],
  ["the next", { ...three, declared: "a b c d e", list: "a b c d" }, "add e"],
  ["5 of 5", { ...three, declared: "a b c d e", list: "a b c d e" }, "done"],
  [
    "a newcomer is away: nobody is added",
    { ...three, declared: "a b c d e", unreachable: "e" },
    "wait for the machine of e (its machine: no answer within 10 s)",
  ],
  ["1 to 3", { declared: "a b c", list: "a", done: "a" }, "add b"],
  [
    "1 to 3: both are reached before the first",
    { declared: "a b c", list: "a", done: "a", unmounted: "c" },
    "wait for the machine of c (its data volume is not mounted)",
  ],
  [
    "a voter's resolver does not know the name yet",
    {
      ...three,
      declared: "a b c d e",
      machines: { b: { unresolved: ["d at 10.0.0.d (it says nothing)"] } },
    },
    "wait for the resolver of b to find d at 10.0.0.d (it says nothing)",
  ],
  [
    "a voter cannot be asked for the name",
    { ...three, declared: "a b c d e", unreachable: "b" },
    /^wait for the machine of b, to be asked whether it finds d/,
  ],
  [
    "a voter is down",
    { ...three, declared: "a b c d e", down: "b", unreachable: "b" },
    /^wait for b to answer/,
  ],
  [
    "a learner that lost its disk while it copied",
    { ...three, declared: "a b c d e", list: "a b c +d", down: "d", empty: "d" },
    "remove d",
  ],
  [
    "a learner that was stopped",
    { ...three, declared: "a b c d e", list: "a b c +d", down: "d" },
    "start d",
  ],

  // Shrinking.
  [
    "5 to 3",
    { declared: "a b c", former: "d e", list: "a b c d e", done: "a b c d e" },
    "remove d",
  ],
  [
    "the leader moves first, to one who stays",
    { declared: "a b c", former: "d e", list: "a b c d e", leader: "d" },
    "moveLeader d a",
  ],
  ["3 to 1", { declared: "c", former: "a b", list: "a b c" }, "moveLeader a c"],
  ["3 to 1, then", { declared: "c", former: "a b", list: "a b c", leader: "c" }, "remove a"],
  [
    "3 to 1, without a pause",
    { declared: "c", former: "a b", list: "b c", leader: "c" },
    "remove b",
  ],
  [
    "removed, and still there",
    { declared: "a b c", former: "d", list: "a b c", machines: { d: { enabled: true } } },
    "retire d",
  ],
  ["removed and stopped", { declared: "a b c", former: "d", list: "a b c" }, "done"],
  [
    "removed, and its machine is gone",
    { declared: "a b c", former: "d", list: "a b c", unreachable: "d" },
    "done",
  ],
  [
    "a dead one leaves before anybody comes",
    { declared: "a b d", former: "c", list: "a b c", down: "c", unreachable: "c" },
    "remove c",
  ],
  [
    "one who stays is down: nobody leaves",
    { declared: "a b c", former: "d e", list: "a b c d e", down: "b", unreachable: "b" },
    /^wait for b to answer/,
  ],
  [
    "a learner that is not wanted any more",
    { declared: "a b c", former: "d", list: "a b c +d" },
    "remove d",
  ],

  // Both at once.
  ["a, b, c to b, c, d", { declared: "b c d", former: "a", list: "a b c", done: "a b c" }, "add d"],
  ["then", { declared: "b c d", former: "a", list: "a b c +d" }, "promote d"],
  ["and then", { declared: "b c d", former: "a", list: "a b c d" }, "moveLeader a b"],
  ["at last", { declared: "b c d", former: "a", list: "a b c d", leader: "c" }, "remove a"],

  // Replacement under the same name.
  ["a disk is lost", { ...three, down: "c", empty: "c" }, "remove c"],
  [
    "a disk holds another member",
    { ...three, down: "c", machines: { c: { joinedAs: "cc" } } },
    "remove c",
  ],
  [
    "removed, and the disk holds another member: set aside when it joins",
    { ...three, list: "a b", machines: { c: { disk: "member", joinedAs: "cc" } } },
    "add c",
  ],
  ["removed: it joins anew", { ...three, list: "a b", down: "c" }, "add c"],
  ["down, and its disk is there", { ...three, down: "c" }, "start c"],
  [
    "down, and it starts",
    { ...three, down: "c", machines: { c: { unit: "activating", words: ["waiting"] } } },
    "wait for c to answer (etcd is activating: waiting)",
  ],
  [
    "its volume is not there",
    { ...three, down: "c", unmounted: "c" },
    "wait for c to answer (its data volume is not mounted)",
  ],
  [
    "its disk is lost, another is down",
    { declared: "a b c d e", list: "a b c d e", down: "c d", empty: "c", unreachable: "d" },
    /^wait for d to answer/,
  ],
  [
    "two of five are lost",
    { declared: "a b c d e", list: "a b c d e", down: "c d", empty: "c d" },
    "remove c",
  ],
  [
    "one of four is left to mend",
    { declared: "a b c d e", list: "a b d e", down: "c d", empty: "d" },
    "remove d",
  ],
  [
    "two of three are lost",
    { ...three, down: "b c", empty: "b c" },
    /^refuse: the data of b, c are gone, 2 of 3 voters\.[^]*A majority is lost/,
  ],
  [
    "all three are lost",
    { ...three, list: "", empty: "a b c" },
    /^refuse: the data of a, b, c are gone, 3 of 3 voters/,
  ],
  [
    "the only one is lost",
    { declared: "a b c", list: "", done: "a", unreachable: "b c" },
    /^refuse: the data of a are gone, 1 of 1 voters/,
  ],
  [
    "two of three do not answer",
    { ...three, down: "b c", unreachable: "b c" },
    "wait for a majority: b, c to answer",
  ],
  ["two of three are stopped", { ...three, down: "b c" }, "start b"],
  [
    "nobody answers",
    { ...three, down: "a b c", unreachable: "a b c" },
    "wait for any member to answer",
  ],

  ["all are stopped", { ...three, down: "a b c" }, "start a"],

  // Data that etcd cannot read.
  [
    "a panic at every start",
    { ...three, down: "b", machines: { b: unreadable } },
    /^refuse: etcd of b \(panic: failed to open database\)[^]*config set etcd:rejoin b, then pulumi up$/,
  ],
  [
    "one panic, so far",
    { ...three, down: "b", machines: { b: { ...unreadable, restarts: 1 } } },
    "wait for b to answer (etcd is activating: panic: failed to open database)",
  ],
  [
    "a panic, because the disk is full",
    {
      ...three,
      down: "b",
      machines: { b: { ...unreadable, words: ["write: no space left on device", "panic: x"] } },
    },
    "wait for b to answer (etcd is activating: panic: x)",
  ],
  [
    "a fault where the database was cut off",
    {
      ...three,
      down: "b",
      machines: {
        b: { ...unreadable, words: ["unexpected fault address 0x7f", "fatal error: fault"] },
      },
    },
    /^refuse: etcd of b \(fatal error: fault\)/,
  ],
  [
    "a log that is not whole",
    {
      ...three,
      down: "b",
      machines: { b: { ...unreadable, words: ["discovery failed: walpb: crc mismatch"] } },
    },
    /^refuse: etcd of b \(discovery failed: walpb: crc mismatch\)/,
  ],
  [
    "a panic at every start, and it may join anew",
    { ...three, down: "b", machines: { b: unreadable }, more: { rejoin: "b" } },
    "remove b",
  ],
  [
    "it joined anew once, and ends in a panic again",
    { ...three, down: "b", machines: { b: unreadable }, more: { rejoin: "b", rejoinUsed: true } },
    /^refuse: [^]*pulumi config rm etcd:rejoin, pulumi up, then pulumi config set etcd:rejoin b/,
  ],
  [
    "it may join anew, but it is only down",
    { ...three, down: "b", more: { rejoin: "b" } },
    "start b",
  ],
  [
    "it may join anew, and another is down",
    {
      ...{ declared: "a b c d e", list: "a b c d e", down: "b c", unreachable: "c" },
      ...{ machines: { b: unreadable }, more: { rejoin: "b" } },
    },
    /^wait for c to answer/,
  ],
  [
    "a learner's data",
    { ...three, declared: "a b c d e", list: "a b c +d", down: "d", machines: { d: unreadable } },
    /^refuse: etcd of d /,
  ],
  [
    "a leaver's data",
    { ...three, declared: "a b", former: "c", down: "c", machines: { c: unreadable } },
    "remove c",
  ],
  [
    "two of three",
    { ...three, down: "b c", machines: { b: unreadable, c: unreadable } },
    /^refuse: the data of b, c are gone, or etcd does not stay up on them: 2 of 3 voters/,
  ],
  [
    "the only one",
    { declared: "a", list: "", done: "a", machines: { a: unreadable } },
    /^refuse: the data of a are gone, or etcd does not stay up on them: 1 of 1 voters/,
  ],

  // Alarms.
  [
    "a full database: nobody is added",
    { ...three, declared: "a b c d e", answers: { b: alarmed("b", "NOSPACE") } },
    /^refuse: etcd has raised the alarm NOSPACE for b \(b\)[^]*alarm list[^]*defrag[^]*alarm disarm/,
  ],
  [
    "a full database: nobody leaves",
    {
      ...three,
      declared: "a b c",
      list: "a b c d",
      former: "d",
      answers: { a: alarmed("d", "NOSPACE") },
    },
    /^refuse: etcd has raised the alarm NOSPACE for d \(d\)/,
  ],
  [
    "a full database: a member that has lost its disk stays listed",
    { ...three, down: "c", empty: "c", answers: { a: alarmed("b", "NOSPACE") } },
    /^refuse: etcd has raised the alarm NOSPACE/,
  ],
  [
    "a full database: one that is stopped is started",
    { ...three, declared: "a b c d e", down: "c", answers: { a: alarmed("b", "NOSPACE") } },
    "start c",
  ],
  [
    "data differ, and nothing else is to be done",
    { ...three, answers: { a: alarmed("c", "CORRUPT"), b: alarmed("c", "CORRUPT") } },
    /^refuse: etcd has raised the alarm CORRUPT for c \(c\): [^]*hashkv[^]*member remove c, [^]*etcd:rejoin c/,
  ],
  [
    "data differ: a member that leaves is not removed either",
    { ...three, declared: "a b", former: "c", answers: { a: alarmed("c", "CORRUPT") } },
    /^refuse: etcd has raised the alarm CORRUPT for c/,
  ],
  [
    "data differ: one that is lost stays listed, and one that is stopped is not started",
    {
      ...{ declared: "a b c d e", list: "a b c d e", down: "d e", empty: "d" },
      answers: { a: alarmed("e", "CORRUPT") },
    },
    /^refuse: etcd has raised the alarm CORRUPT for e/,
  ],
  [
    "an alarm of one that left",
    { ...three, declared: "a b c d e", answers: { a: alarmed("dead", "NOSPACE") } },
    /^refuse: etcd has raised the alarm NOSPACE for a member that left \(dead\)/,
  ],

  // Strangers.
  [
    "not our cluster",
    { ...three, more: { stranger: "This is not the cluster that was healthy" } },
    /^refuse: This is not the cluster/,
  ],
  [
    "two clusters",
    { ...three, answers: { c: { clusterId: "c2" } } },
    /^refuse: the members are in 2 clusters instead of one: a, b in c1; c in c2/,
  ],
  [
    "a member that somebody added",
    { ...three, list: "a b c x" },
    /^refuse: etcd lists x \(x, https:\/\/x\.etcd\.test:2380\), which[^]*member remove x/,
  ],
  [
    "a learner that somebody added",
    { ...three, list: "a b c +x?" },
    /^refuse: etcd lists a member that never started \(x, /,
  ],
  [
    "one of ours, added as a voter",
    { ...three, declared: "a b c d e", list: "a b c d?" },
    /^refuse: d is listed as a voter that never started[^]*member remove d/,
  ],
  [
    "removed by hand",
    { ...three, list: "a b", machines: { c: { disk: "member" } } },
    /^refuse: c was removed from the cluster, by hand or by a run that was cut off[^]*etcd:rejoin c/,
  ],
  [
    "removed by hand, and it may join anew",
    { ...three, list: "a b", machines: { c: { disk: "member" } }, more: { rejoin: "c" } },
    "add c",
  ],
  [
    "removed by hand, running, and it may join anew",
    {
      ...three,
      list: "a b",
      machines: { c: { disk: "member", unit: "active" } },
      more: { rejoin: "c" },
    },
    "retire c",
  ],
  ["no leader", { ...three, leader: "" }, "wait for a leader to be elected"],
];
for (const [name, given, wanted] of rows)
  test(`plan: ${name}`, () => {
    const got = inShort(plan(situation(given)));
    if (typeof wanted === "string") assert.equal(got, wanted);
    else assert.match(got, wanted);
  });

test("each case of the table is the one that decides somewhere above", () => {
  const decisive = new Set(
    rows.map(([, given]) => {
      const view = viewOf(situation(given));
      return table.find(({ step }) => step(view))?.seen;
    }),
  );
  assert.deepEqual(
    table.map(({ seen }) => seen).filter((seen) => !decisive.has(seen)),
    [],
  );
});
