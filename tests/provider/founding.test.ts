// The record of founders as the engine calls it. Does not prove which changes it refuses:
// tests/components/refusals does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Founding } from "../../components/charter/founding.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";

const volumeIds = { a: "vol-1", b: "vol-2" };
const addresses = { a: "10.0.0.1", b: "10.0.0.2" };
const inputs = { volumeIds, addresses };
let record: DynamicProvider;
before(async () => {
  record = await startDynamicProvider(() => new Founding("volumes", inputs));
});
after(() => record.close());

test("each founding has a word of its own, and the addresses of those who found", async () => {
  const [first, second] = [await record.create(inputs), await record.create(inputs)];
  assert.match(String(first.outputs.founding), /^[0-9a-f]{8}$/);
  assert.notEqual(first.outputs.founding, second.outputs.founding);
  assert.deepEqual(first.outputs.founders, addresses);
});

test("no member more changes it; a founder's other address does, and that alone", async () => {
  const { outputs } = await record.create(inputs);
  const grown = { volumeIds: { ...volumeIds, c: "vol-3" }, addresses: { ...addresses, c: "10.9" } };
  assert.equal(await record.diff(outputs, grown), false);
  const moved = { ...grown, addresses: { ...grown.addresses, a: "10.8" } };
  assert.equal(await record.diff(outputs, moved), true);
  const updated = await record.update(outputs, moved);
  assert.deepEqual(
    [updated.founders, updated.volumeIds, updated.founding],
    [{ ...addresses, a: "10.8" }, volumeIds, outputs.founding],
  );
  assert.equal(await record.diff(updated, moved), false);
});

test("a record of an older release keeps its word, and learns the addresses once", async () => {
  const older = { volumeIds, founding: "f0f0f0f0" };
  const now = { volumeIds: { ...volumeIds, c: "vol-3" }, addresses: { ...addresses, c: "10.9" } };
  assert.equal(await record.diff(older, now), true);
  const updated = await record.update(older, now);
  assert.deepEqual(
    [updated.founding, updated.founders, updated.volumeIds],
    ["f0f0f0f0", addresses, volumeIds],
    "c came later: it is no founder",
  );
  assert.equal(await record.diff(updated, now), false);
});

test("a cluster founded before there were such words gets none: its token stays", async () => {
  assert.equal("founding" in (await record.update({ volumeIds }, inputs)), false);
});
