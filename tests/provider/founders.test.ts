// The record of founders as the engine calls it. Does not prove which changes it refuses:
// tests/components/founders does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Founders } from "../../components/founders.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";

const volumeIds = { a: "vol-1", b: "vol-2" };
let record: DynamicProvider;
before(async () => {
  record = await startDynamicProvider(() => new Founders("volumes", { volumeIds }));
});
after(() => record.close());

test("each founding has a word of its own, which an update keeps", async () => {
  const [first, second] = [await record.create({ volumeIds }), await record.create({ volumeIds })];
  assert.match(String(first.outputs.founding), /^[0-9a-f]{8}$/);
  assert.notEqual(first.outputs.founding, second.outputs.founding);
  assert.equal(
    (await record.update(first.outputs, { volumeIds })).founding,
    first.outputs.founding,
  );
});

test("a cluster founded before there were such words gets none: its token stays", async () => {
  assert.equal(await record.diff({ volumeIds }, { volumeIds }), false);
  assert.equal("founding" in (await record.update({ volumeIds }, { volumeIds })), false);
});
