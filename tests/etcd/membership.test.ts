// The resource Membership as the engine runs it, as text, against real etcd on loopback. Does not
// prove what happens when members change: tests/membership does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Etcd3 } from "etcd3";
import { Membership } from "../../components/membership/membership.ts";
import { identityKey } from "../../components/health/memory.ts";
import { membershipKey } from "../../components/membership/operatorLease.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { type Members, startMembers } from "./etcdProcesses.ts";
import { type DynamicProvider, startDynamicProvider } from "../provider/dynamicProvider.ts";

const [, version = ""] = etcdVersions;
let cluster: Members;
let membership: DynamicProvider;
before(async () => {
  cluster = await startMembers(version, 141, ["a", "b", "c"]);
  membership = await startDynamicProvider(() => new Membership("membership", inputs()));
});
after(async () => {
  membership.close();
  await cluster.close();
});

const inputs = (members = cluster.declared) => ({
  members: members.map(({ name, endpoint, peerUrl }) => ({
    ...{ name, endpoint, peerUrl, address: new URL(endpoint).hostname },
    ...{ machine: `i-${name}`, volume: `vol-${name}`, hostKey: "ssh-ed25519 none" },
  })),
  bootstraps: "digest",
  founding: "f0f0f0f0",
  clusterToken: "test-141",
  acceptRestore: "",
  rejoin: "",
  stack: "test/etcd",
  user: "admin",
  privateKey: "none",
  timeoutSeconds: 20,
  version: 1,
});

test("founders are waited for and written down, without SSH and without a lease", async () => {
  const { id, outputs } = await membership.create(inputs());
  const done = outputs.done as Record<string, { id: string; machine: string }>;
  assert.deepEqual(Object.keys(done), ["a", "b", "c"]);
  assert.equal(done.b?.machine, "i-b");
  assert.match(done.b.id, /^[0-9a-f]{15,16}$/);
  assert.deepEqual(outputs.former, []);
  assert.equal(outputs.verdict, "as declared");
  const client = new Etcd3({ hosts: cluster.declared[0]?.endpoint ?? "" });
  assert.equal(await client.get(identityKey).string(), "f0f0f0f0");
  assert.equal(await client.get(membershipKey).string(), null);
  client.close();
  assert.deepEqual(await membership.read(id, outputs), { id, outputs }, "no drift");
  const again = await membership.update(outputs, inputs());
  assert.deepEqual((again as { done: unknown }).done, done, "since when stays");
});
