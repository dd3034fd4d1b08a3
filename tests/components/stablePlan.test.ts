// Two runs of the program with the same settings and state want the same of everything: what a
// pipeline's approval rests on. Does not prove it for the engine's plan: tests/lab/pipelines does.
import assert from "node:assert/strict";
import test from "node:test";
import { outputIn } from "../../components/recovery/savedState.ts";
import { firstHostKeyOf } from "../../components/ssh/hostKey.ts";
import { buildCluster, nodesNamed } from "./clusterUnderMocks.ts";

test("two runs want the same of every resource, secrets too", async () => {
  const inputs = async () => {
    const { registered } = await buildCluster({ nodes: nodesNamed("abc") });
    return Object.fromEntries(
      registered.map((resource) => [`${resource.type} ${resource.name}`, resource.inputs]),
    );
  };
  const first = await inputs();
  assert.ok(Object.keys(first).length > 50);
  assert.deepEqual(await inputs(), first);
});

test("the first key is the machine's own, and the same when worked out again", async () => {
  const key = async (seed: string, member: string, before: string) =>
    (await firstHostKeyOf(seed.repeat(64), member, before)).publicKey;
  const all = await Promise.all([
    key("1", "a", ""),
    key("1", "b", ""),
    key("2", "a", ""),
    key("1", "a", "i-1"),
    key("1", "a", "i-2"),
  ]);
  assert.equal(new Set(all).size, all.length);
  assert.equal(await key("1", "a", "i-1"), all[3]);
});

test("the state tells an output by type and name, and nothing where there is none", () => {
  const contact = "pulumi-nodejs:dynamic/etcd:FirstContact";
  const saved = {
    [`urn:pulumi:prod::etcd::x$${contact}::etcd-a-first-contact`]: {
      type: contact,
      outputs: { instanceId: "i-1", timeoutSeconds: 300 },
    },
  };
  const ask = (type: string, name: string, key: string) => outputIn(saved, type, name, key);
  assert.equal(ask(contact, "etcd-a-first-contact", "instanceId"), "i-1");
  for (const [type, name, key] of [
    [contact, "a-first-contact", "instanceId"],
    ["other", "etcd-a-first-contact", "instanceId"],
    [contact, "etcd-a-first-contact", "timeoutSeconds"],
    [contact, "etcd-b-first-contact", "instanceId"],
  ] as const)
    assert.equal(ask(type, name, key), "");
});
