// How the state of a killed run is mended: what exists is taken over, nothing stays open. Does not prove that the things are found; tests/lab/recovery does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Exported, settled, type StateResource } from "../../lab/pendingCreates.ts";

const resource = (name: string): StateResource => ({ urn: `urn:pulumi:dev::etcd::aws:ec2/instance:Instance::${name}`, type: "aws:ec2/instance:Instance", inputs: { tags: { Name: name } } });
const state = (...open: { type: string; resource: StateResource }[]): Exported => ({ deployment: { resources: [{ ...resource("old"), id: "i-old" }], pending_operations: open } });

test("what was made gets its id and comes last, after all it depends on", () => {
  const made = resource("a");
  const after = settled(state({ type: "creating", resource: made }), new Map([[made.urn, "i-a"]]));
  assert.deepEqual(after.deployment.resources?.map(({ urn, id }) => [urn, id]), [[resource("old").urn, "i-old"], [made.urn, "i-a"]]);
  assert.deepEqual(after.deployment.pending_operations, []);
});

test("what was not made is forgotten, so that the next run makes it", () => {
  const after = settled(state({ type: "creating", resource: resource("a") }), new Map());
  assert.equal(after.deployment.resources?.length, 1);
  assert.deepEqual(after.deployment.pending_operations, []);
});

test("a resource that the state has already stays once", () => {
  const open = resource("old");
  const after = settled(state({ type: "updating", resource: open }), new Map([[open.urn, "i-other"]]));
  assert.deepEqual(after.deployment.resources?.map(({ id }) => id), ["i-old"]);
});

test("everything else of the state passes through", () => {
  const before = { version: 3, ...state(), deployment: { ...state().deployment, secrets_providers: { type: "passphrase" } } };
  assert.deepEqual(settled(before, new Map()), { ...before, deployment: { ...before.deployment, pending_operations: [] } });
});
