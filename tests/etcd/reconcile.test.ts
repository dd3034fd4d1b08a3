// Whom one look of the reconciler asks, against real etcd on loopback. Does not prove what it does
// then: tests/components/membershipPlan and tests/membership do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Etcd3 } from "etcd3";
import { poll } from "../../components/engine/poll.ts";
import { identityKey } from "../../components/health/memory.ts";
import type { Step } from "../../components/membership/plan.ts";
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

test("a learner is waited for as long as its disk fills", async () => {
  const [x] = wanted(another.declared);
  assert.ok(x);
  const y = { ...x, name: "y", endpoint: "http://127.0.143.2:2379", address: "127.0.143.2" };
  const learner = { ...y, peerUrl: "http://127.0.143.2:2380" };
  const client = new Etcd3({ hosts: x.endpoint });
  const { member } = await client.cluster.memberAdd({
    ...{ peerURLs: [learner.peerUrl], isLearner: true },
  });
  client.close();
  const memberId = BigInt(member?.ID ?? "").toString(16);
  let looks = 0;
  const growing = 15;
  const copies = (name: string) => {
    if (name === "y") looks++;
    const unit = { active: "activating", restarts: 0 };
    return { name, volume: "", unit, disk: "member", bytes: Math.min(looks, growing), memberId };
  };
  const waited = reconcileOnce([x, learner], { timeoutSeconds: 1, looks: copies });
  await assert.rejects(waited, /nothing has moved for 1 s, waiting for y to start/);
  assert.ok(looks > growing, `given up at look ${looks}`);
});

test("another cluster at the address of a member that left is not taken for ours", async () => {
  const client = new Etcd3({ hosts: another.declared[0]?.endpoint ?? "" });
  await client.put(identityKey).value("another");
  client.close();
  const former = wanted(another.declared);
  const { end, dialled } = await reconcileOnce(wanted(cluster.declared), { former });
  assert.deepEqual(Object.keys(end.done), ["a", "b", "c"]);
  assert.equal(dialled.x ?? 0, 0);
});

test("a run that waits for longer than its lease lasts keeps another one out", async () => {
  const members = wanted(cluster.declared);
  const leaseSeconds = 3;
  const { end } = await reconcileOnce(members);
  // etcd refuses to promote a voter, but the lease was taken for it.
  const change: Step = { do: "promote", name: "a", id: end.done.a?.id ?? "" };
  let looks = 0;
  const waits = () => (looks++ ? { do: "wait", for: "what does not come" } : change) as Step;
  const first = reconcileOnce(members, { leaseSeconds, timeoutSeconds: 9, planned: waits });
  const second = async () => {
    await poll<undefined, string>({
      seconds: 30,
      pause: 50,
      look: async () => (looks > 1 ? { found: undefined } : { still: "" }),
      expired: () => assert.fail("the first run did not come to its wait in 30 s"),
    });
    await new Promise((resolve) => setTimeout(resolve, (leaseSeconds + 2) * 1000));
    return reconcileOnce(members, { timeoutSeconds: 1, planned: () => change });
  };
  const [one, other] = await Promise.allSettled([first, second()]);
  const said = (run: PromiseSettledResult<unknown>) =>
    String(run.status === "rejected" ? run.reason : "it is not refused");
  assert.match(said(other), /waiting for another run, test on .* to end/);
  assert.match(said(one), /waiting for what does not come/);
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
