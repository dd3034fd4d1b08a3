// The cluster that was healthy is recognised, and no other one is written to: real etcd on
// loopback, and the resource as the engine runs it. Does not prove that a stack hands it the
// founding word and the setting: tests/components does.
import assert from "node:assert/strict";
import test from "node:test";
import { Etcd3 } from "etcd3";
import { ClusterHealth } from "../../components/health/clusterHealth.ts";
import { markerKey } from "../../components/health/etcdProbe.ts";
import { identityKey } from "../../components/health/memory.ts";
import { etcdVersions } from "../etcdVersions.ts";
import {
  type DynamicProvider,
  type FailedUpdate,
  startDynamicProvider,
} from "../provider/dynamicProvider.ts";
import { type Members, startMembers } from "./etcdProcesses.ts";

const names = ["a", "b", "c"];
const founding = "f0f0f0f0";
const inputsFor = (cluster: Members) => ({
  members: cluster.declared,
  bootstraps: "digest",
  founding,
  acceptRestore: "",
  timeoutSeconds: 30,
  version: 2,
});

/** Runs `use` with a new cluster, the resource, and a client of the cluster. */
async function withCluster(
  version: string,
  group: number,
  members: readonly string[],
  use: (cluster: Members, health: DynamicProvider, client: Etcd3) => Promise<void>,
): Promise<void> {
  const cluster = await startMembers(version, group, members);
  const health = await startDynamicProvider(
    () => new ClusterHealth("health", { ...inputsFor(cluster), members: [] }),
  );
  const client = new Etcd3({ hosts: cluster.declared[0]?.endpoint ?? "" });
  try {
    await use(cluster, health, client);
  } finally {
    client.close();
    health.close();
    await cluster.close();
  }
}

/** What a rejection says. */
async function refusalOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => assert.fail("not refused"),
    (e: Error) => e.message,
  );
}

const keysOf = async (client: Etcd3) => (await client.getAll().keys()).sort();

/** Tries until the members have a leader again. */
async function eventually<T>(attempt: () => PromiseLike<T>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    try {
      return await attempt();
    } catch (e) {
      if (Date.now() > deadline) throw e;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

for (const [i, version] of etcdVersions.entries()) {
  test(`etcd ${version}: all members emptied come back as the same cluster, and are refused`, () =>
    withCluster(version, 81 + i, names, async (cluster, health, client) => {
      const inputs = inputsFor(cluster);
      const { id, outputs } = await health.create(inputs);
      assert.equal(await client.get(identityKey).string(), founding);
      assert.equal(outputs.word, founding);
      assert.equal(outputs.verdict, "healthy");
      assert.ok(Number(outputs.revision) >= 3, "a marker and the identity have been written");
      assert.deepEqual(await health.read(id, outputs), { id, outputs }, "no drift");

      await cluster.emptyAll();
      await eventually(() => client.get("any"));
      const said = await refusalOf(health.update(outputs, { ...inputs, bootstraps: "another" }));
      assert.ok(
        said.startsWith(
          `This is not the cluster that was healthy at ${outputs.healthyAt}. Nothing`,
        ),
        said,
      );
      for (const part of [
        `\n  a, b, c: nothing stands under ${identityKey}; it was ${founding}\n`,
        `\n  a, b, c: the revision is 1; it was ${outputs.revision}\n`,
        `pulumi config set etcd:acceptRestore ${outputs.clusterId}, then pulumi up`,
      ])
        assert.ok(said.includes(part), `${part}\nis not in\n${said}`);
      assert.ok(!said.includes("cluster ID is"), "it is the same, as etcd's own word");
      assert.deepEqual(await keysOf(client), [], "nothing was written, no marker either");

      const refreshed = await health.read(id, outputs);
      assert.deepEqual(refreshed.outputs, {
        ...outputs,
        verdict: "not the cluster that was healthy",
      });
      assert.deepEqual(await keysOf(client), [], "a refresh writes nothing");
      assert.equal(await health.diff(outputs, inputs), false);
      assert.equal(await health.diff(refreshed.outputs, inputs), true, "what it saw is looked at");
    }));
}

test("etcd:acceptRestore lets through the cluster that it names, once", () =>
  withCluster("3.6.14", 84, ["a"], async (cluster, health, client) => {
    const inputs = inputsFor(cluster);
    const { outputs } = await health.create(inputs);
    const id = String(outputs.clusterId);
    await cluster.emptyAll();
    await eventually(() => client.get("any"));

    const wrong = { ...inputs, acceptRestore: "123abc" };
    assert.equal(await health.diff(outputs, wrong), true);
    assert.match(
      await refusalOf(health.update(outputs, wrong)),
      new RegExp(`acceptRestore ${id}, then pulumi up \\(it is set to 123abc\\)`),
    );
    const right = { ...inputs, acceptRestore: id };
    const accepted = await health.update(outputs, right);
    assert.match(health.printed(), /etcd:acceptRestore let the cluster [0-9a-f]+ through/);
    assert.equal(await client.get(identityKey).string(), founding, "written anew");
    assert.equal(accepted.word, founding);
    assert.ok(String(accepted.healthySince) > String(outputs.healthySince));
    assert.equal(await health.diff(accepted, right), false);

    // Left in the settings it must not let the next one through.
    await cluster.emptyAll();
    await eventually(() => client.get("any"));
    assert.match(
      await refusalOf(health.update(accepted, { ...right, bootstraps: "another" })),
      /etcd:acceptRestore has let a cluster through before\. If this one is meant, too: pulumi con/,
    );
    const removed = await health.update(accepted, inputs).then(
      () => assert.fail("not refused"),
      (e: FailedUpdate) => e,
    );
    assert.match(removed.message, /If it is what you want/);
    const forgotten = removed.outputs ?? {};
    assert.deepEqual(forgotten, { ...accepted, acceptRestore: "" });
    assert.equal((await health.update(forgotten, right)).word, founding);
  }));

test("a backup of an hour ago, another stack's data: each is told from what stands in it", () =>
  withCluster("3.6.14", 85, ["a"], async (cluster, health, client) => {
    const inputs = inputsFor(cluster);
    const { outputs } = await health.create(inputs);
    const later = { ...outputs, revision: 1000 };
    const older = await refusalOf(health.update(later, inputs));
    assert.match(older, /^ {2}a: the revision is \d+; it was 1000$/m);
    assert.doesNotMatch(older, /stands/);

    await client.put(identityKey).value("0therf00");
    const other = await refusalOf(health.update(outputs, inputs));
    assert.match(other, /^ {2}a: under _etcd-on-ec2\/identity stands 0therf00; it was f0f0f0f0$/m);
    const moved = await refusalOf(health.update({ ...outputs, clusterId: "abc" }, inputs));
    assert.match(moved, /^ {2}a: the cluster ID is [0-9a-f]+; it was abc$/m);

    const withoutMemory = await refusalOf(health.create(inputs));
    assert.match(
      withoutMemory,
      /^This is not the cluster that this stack founded\. Nothing was written to it:\n {2}a: .*stands 0therf00; this stack's cluster was founded as f0f0f0f0\n/,
    );
  }));

test("a state of before: it gets a memory, and nothing is refused", () =>
  withCluster("3.6.14", 86, ["a"], async (cluster, health, client) => {
    const inputs = inputsFor(cluster);
    const { members, bootstraps, timeoutSeconds } = inputs;
    const olds = { members, bootstraps, timeoutSeconds, version: 1, clusterId: "abc" };
    assert.equal(await health.diff(olds, inputs), true);
    const outputs = await health.update(olds, inputs);
    assert.equal(outputs.word, founding);
    assert.equal(await client.get(identityKey).string(), founding);
    assert.equal(await health.diff(outputs, inputs), false);

    // Even older: no founding word. The cluster's ID stands in for it.
    await client.delete().key(identityKey);
    const nameless = await health.update(olds, { ...inputs, founding: "" });
    assert.deepEqual([nameless.word, nameless.clusterId], [nameless.clusterId, outputs.clusterId]);
    assert.equal(await client.get(identityKey).string(), outputs.clusterId);
    await cluster.emptyAll();
    await eventually(() => client.get("any"));
    assert.match(
      await refusalOf(health.update(nameless, { ...inputs, founding: "" })),
      /nothing stands under/,
    );
  }));

test("a refresh sees a member that is down, and none of them from elsewhere", () =>
  withCluster("3.6.14", 87, names, async (cluster, health, client) => {
    const inputs = inputsFor(cluster);
    const { id, outputs } = await health.create(inputs);
    const marker = await client.get(markerKey).string();
    await cluster.kill("b");
    const down = (await eventually(async () => {
      const { outputs: found } = await health.read(id, outputs);
      assert.equal(found.verdict, "not healthy: b");
      return found;
    })) as typeof outputs;
    assert.deepEqual(down, { ...outputs, verdict: "not healthy: b" });
    assert.equal(await client.get(markerKey).string(), marker, "a refresh writes nothing");
    assert.equal(await health.diff(down, inputs), true, "up looks again");

    for (const name of ["a", "c"]) cluster.freeze(name);
    const since = Date.now();
    const unseen = { ...outputs, verdict: "not healthy: b" };
    assert.deepEqual((await health.read(id, unseen)).outputs, unseen);
    assert.ok(Date.now() - since < 6000, `${Date.now() - since} ms`);
  }));
