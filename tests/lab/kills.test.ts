// Runs that are killed (SIGKILL to the CLI and all its plugins) at the steps of a `destroy` and of
// an `up`, and run again until they end: with the state of an undisturbed one, and nothing
// left behind. Takes about a third of the moments (tests/sample.ts). Does not prove it for real AWS
// and Cloudflare, whose answers can be lost in more ways; kills that the other command follows:
// killsUndone.test.ts.
import assert from "node:assert/strict";
import test, { after, before, type TestContext } from "node:test";
import { countOf, currentSample, stepTo, type Sample } from "../sample.ts";
import { npmRun } from "./harness.ts";
import { mustHaveEnded, nameOf, openKilledStack, type KilledStack } from "./killedStack.ts";
import { runUntilNext } from "./killing.ts";

/**
 * Right away, while the service is at work, and when it has answered: each moment leaves something
 * else behind.
 */
const delays = [0, 15, 40, 120];
const delayOf = (run: number) => delays[run % delays.length] ?? 0;

let stack: KilledStack;
let sample: Sample;
before(async () => {
  sample = await currentSample();
  stack = await openKilledStack();
});
after(async () => {
  await npmRun("lab", "stop");
});

/**
 * Kills run after run, each at a step that none before had begun, until one ends by itself. Fails
 * unless there were as many kills as the sample takes of `steps` such steps.
 */
async function killAtEach(
  t: TestContext,
  op: "create" | "delete",
  steps: number,
  ...args: string[]
): Promise<void> {
  const known = new Set<string>();
  const killedAt: string[] = [];
  for (let run = 0; run < 100; run++) {
    const next = stepTo(sample, op, killedAt.length);
    const outcome = await runUntilNext(stack.cli, args, op, known, next, delayOf(run));
    if (outcome.killedAt) {
      killedAt.push(nameOf(outcome.killedAt));
      continue;
    }
    mustHaveEnded(args, outcome.code, outcome.text);
    const said = `${killedAt.length} kills: ${killedAt.join(", ")}`;
    t.diagnostic(`${said} (of ${known.size} steps, ${sample.how})`);
    assert.ok(killedAt.length >= countOf(sample, op, steps), `only ${said}`);
    return;
  }
  throw new Error("a hundred runs, and none came to its end");
}

test("destroy killed at every deletion, run again each time: nothing is left", async (t) => {
  // Fewer than there are things: those that go at the same time are gone together.
  await killAtEach(t, "delete", 12, "destroy", "--refresh");
  await stack.isGone();
});

test(
  "up killed at every creation, run again each time: one cluster in the end, and nothing " +
    "left over",
  async (t) => {
    await killAtEach(t, "create", 15, "up");
    await stack.isWhole();
  },
);
