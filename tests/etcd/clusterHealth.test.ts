// "Healthy" against real etcd processes of each supported line, on loopback, without TLS. Does not
// prove discovery: tests/lab does.
import assert from "node:assert/strict";
import test from "node:test";
import { Etcd3 } from "etcd3";
import { ClusterHealth, waitForHealth } from "../../components/health/clusterHealth.ts";
import { probeCluster } from "../../components/health/etcdProbe.ts";
import { startDynamicProvider } from "../provider/dynamicProvider.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { startMembers } from "./etcdProcesses.ts";

const silent = () => undefined;
const names = ["a", "b", "c"];
const until = (members: readonly { name: string; endpoint: string; peerUrl: string }[]) =>
  waitForHealth({ members, timeoutSeconds: 30 }, silent);

/** etcd refuses a member until the others have been connected for 5 s. */
async function eventually(attempt: () => Promise<unknown>, what: string): Promise<void> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const error = await attempt().then(
      () => undefined,
      (e: Error) => e,
    );
    if (!error) return;
    if (Date.now() > deadline) throw new Error(`waited 20 s for ${what}: ${error.message}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

for (const [i, version] of etcdVersions.entries()) {
  test(`etcd ${version}: healthy, then one member killed, then one hung`, async () => {
    const cluster = await startMembers(version, 10 + i, names);
    try {
      const id = await until(cluster.declared);
      assert.match(id, /^[0-9a-f]{12,16}$/);
      const report = await probeCluster(cluster.declared, { deadlineMs: 2000 });
      assert.deepEqual(
        report.members.map((m) => m.version),
        [version, version, version],
      );
      assert.equal(report.members.filter((m) => m.leaderId === m.memberId).length, 1);
      assert.ok(
        report.members.every((m) => m.dbSizeBytes > 0 && m.revision > 1),
        JSON.stringify(report.members),
      );

      const undeclared = await probeCluster(cluster.declared.slice(0, 2), { deadlineMs: 2000 });
      assert.ok(
        undeclared.reasons.some((r) => /lists c \(http.*\), which is not declared/.test(r)),
        undeclared.reasons.join("\n"),
      );

      const follower = report.members.find((m) => m.leaderId !== m.memberId)?.name ?? "";
      await cluster.kill(follower);
      const one = await probeCluster(cluster.declared, { deadlineMs: 2000 });
      assert.deepEqual([one.healthy, one.reasons.length], [false, 1]);
      assert.match(one.reasons[0] ?? "", new RegExp(`^${follower} \\(http.*does not answer`));

      const hung =
        report.members.find((m) => m.name !== follower && m.leaderId !== m.memberId)?.name ?? "";
      cluster.freeze(hung);
      const started = Date.now();
      const two = await probeCluster(cluster.declared, { deadlineMs: 1000 });
      assert.ok(
        two.reasons.some((r) => r.startsWith(`${hung} (`) && r.includes("deadline")),
        two.reasons.join("\n"),
      );
      assert.ok(
        two.reasons.some((r) => /no member accepted a write/.test(r)),
        two.reasons.join("\n"),
      );
      assert.ok(Date.now() - started < 10_000, "a hung member must not hang the check");
    } finally {
      await cluster.close();
    }
  });

  test(`etcd ${version}: two healthy clusters are not one`, async () => {
    // What half of DNS makes of three nodes: a alone, b and c together; every member is "healthy"
    // by its own account.
    const cluster = await startMembers(version, 20 + i, names, {
      initial: (name) => (name === "a" ? ["a"] : ["b", "c"]),
    });
    try {
      await assert.rejects(
        waitForHealth({ members: cluster.declared, timeoutSeconds: 8 }, silent),
        (e: Error) => {
          assert.match(e.message, /2 clusters instead of one: a in [0-9a-f]+; b, c in [0-9a-f]+/);
          assert.match(e.message, /a does not list b/);
          return true;
        },
      );
    } finally {
      await cluster.close();
    }
  });

  test(`etcd ${version}: an alarm and a learner are named`, async () => {
    const cluster = await startMembers(version, 30 + i, names, {
      more: ["--quota-backend-bytes", String(16 * 1024 * 1024)],
    });
    const client = new Etcd3({ hosts: cluster.declared[0]?.endpoint ?? "" });
    try {
      await until(cluster.declared);
      await eventually(
        () => client.cluster.memberAdd({ peerURLs: ["http://127.0.99.1:2380"], isLearner: true }),
        "a learner to be accepted",
      );
      const learner = await probeCluster(cluster.declared, { deadlineMs: 2000 });
      assert.ok(
        learner.reasons.some((r) => /lists a member that never started/.test(r)),
        learner.reasons.join("\n"),
      );
      for (let n = 0; n < 40; n++)
        if (
          await client
            .put(`fill/${n}`)
            .value("x".repeat(1_000_000))
            .then(
              () => false,
              () => true,
            )
        )
          break;
      const full = await probeCluster(cluster.declared, { deadlineMs: 2000 });
      assert.ok(
        full.reasons.some((r) => /raises the alarm NOSPACE/i.test(r)),
        full.reasons.join("\n"),
      );
    } finally {
      client.close();
      await cluster.close();
    }
  });
}

test(
  "the resource, as the engine runs it: resolves with the cluster ID, and fails naming " +
    "the member",
  async () => {
    const cluster = await startMembers("3.6.14", 40, names);
    const health = await startDynamicProvider(
      () =>
        new ClusterHealth("health", {
          members: [],
          bootstraps: "",
          founding: "",
          acceptRestore: "",
          timeoutSeconds: 1,
        }),
    );
    try {
      const inputs = {
        members: cluster.declared,
        bootstraps: "digest",
        founding: "f0f0f0f0",
        acceptRestore: "",
        timeoutSeconds: 30,
        version: 2,
      };
      const { outputs } = await health.create(inputs);
      assert.match(String(outputs.clusterId), /^[0-9a-f]{12,16}$/);
      assert.equal(await health.diff(outputs, inputs), false);
      assert.equal(await health.diff(outputs, { ...inputs, timeoutSeconds: 60 }), false);
      assert.equal(await health.diff(outputs, { ...inputs, bootstraps: "another" }), true);
      await cluster.kill("b");
      await assert.rejects(
        health.create({ ...inputs, timeoutSeconds: 1 }),
        /The cluster is not healthy after \d+ s\.\n {2}b \(http.*does not answer/,
      );
    } finally {
      health.close();
      await cluster.close();
    }
  },
);

test("members are asked by the way that is given, not by their address", async () => {
  const cluster = await startMembers(etcdVersions[1] ?? "", 77, ["a"]);
  try {
    await until(cluster.declared);
    const real = cluster.declared[0]!;
    const { hostname: host } = new URL(real.endpoint);
    const closed: number[] = [];
    const accessTo = () => ({
      dial: async (port: number) => ({ host, port, close: () => void closed.push(port) }),
    });
    // Nothing listens there.
    const declared = [{ ...real, endpoint: "http://127.0.78.1:2379" }];
    const report = await probeCluster(declared, { deadlineMs: 2000, accessTo });
    assert.deepEqual(report.reasons, []);
    assert.ok(closed.length > 0 && closed.every((port) => port === 2379), closed.join());
    const direct = await probeCluster(declared, { deadlineMs: 1000 });
    assert.match(direct.reasons.join(), /a \(http:\/\/127\.0\.78\.1:2379\): does not answer/);
  } finally {
    await cluster.close();
  }
});
