// Whom one look of the reconciler asks, against real etcd on loopback. Does not prove what it does
// then: tests/components/membershipPlan and tests/membership do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Etcd3 } from "etcd3";
import { identityKey } from "../../components/health/memory.ts";
import type { Situation } from "../../components/membership/situation.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { type Members, startMembers } from "./etcdProcesses.ts";
import { reconcileOnce, wanted } from "./reconcileOnce.ts";

const [, version = ""] = etcdVersions;
let cluster: Members;
let another: Members;
before(async () => {
  [cluster, another] = await Promise.all([
    startMembers(version, 142, ["a", "b", "c"]),
    startMembers(version, 143, ["x"]),
  ]);
  await Promise.all([cluster, another].map(({ declared }) => reconcileOnce(wanted(declared))));
});
after(() => Promise.all([cluster.close(), another.close()]));

test("another cluster at the address of a member that left is not taken for ours", async () => {
  const client = new Etcd3({ hosts: another.declared[0]?.endpoint ?? "" });
  await client.put(identityKey).value("another");
  client.close();
  const former = wanted(another.declared);
  const { end, dialled } = await reconcileOnce(wanted(cluster.declared), { former });
  assert.deepEqual(Object.keys(end.done), ["a", "b", "c"]);
  assert.equal(dialled.x ?? 0, 0);
});

test("a member that gives no answer is asked once in a look", async () => {
  cluster.freeze("c");
  let seen: Situation | undefined;
  const { dialled } = await reconcileOnce(wanted(cluster.declared), {
    planned(situation) {
      seen = situation;
      return { do: "done" };
    },
  });
  assert.match(seen?.answers.find(({ name }) => name === "c")?.error ?? "", /no answer/);
  assert.equal(dialled.c, 1);
  assert.equal(dialled.a, 2);
});
