// The record of founders as the engine calls it. Does not prove which changes it refuses:
// tests/components/refusals does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Founding } from "../../components/charter/founding.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";

const volumeIds = { a: "vol-1", b: "vol-2" };
const machineIds = { a: "i-1", b: "i-2" };
const addresses = { a: "10.0.0.1", b: "10.0.0.2" };
const inputs = { volumeIds, machineIds, addresses };
const moved = {
  volumeIds: { ...volumeIds, c: "vol-3" },
  machineIds: { ...machineIds, a: "i-9", c: "i-3" },
  addresses: { ...addresses, a: "10.8", c: "10.9" },
};
let record: DynamicProvider;
before(async () => {
  record = await startDynamicProvider(() => new Founding("volumes", inputs));
});
after(() => record.close());

test("a founding writes down who founds, where, on which machine and which disk", async () => {
  const { outputs } = await record.create(inputs);
  assert.deepEqual(outputs.founders, {
    a: { address: "10.0.0.1", machine: "i-1", volume: "vol-1" },
    b: { address: "10.0.0.2", machine: "i-2", volume: "vol-2" },
  });
  assert.match(String(outputs.founding), /^[0-9a-f]{8}$/);
});

test("the word is that of the disks: the same over the same, another over others", async () => {
  const word = async (change: object) =>
    (await record.create({ ...inputs, ...change })).outputs.founding;
  const founded = await word({});
  assert.equal(await word({ machineIds: { a: "i-9", b: "i-8" } }), founded);
  assert.equal(await word({ volumeIds: { b: "vol-2", a: "vol-1" } }), founded);
  assert.notEqual(await word({ volumeIds: { ...volumeIds, b: "vol-9" } }), founded);
  assert.notEqual(await word({ volumeIds: { a: "vol-2", b: "vol-1" } }), founded);
});

test("a record that the state has lost gets the word of then, and nobody a ticket", async () => {
  const { outputs } = await record.create({ ...moved, word: "f0f0f0f0" });
  assert.equal(outputs.founding, "f0f0f0f0");
  assert.deepEqual(outputs.founders, moved.addresses);
  assert.equal(await record.diff(outputs, moved), false, "later the word is not told any more");
});

test("nothing changes it: no member more, no other machine or address", async () => {
  const { outputs } = await record.create(inputs);
  assert.equal(await record.diff(outputs, moved), false);
});

test("nor a record with addresses alone, as releases up to 0.1.0 wrote it", async () => {
  const older = { volumeIds, founding: "f0f0f0f0", founders: addresses };
  assert.equal(await record.diff(older, moved), false);
});

test("a record of an older release keeps its word, and learns the addresses once", async () => {
  const older = { volumeIds, founding: "f0f0f0f0" };
  const now = { ...moved, addresses: { ...addresses, c: "10.9" } };
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
