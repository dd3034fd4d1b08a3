// Which moments the kill tests take: by the commit, all in the end, all with --all. Does not prove
// that a third is enough to find what all would.
import assert from "node:assert/strict";
import test from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { run } from "../../lab/shell.ts";
import { countOf, currentSample, sampleOf, stepTo, type Sample } from "../sample.ts";

const all: Sample = { seed: undefined, how: "" };
const of = (seed: string): Sample => ({ seed, how: "" });
const seeds = Array.from({ length: 40 }, (_, i) => `commit ${i}`);
const fifteen = Array.from({ length: 15 }, (_, i) => i + 1);

test("a third of a list, spread over it; the same for the same commit, in the end all", () => {
  for (const seed of seeds) {
    const { taken, rest } = sampleOf(of(seed), "kills", fifteen);
    assert.equal(taken.length, 5);
    for (const [row, each] of taken.entries())
      assert.ok(each > row * 3 && each <= row * 3 + 3, String(taken));
    assert.deepEqual(
      [...taken, ...rest].sort((a, b) => a - b),
      fifteen,
    );
    assert.deepEqual(sampleOf(of(seed), "kills", fifteen).taken, taken);
  }
  const ever = new Set(seeds.flatMap((seed) => sampleOf(of(seed), "kills", fifteen).taken));
  assert.equal(ever.size, 15);
});

test("two lists of one commit are not sampled at the same places", () => {
  const places = (what: string) =>
    seeds.map((seed) => sampleOf(of(seed), what, fifteen).taken.join());
  assert.notDeepEqual(places("up"), places("destroy"));
});

test("of a list that shows itself step by step: a third, at least three of any twelve", () => {
  for (const seed of seeds) {
    const kills = countOf(of(seed), "destroy", 36);
    assert.ok(kills >= 11 && kills <= 14, `${kills} of 36`);
    assert.ok(countOf(of(seed), "destroy", 12) >= 3);
  }
  const ever = new Set<number>();
  for (const seed of seeds)
    for (let taken = 0, at = 0; (at += stepTo(of(seed), "destroy", taken)) <= 36; taken++)
      ever.add(at);
  assert.equal(ever.size, 36, "some commit takes each");
});

test("with --all everything is taken", () => {
  assert.deepEqual(sampleOf(all, "kills", fifteen), { taken: fifteen, rest: [] });
  assert.equal(countOf(all, "destroy", 12), 12);
});

test("the commit chooses, unless told otherwise, and it is said", async () => {
  const commit = await run("git", ["rev-parse", "HEAD"], { cwd: projectDir }).catch(
    () => "no-commit",
  );
  const chosen = await currentSample({});
  assert.equal(chosen.seed, commit.trim());
  assert.match(chosen.how, new RegExp(`ETCD_TEST_SEED=${commit.trim()}`));
  assert.equal((await currentSample({ ETCD_TEST_SEED: "abc" })).seed, "abc");
  assert.equal((await currentSample({ ETCD_TEST_ALL: "1" })).seed, undefined);
});
