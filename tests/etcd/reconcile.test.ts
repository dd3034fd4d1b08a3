// Whom one look of the reconciler asks, against real etcd on loopback. Does not prove what it does
// then: tests/components/membershipPlan and tests/membership do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Etcd3 } from "etcd3";
import { identityKey } from "../../components/health/memory.ts";
import { plan } from "../../components/membership/plan.ts";
import { reconcile } from "../../components/membership/reconcile.ts";
import type { Situation, WantedMember } from "../../components/membership/situation.ts";
import { directDialler } from "../../components/ssh/dialler.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { type Members, startMembers } from "./etcdProcesses.ts";

const [, version = ""] = etcdVersions;
let cluster: Members;
let another: Members;
before(async () => {
  [cluster, another] = await Promise.all([
    startMembers(version, 142, ["a", "b", "c"]),
    startMembers(version, 143, ["x"]),
  ]);
});
after(() => Promise.all([cluster.close(), another.close()]));

const wanted = ({ declared }: Members): WantedMember[] =>
  declared.map((member) => ({
    ...member,
    address: new URL(member.endpoint).hostname,
    ...{ machine: `i-${member.name}`, volume: `vol-${member.name}`, hostKey: "none" },
  }));

/** Looks until the plan says that all is done, without SSH. Returns how often each was dialled. */
async function look(former: readonly WantedMember[], planned?: typeof plan) {
  const dialled: Record<string, number> = {};
  const end = await reconcile(
    {
      declared: wanted(cluster),
      former,
      done: undefined,
      rejoin: "",
      clusterToken: "test-142",
      stack: "test",
      timeoutSeconds: 20,
      recognition: { founding: "f0f0f0f0" },
      refusal: ({ differences }) => differences.join("; "),
      reaching: {
        asking: { deadlineMs: 1000 },
        accessTo: ({ name, address }) => ({
          dial(port) {
            dialled[name] = (dialled[name] ?? 0) + 1;
            return directDialler(address).dial(port);
          },
          run: () => Promise.resolve({ problem: "no SSH here", output: "" }),
        }),
      },
      say: () => undefined,
    },
    planned,
  );
  return { dialled, end };
}

test("another cluster at the address of a member that left is not taken for ours", async () => {
  const client = new Etcd3({ hosts: another.declared[0]?.endpoint ?? "" });
  await client.put(identityKey).value("another");
  client.close();
  const { end, dialled } = await look(wanted(another));
  assert.deepEqual(Object.keys(end.done), ["a", "b", "c"]);
  assert.equal(dialled.x ?? 0, 0);
});

test("a member that gives no answer is asked once in a look", async () => {
  cluster.freeze("c");
  let seen: Situation | undefined;
  const { dialled } = await look([], (situation) => {
    seen = situation;
    return { do: "done" };
  });
  assert.match(seen?.answers.find(({ name }) => name === "c")?.error ?? "", /no answer/);
  assert.equal(dialled.c, 1);
  assert.equal(dialled.a, 2);
});
