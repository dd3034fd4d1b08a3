// Which locks are known to be a dead run's. Does not prove that the CLI says it so: cancel.test.ts
// does.
import assert from "node:assert/strict";
import test from "node:test";
import { locksIn } from "../../pipelines/lock.ts";

const here = {
  host: "vm",
  alive: (pid: number) => pid === 7,
  now: new Date("2026-11-28T20:00:00Z"),
  jobMinutes: 60,
  ephemeral: /^runnervm/,
};
const cases: readonly [what: string, said: string, dead: readonly boolean[]][] = [
  ["runs here", "a@vm (pid 7) at 2026-11-28T10:00:00Z", [false]],
  ["gone here", "a@vm (pid 8) at 2026-11-28T19:59:00Z", [true]],
  ["a laptop's, however old", "a@laptop (pid 8) at 2026-11-01T10:00:00Z", [false]],
  ["of a runner for one job, young", "a@runnervm1 (pid 8) at 2026-11-28T19:30:00Z", [false]],
  ["of a runner for one job, old", "a@runnervm1 (pid 8) at 2026-11-28T18:30:00Z", [true]],
  ["without a time", "a@runnervm1 (pid 8) at some-time", [false]],
];
for (const [what, said, dead] of cases)
  test(what, () => {
    const text = `error: the stack is currently locked by 1 lock(s)\n  x.json: created by ${said}`;
    assert.deepEqual(
      locksIn(text, here).map((lock) => lock.dead),
      dead,
    );
  });

test("every lock is judged, and another error has none", () => {
  const two = "created by a@vm (pid 8) at 2026-11-28T19:59:00Z\ncreated by a@vm (pid 7) at x";
  assert.deepEqual(
    locksIn(two, here).map(({ dead }) => dead),
    [true, false],
  );
  assert.deepEqual(locksIn("error: update failed", here), []);
});

test("without runners for one job, age says nothing", () => {
  const said = "created by a@runnervm1 (pid 8) at 2026-11-01T18:30:00Z";
  assert.equal(locksIn(said, { ...here, ephemeral: undefined })[0]?.dead, false);
});
