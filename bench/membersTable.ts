/** The figures of members in words. Pure. */
import type { Score } from "../tests/lab/writer.ts";
import type { BigJoin, Cost } from "../tests/membership/bigJoin.ts";
import type { Figure } from "../tests/membership/figures.ts";
import { median, percentile } from "./statistics.ts";

/** Below so many acknowledged writes a second, a gap tells nothing. */
export const leastRate = 100;

/** What is expected at most, of a client that asks the next member at once. */
const expectedGapMs = { planned: 300, replacement: 300, "leader lost": 1500 } as const;
/** From the moment when the machines answer; two members join in the longest planned change. */
const expectedSeconds = { planned: 10, replacement: 5, "leader lost": 5 } as const;

type Kind = Figure["kind"];
const columns = ["CASE", "SECONDS", "GAP, etcd3", "GAP, etcdctl", "LOST", "UNKNOWN", "WRITES/S"];

/** One row for each case, from the figures of several rounds, and what each kind is held to. */
export function membersTable(rounds: readonly (readonly Figure[])[]): string[] {
  const cases = (rounds[0] ?? []).map(({ what }) =>
    rounds.flat().filter((figure) => figure.what === what),
  );
  return [
    `${rounds.length} rounds: median of the seconds, largest gaps; the least writes a second`,
    ...aligned([columns, ...cases.map(row)]),
    `expected at most: ${(Object.keys(expectedGapMs) as Kind[]).map(expectation).join("; ")}`,
  ];
}

function expectation(kind: Kind): string {
  return `${kind} ${expectedSeconds[kind]} s and ${expectedGapMs[kind]} ms`;
}

function row(figures: readonly Figure[]): string[] {
  const [{ what, kind } = { what: "", kind: "planned" as const }] = figures;
  const least = Math.min(...figures.map(({ etcd3 }) => etcd3.perSecond));
  const seconds = median(figures.map((figure) => figure.seconds));
  const gap = largestGap(figures.map(({ etcd3 }) => etcd3));
  const scores = figures.flatMap(({ etcd3, etcdctl }) => [etcd3, etcdctl]);
  const sum = (of: (score: Score) => number) => scores.reduce((all, score) => all + of(score), 0);
  return [
    what,
    seconds ? judged(seconds.toFixed(1), seconds > expectedSeconds[kind]) : "",
    judged(`${gap} ms`, gap > expectedGapMs[kind]),
    `${largestGap(figures.map(({ etcdctl }) => etcdctl))} ms`,
    `${sum(({ lost }) => lost.length)}`,
    `${sum(({ unknown }) => unknown)}`,
    least < leastRate ? `${least}: void, below ${leastRate}` : `${least}`,
  ];
}

const largestGap = (scores: readonly Score[]) => Math.max(...scores.map(({ gapMs }) => gapMs));
const judged = (value: string, missed: boolean) => (missed ? `${value} (missed)` : value);

/** What a join with much data takes, and what it costs the leader, as ratios of one run. */
export function bigJoinWords(join: BigJoin): string[] {
  const { mebibytes, seconds, secondsSmall, before, during, etcd3, etcdctl } = join;
  const times = (share: number) => {
    const [was, is] = [before, during].map(({ latencies }) => percentile(latencies, share));
    return `${ratio(is, was)} (${ms(is)} / ${ms(was)})`;
  };
  const processor = (cost: Cost) => `${Math.round(cost.processor * 100)} %`;
  const lost = etcd3.lost.length + etcdctl.lost.length;
  const rate = `${etcd3.perSecond} writes a second`;
  const enough = etcd3.perSecond < leastRate ? `: void, below ${leastRate}` : "";
  const small = `${secondsSmall.toFixed(1)} s`;
  return [
    `a join with ${mebibytes} MiB, to a vote   ${seconds.toFixed(1)} s, ` +
      `${ratio(seconds, secondsSmall)} times as with hardly any data (${small})`,
    `… writes through the leader    beside before: median ${times(0.5)}, p99 ${times(0.99)}`,
    `… processor of the leader      ${processor(during)} of one; before ${processor(before)}`,
    `… gaps and losses              etcd3 ${etcd3.gapMs} ms, etcdctl ${etcdctl.gapMs} ms, ` +
      `${lost} lost, ${rate}${enough}`,
  ];
}

const ratio = (a = NaN, b = NaN) => (a / b).toFixed(1);
const ms = (value = NaN) => `${value.toFixed(1)} ms`;

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = columns.map((_, i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
  return rows.map((cells) =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
