// The record of machines and volumes as the engine calls it. Does not prove what its hooks say:
// tests/components/machinesInOneRun.test.ts does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Machines } from "../../components/charter/machines.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";

const inputs = {
  machineIds: { a: "i-1", b: "i-2" },
  volumeIds: { a: "vol-1", b: "vol-2" },
  version: 1,
};
let record: DynamicProvider;
before(async () => {
  record = await startDynamicProvider(() => new Machines("machines", inputs));
});
after(() => record.close());

test("another machine, volume or member is a change, another order is none", async () => {
  const { outputs } = await record.create(inputs);
  assert.equal(await record.diff(outputs, inputs), false);
  const { machineIds, volumeIds } = inputs;
  assert.equal(
    await record.diff(outputs, { ...inputs, volumeIds: { b: "vol-2", a: "vol-1" } }),
    false,
  );
  for (const change of [
    { volumeIds: { ...volumeIds, b: "vol-9" } },
    { machineIds: { ...machineIds, b: "i-9" } },
    { machineIds: { a: "i-1" }, volumeIds: { a: "vol-1" } },
    { machineIds: { ...machineIds, c: "i-3" }, volumeIds: { ...volumeIds, c: "vol-3" } },
  ])
    assert.equal(await record.diff(outputs, { ...inputs, ...change }), true);
});

test("a state that knows no volumes learns them once", async () => {
  const { volumeIds: _, ...older } = inputs;
  assert.equal(await record.diff(older, inputs), true);
  assert.equal(await record.diff(await record.update(older, inputs), inputs), false);
});
