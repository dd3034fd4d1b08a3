// Runs that are killed (SIGKILL to the CLI and all its plugins) at the steps of an `up` and of a
// `destroy`, and what the next run makes of it: the state of an undisturbed one, with nothing
// orphaned. Does not prove it for real AWS and Cloudflare, whose answers can be lost in more ways.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { createStack } from "../../lab/stack.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { eventually, mustRun, npmRun } from "./harness.ts";
import { inventory } from "./inventory.ts";
import { runUntil, runUntilNext } from "./killing.ts";
import { machines } from "./machines.ts";
import { typeCommands } from "./namedCommands.ts";

/**
 * Right away, while the service is at work, and when it has answered: each moment leaves something
 * else behind.
 */
const delays = [0, 15, 40, 120];
/**
 * Late enough that most requests are on their way, early enough that few answers are noted: what
 * makes orphans.
 */
const lateDelays = [40, 120, 250];
const delayOf = (run: number) => delays[run % delays.length] ?? 0;
const nameOf = (urn: string) => urn.split("::").at(-1) ?? urn;
const noChoice = () => undefined;

let cli = "";
let undisturbed: string[] = [];
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  cli = await ensureCli(() => undefined);
  await createStack(cli);
  await ends("up");
  undisturbed = await inventory();
});
after(async () => {
  await npmRun("lab", "stop");
});

/** A run that nobody kills. */
async function ends(...args: string[]): Promise<string> {
  const { code, text } = await runUntil(cli, args, "create", noChoice, 0);
  assert.equal(
    code,
    0,
    `pulumi ${args.join(" ")}, which nobody killed, failed:\n${text.slice(-3000)}`,
  );
  return text;
}

async function isWhole(): Promise<void> {
  assert.deepEqual(await inventory(), undisturbed);
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
  await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
}

async function isGone(): Promise<void> {
  assert.deepEqual(await inventory(), [], "something was left behind");
  await eventually("the machines to go", 30_000, async () => (await machines()).length === 0);
}

/**
 * Kills run after run, each at the first step that none before had begun, until one ends by itself.
 */
async function killAtEach(op: "create" | "delete", ...args: string[]): Promise<string[]> {
  const known = new Set<string>();
  for (let run = 0; run < 100; run++) {
    const { killedAt, code, text } = await runUntilNext(cli, args, op, known, delayOf(run));
    if (killedAt) continue;
    assert.equal(
      code,
      0,
      `pulumi ${args.join(" ")}, which nobody killed, failed:\n${text.slice(-3000)}`,
    );
    return [...known].map(nameOf);
  }
  throw new Error("a hundred runs, and none came to its end");
}

test("destroy killed at every deletion, run again each time: nothing is left", async () => {
  const killedAt = await killAtEach("delete", "destroy", "--refresh");
  // Fewer than there are things: those that go at the same time are gone together.
  assert.ok(killedAt.length >= 12, `only ${killedAt.length} kills: ${killedAt.join(", ")}`);
  await isGone();
});

test(
  "up killed at every creation, run again each time: one cluster in the end, and nothing " +
    "left over",
  async () => {
    const killedAt = await killAtEach("create", "up");
    assert.ok(killedAt.length >= 15, `only ${killedAt.length} kills: ${killedAt.join(", ")}`);
    await isWhole();
  },
);

test("destroy killed, then up: the cluster is whole again, and nothing left over", async () => {
  for (const [run, step] of [
    "etcd-a-client",
    "etcd-b-attachment",
    "etcd-b-peer",
    "etcd-c-instance",
    "etcd-a-interface",
  ].entries()) {
    const { killedAt } = await runUntil(
      cli,
      ["destroy"],
      "delete",
      (begun) => begun.find((urn) => nameOf(urn) === step),
      delayOf(run + 1),
    );
    assert.ok(killedAt, `destroy did not come to delete ${step}`);
    await ends("refresh", "--clear-pending-creates");
    await ends("up");
    await isWhole();
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
    const { code, text } = await runUntil(cli, ["destroy"], "create", noChoice, 0);
    removed.push(...(text.match(/removed the [^,]+(?=, left behind)/g) ?? []));
    if (code === 0) return { removed, named };
    assert.match(text, /What earlier runs left behind was not removed:/);
    const ids = await typeCommands(text);
    assert.ok(ids.length, `destroy failed and named nothing:\n${text.slice(-3000)}`);
    named.push(...ids);
  }
  throw new Error(`a third destroy still names something; so far: ${named.join(", ")}`);
}

test("up killed, then destroy: nothing is left but what it names, and its commands end that", async (t) => {
  await ends("destroy");
  const removed: string[] = [];
  const named: string[] = [];
  // Creations overlap, so the order differs from run to run: every second of the first thirty is
  // more than one of each kind.
  for (let nth = 2; nth <= 30; nth += 2) {
    const { killedAt } = await runUntil(
      cli,
      ["up"],
      "create",
      (begun) => begun[nth - 1],
      lateDelays[(nth / 2) % lateDelays.length] ?? 0,
    );
    assert.ok(killedAt, `up made fewer than ${nth} things`);
    const outcome = await destroyed();
    removed.push(...outcome.removed);
    named.push(...outcome.named);
    await isGone();
  }
  t.diagnostic(`left behind and removed: ${removed.length}; named: ${named.join(", ")}`);
  assert.ok(
    removed.length + named.length > 0,
    "no kill left anything behind: this test proves nothing",
  );
  assert.ok(
    removed.every((what) => !/instance|volume/.test(what)),
    removed.join(", "),
  );
});
