// The words of the bench's figures of members: medians, largest gaps, what is void and what was
// missed. Does not prove that the figures are measured rightly: tests/membership makes them.
import assert from "node:assert/strict";
import test from "node:test";
import { bigJoinWords, membersTable } from "../../bench/membersTable.ts";
import { median, percentile } from "../../bench/statistics.ts";
import type { Figure } from "../membership/figures.ts";

const figure = (more: Partial<Figure["etcd3"]> & Partial<Figure> = {}): Figure => {
  const { kind = "planned", what = "3 to 5", seconds = 4, ...written } = more;
  const score = { acknowledged: 900, unknown: 0, lost: [], gapMs: 90, perSecond: 300 };
  return {
    kind,
    what,
    seconds,
    etcd3: { ...score, ...written },
    etcdctl: { ...score, gapMs: 120 },
  };
};
/** The row of the only case. */
const row = (...rounds: Figure[]) => membersTable(rounds.map((one) => [one]))[2] ?? "";
const cells = (line: string) => line.split(/ {2,}/);

test("percentiles are by nearest rank, and of nothing there is none", () => {
  assert.equal(percentile([3, 1, 2, 4], 0.5), 2);
  assert.equal(percentile([3, 1, 2, 4], 0.99), 4);
  assert.equal(percentile([7], 0), 7);
  assert.equal(median([9, 1, 5]), 5);
  assert.ok(Number.isNaN(median([])));
});

test("a case is one row over its rounds: median, largest gaps, sums, least rate", () => {
  const rounds = [
    figure({ seconds: 3, gapMs: 80, perSecond: 310 }),
    figure({ seconds: 9, gapMs: 250, unknown: 2 }),
    figure({ seconds: 5, gapMs: 90, unknown: 1, perSecond: 320 }),
  ];
  assert.deepEqual(cells(row(...rounds)), ["3 to 5", "5.0", "250 ms", "120 ms", "0", "3", "300"]);
});

test("cases keep their order, and stand below each other", () => {
  const round = [figure(), figure({ what: "a disk is emptied", kind: "replacement" })];
  const [, head = "", first = "", second = ""] = membersTable([round]);
  assert.ok(first.startsWith("3 to 5 ") && second.startsWith("a disk is emptied "));
  const column = head.indexOf("SECONDS");
  assert.deepEqual([first.indexOf("4.0"), second.indexOf("4.0")], [column, column]);
});

test("too few writes in one round are void", () => {
  assert.match(row(figure(), figure({ perSecond: 99 }), figure()), / 99: void, below 100$/);
  assert.doesNotMatch(row(figure({ perSecond: 100 })), /void/);
});

for (const [kind, seconds, gapMs] of [
  ["planned", 10, 300],
  ["replacement", 5, 300],
  ["leader lost", 5, 1500],
] as const)
  test(`${kind}: ${seconds} s and ${gapMs} ms are held, more is missed`, () => {
    assert.doesNotMatch(row(figure({ kind, seconds, gapMs })), /missed/);
    assert.match(row(figure({ kind, seconds: seconds + 0.1, gapMs })), /\.1 \(missed\)  /);
    assert.match(row(figure({ kind, seconds, gapMs: gapMs + 1 })), /\d ms \(missed\)/);
  });

test("a case in which nothing is done has no seconds, and what is lost is counted", () => {
  const lost = figure({ what: "killed", kind: "leader lost", seconds: 0, lost: ["a 1", "b 1"] });
  assert.deepEqual(cells(row(lost)), ["killed", "90 ms", "120 ms", "2", "0", "300"]);
});

test("a join with much data is told by ratios of one run", () => {
  const of = (latency: number) => [...Array<number>(98).fill(latency), 10 * latency, 20 * latency];
  const join = {
    ...{ ...figure(), mebibytes: 1024, seconds: 12, secondsSmall: 1.5 },
    before: { latencies: of(2), processor: 0.2 },
    during: { latencies: of(3), processor: 0.456 },
  };
  const [time = "", writes = "", processor = "", gaps = ""] = bigJoinWords(join);
  assert.match(
    time,
    /1024 MiB, to a vote +12\.0 s, 8\.0 times as with hardly any data \(1\.5 s\)$/,
  );
  assert.match(writes, /median 1\.5 \(3\.0 ms \/ 2\.0 ms\), p99 1\.5 \(30\.0 ms \/ 20\.0 ms\)$/);
  assert.match(processor, /46 % of one; before 20 %$/);
  assert.match(gaps, /etcd3 90 ms, etcdctl 120 ms, 0 lost, 300 writes a second$/);
  const few = { ...join, etcd3: { ...join.etcd3, perSecond: 99 } };
  assert.match(bigJoinWords(few)[3] ?? "", /99 writes a second: void, below 100$/);
});
