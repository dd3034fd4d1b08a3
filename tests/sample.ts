/**
 * Which of many moments a run of the tests takes. Tests that kill a run at each of its steps need
 * half an hour for all of them, so a run takes about a third, chosen from the commit: the same
 * commit takes the same ones again, another takes others. `npm test -- --all` takes all.
 */
import { createHash } from "node:crypto";
import { projectDir } from "../lab/paths.ts";
import { run } from "../lab/shell.ts";

/** One moment of so many in a row is taken. */
const share = 3;

export interface Sample {
  /** What chooses; undefined takes all. */
  readonly seed: string | undefined;
  /** "all of them", or how they were chosen, to be printed. */
  readonly how: string;
}

/**
 * What chooses in this run: nothing with ETCD_TEST_ALL=1 (`--all`), else ETCD_TEST_SEED, else the
 * commit, else (no git) a fixed word.
 */
export async function currentSample(env: NodeJS.ProcessEnv = process.env): Promise<Sample> {
  if (env.ETCD_TEST_ALL === "1") return { seed: undefined, how: "all of them" };
  const commit = await run("git", ["rev-parse", "HEAD"], { cwd: projectDir }).catch(() => "");
  const seed = env.ETCD_TEST_SEED || commit.trim() || "no-commit";
  return { seed, how: `chosen by ETCD_TEST_SEED=${seed}; npm test -- --all takes all` };
}

/** A number from 0 to below `below`, always the same for the same words. */
function choice(seed: string, what: string, index: number, below: number): number {
  const hash = createHash("sha256").update(`${seed} ${what} ${index}`).digest();
  return hash.readUInt32BE(0) % below;
}

/**
 * Some of a list that is known beforehand, in its order: one of every three in a row, so that early
 * and late ones are taken alike. `rest` are the others, in an order to go on with. Pure.
 */
export function sampleOf<T>(
  { seed }: Sample,
  what: string,
  all: readonly T[],
): { taken: T[]; rest: T[] } {
  if (seed === undefined) return { taken: [...all], rest: [] };
  const taken: T[] = [];
  const rest: T[] = [];
  for (let start = 0; start < all.length; start += share) {
    const row = all.slice(start, start + share);
    const chosen = choice(seed, what, start, row.length);
    for (const [i, each] of row.entries()) (i === chosen ? taken : rest).push(each);
  }
  return { taken, rest };
}

/** Three steps each, nine long together: with both kinds, every place can be reached. */
const rows: readonly (readonly number[])[] = [
  [1, 3, 5],
  [1, 5, 3],
  [3, 1, 5],
  [3, 5, 1],
  [5, 1, 3],
  [5, 3, 1],
  [2, 3, 4],
  [2, 4, 3],
  [3, 2, 4],
  [3, 4, 2],
  [4, 2, 3],
  [4, 3, 2],
];

/**
 * For a list that shows itself only while it is gone through: the how-manieth new one to take next,
 * after `taken` have been. Always 1 for all, else 1 to 5, by the seed: one in three on average.
 * Pure.
 */
export function stepTo({ seed }: Sample, what: string, taken: number): number {
  if (seed === undefined) return 1;
  const row = rows[choice(seed, what, Math.floor(taken / share), rows.length)] ?? [];
  return row[taken % share] ?? 1;
}

/** How many are taken, by `stepTo`, of a list of that length. Pure. */
export function countOf(sample: Sample, what: string, length: number): number {
  let taken = 0;
  for (let at = 0; (at += stepTo(sample, what, taken)) <= length;) taken++;
  return taken;
}
