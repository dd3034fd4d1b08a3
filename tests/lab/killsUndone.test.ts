// Runs that are killed (SIGKILL to the CLI and all its plugins), and the other command after them:
// a destroy and then `up`, an `up` and then destroy. Takes about a third of the moments
// (tests/sample.ts). Does not prove it for real AWS and Cloudflare, whose answers can be lost in
// more ways.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { currentSample, sampleOf, type Sample } from "../sample.ts";
import { npmRun } from "./harness.ts";
import { nameOf, openKilledStack, type KilledStack } from "./killedStack.ts";
import { runUntil } from "./killing.ts";
import { typeCommands } from "./namedCommands.ts";

/** Where a destroy is killed, and how many milliseconds after this deletion has begun. */
const deletions = [
  { step: "etcd-a-client", delayMs: 15 },
  { step: "etcd-b-attachment", delayMs: 40 },
  { step: "etcd-b-peer", delayMs: 120 },
  { step: "etcd-c-instance", delayMs: 0 },
  { step: "etcd-a-interface", delayMs: 15 },
];
/**
 * Late enough that most requests are on their way, early enough that few answers are noted: what
 * leaves things behind.
 */
const lateDelays = [40, 120, 250];
/**
 * Where an `up` is killed. Creations overlap, so the order differs from run to run: every second of
 * the first thirty is more than one of each kind.
 */
const creations = Array.from({ length: 15 }, (_, i) => ({
  nth: 2 * (i + 1),
  delayMs: lateDelays[(i + 1) % lateDelays.length] ?? 0,
}));

let stack: KilledStack;
let sample: Sample;
before(async () => {
  sample = await currentSample();
  stack = await openKilledStack();
});
after(async () => {
  await npmRun("lab", "stop");
});

test("destroy killed, then up: the cluster is whole again, and nothing left over", async (t) => {
  const { taken } = sampleOf(sample, "deletions", deletions);
  t.diagnostic(
    `killed at ${taken.map(({ step }) => step).join(", ")} ` +
      `(${taken.length} of ${deletions.length} moments, ${sample.how})`,
  );
  for (const { step, delayMs } of taken) {
    const { killedAt } = await runUntil(
      stack.cli,
      ["destroy"],
      "delete",
      (begun) => begun.find((urn) => nameOf(urn) === step),
      delayMs,
    );
    assert.ok(killedAt, `destroy did not come to delete ${step}`);
    await stack.ends("refresh", "--clear-pending-creates");
    await stack.ends("up");
    await stack.isWhole();
  }
});

/**
 * Destroys what a killed `up` left of the stack. What can hold no data goes by itself; an instance
 * and a volume are named, and the command that is printed for them is typed here.
 */
async function destroyed(): Promise<{ removed: string[]; named: string[] }> {
  const removed: string[] = [];
  const named: string[] = [];
  // one destroy for what blocks it, one for the rest, and the last
  for (let run = 0; run < 3; run++) {
    const { code, text } = await runUntil(stack.cli, ["destroy"], "create", () => undefined, 0);
    removed.push(...(text.match(/removed the [^,]+(?=, left behind)/g) ?? []));
    if (code === 0) return { removed, named };
    assert.match(text, /What earlier runs left behind was not removed:/);
    const ids = await typeCommands(text);
    assert.ok(ids.length, `destroy failed and named nothing:\n${text.slice(-3000)}`);
    named.push(...ids);
  }
  throw new Error(`a third destroy still names something; so far: ${named.join(", ")}`);
}

test(
  "up killed, then destroy: only what it names is left, and its " + "commands end that",
  async (t) => {
    await stack.ends("destroy");
    const removed: string[] = [];
    const named: string[] = [];
    const killAndDestroy = async ({ nth, delayMs }: (typeof creations)[number]) => {
      const { killedAt } = await runUntil(
        stack.cli,
        ["up"],
        "create",
        (begun) => begun[nth - 1],
        delayMs,
      );
      assert.ok(killedAt, `up made fewer than ${nth} things`);
      const outcome = await destroyed();
      removed.push(...outcome.removed);
      named.push(...outcome.named);
      await stack.isGone();
    };
    const leftBehind = () => removed.length + named.length;
    const { taken, rest } = sampleOf(sample, "creations", creations);
    const done = [...taken];
    for (const moment of taken) await killAndDestroy(moment);
    // A sample that left nothing behind proves too little; others will.
    for (const moment of rest) {
      if (leftBehind() > 0) break;
      done.push(moment);
      await killAndDestroy(moment);
    }
    t.diagnostic(
      `killed at creation ${done.map(({ nth }) => nth).join(", ")} ` +
        `(${done.length} of ${creations.length} moments, ${sample.how}); ` +
        `left behind and removed: ${removed.length}; named: ${named.join(", ")}`,
    );
    assert.ok(leftBehind() > 0, "no kill left anything behind: this test proves nothing");
    assert.ok(
      removed.every((what) => !/instance|volume/.test(what)),
      removed.join(", "),
    );
  },
);
