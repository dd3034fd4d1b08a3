// Alarms that real etcd has raised, as the reconciler meets them. Does not prove what raises them:
// they are raised by the API that etcd itself uses. The cases are tests/components/membershipPlan.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Etcd3 } from "etcd3";
import { writeIdentity } from "../../components/health/clusterIdentity.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { startMembers } from "./etcdProcesses.ts";
import { founding, reconcileOnce, wanted } from "./reconcileOnce.ts";

const asking = { deadlineMs: 1000 };
const [ACTIVATE, DEACTIVATE] = [1, 2];
const [NOSPACE, CORRUPT] = [1, 2];

describe("alarms", { concurrency: 1 }, () => {
  for (const version of etcdVersions)
    test(`etcd ${version}: full, or with data that differ, it is not changed`, async () => {
      const cluster = await startMembers(version, 144, ["a"]);
      const members = wanted(cluster.declared);
      const [a] = members;
      assert.ok(a);
      const b = { ...a, name: "b", peerUrl: "http://127.0.144.2:2380" };
      const client = new Etcd3({ hosts: a.endpoint });
      try {
        const { end } = await reconcileOnce(members);
        await writeIdentity(members, founding, false, asking);
        const id = end.done.a?.id ?? "";
        const alarm = (action: number, kind: number) =>
          client.maintenance.alarm({ action, alarm: kind, memberID: String(BigInt(`0x${id}`)) });

        await alarm(ACTIVATE, NOSPACE);
        await assert.rejects(reconcileOnce([a, b]), {
          message: new RegExp(`^etcd has raised the alarm NOSPACE for a \\(${id}\\)[^]*defrag`),
        });
        assert.equal((await reconcileOnce(members)).end.done.a?.id, id, "nothing to change");
        assert.equal((await writeIdentity(members, "other", false, asking)).word, founding);
        await alarm(DEACTIVATE, NOSPACE);

        await alarm(ACTIVATE, CORRUPT);
        await assert.rejects(reconcileOnce(members), {
          message: new RegExp(`^etcd has raised the alarm CORRUPT for a \\(${id}\\)[^]*rejoin a`),
        });
        await alarm(DEACTIVATE, CORRUPT);
        assert.equal((await reconcileOnce(members)).end.done.a?.id, id);
      } finally {
        client.close();
        await cluster.close();
      }
    });
});
