// Another instance type for members: one machine in a run, and only beside healthy others. Does not
// prove how EC2 itself resizes, nor which types it lets go together.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { clearFaults, eventually, makeFault, mustRun, npmRun, pulumiWith } from "./harness.ts";
import { asking, instances } from "./inventory.ts";
import { onMachine } from "./machines.ts";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
});
after(async () => {
  await npmRun("lab", "stop");
});

const small = "t3.medium";
const large = "t3.large";
const zones = { a: "us-east-1a", b: "us-east-1b", c: "us-east-1c" } as const;
type Node = keyof typeof zones;
/** `up`, or another command, with the given types; the others stay small. */
const withTypes = (
  types: Partial<Record<Node, string>>,
  command = ["up", "--yes", "--skip-preview"],
) =>
  pulumiWith(
    {
      "etcd:nodes": Object.fromEntries(
        Object.entries(zones).map(([node, zone]) => [
          node,
          { zone, instanceType: types[node as Node] ?? small },
        ]),
      ),
    },
    ...command,
  );
const idOf = async (node: Node) => (await instances()).find((i) => i.node === node)?.id ?? "";
const etcdOf = async (node: Node) =>
  (await onMachine(`etcd-lab-${await idOf(node)}`, "pgrep", "-x", "etcd")).trim();
const typeOf = async (node: Node) => {
  const { Reservations = [] } = await asking(async (ec2) =>
    ec2.describeInstances({ InstanceIds: [await idOf(node)] }),
  );
  return Reservations[0]?.Instances?.[0]?.InstanceType;
};
const healthy = /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/;

test(
  "one member gets another type: its machine stops and comes back with its data, the " +
    "others never stop",
  async () => {
    const before = [await etcdOf("a"), await etcdOf("c")];
    const id = await idOf("b");
    const { code, text } = await withTypes({ b: large });
    assert.equal(code, 0, text);
    assert.match(
      text,
      /ClusterHealth etcd-health updated/,
      "up ended without asking for its health",
    );
    assert.match(await mustRun("status"), healthy);
    assert.deepEqual(
      [await typeOf("b"), await idOf("b"), [await etcdOf("a"), await etcdOf("c")]],
      [large, id, before],
    );
  },
);

test("two at a time are refused in preview, by the settings", async () => {
  const { code, text } = await withTypes({ a: large, b: large, c: large }, ["preview"]);
  assert.notEqual(code, 0, text);
  assert.match(text, /instanceType: it changes for a, c, which would stop them all at once/);
});

test("two that somebody changed by hand are not both changed back: preview says so", async () => {
  const change = async (node: Node, InstanceType: "t3.medium" | "t3.large") => {
    const InstanceIds = [await idOf(node)];
    await asking(async (ec2) => {
      await ec2.stopInstances({ InstanceIds });
      await eventually(
        `${node} to stop`,
        60_000,
        async () =>
          (await ec2.describeInstances({ InstanceIds })).Reservations?.[0]?.Instances?.[0]?.State
            ?.Name === "stopped",
      );
      await ec2.modifyInstanceAttribute({
        InstanceId: InstanceIds[0],
        InstanceType: { Value: InstanceType },
      });
      await ec2.startInstances({ InstanceIds });
    });
    await eventually(`${node} to be a member again`, 60_000, async () =>
      healthy.test((await npmRun("status")).text),
    );
  };
  await change("a", large);
  await change("c", large);
  for (const command of [
    ["preview", "--refresh"],
    ["up", "--yes", "--skip-preview", "--refresh"],
  ]) {
    const running = command[0] === "preview" ? [await etcdOf("a"), await etcdOf("c")] : [];
    const { code, text } = await withTypes({ b: large }, command);
    assert.notEqual(code, 0, text);
    assert.match(
      text,
      /etcd-[ac]-instance: a change from t3\.large to t3\.medium stops the machine, and etcd-[ac]-instance changes in the same run; they do so one at a time/,
    );
    if (running.length > 0) assert.deepEqual([await etcdOf("a"), await etcdOf("c")], running);
  }
  // One of the two was changed, and the next run changes the other.
  await eventually("all to be members again", 60_000, async () =>
    healthy.test((await npmRun("status")).text),
  );
  assert.deepEqual([await typeOf("a"), await typeOf("c")].sort(), [large, small]);
  const { code, text } = await withTypes({ b: large }, [
    "up",
    "--yes",
    "--skip-preview",
    "--refresh",
  ]);
  assert.equal(code, 0, text);
  assert.deepEqual([await typeOf("a"), await typeOf("c")], [small, small]);
});

test("a machine that does not start with its new type: no other is stopped beside it", async () => {
  await eventually("all to be members", 60_000, async () =>
    healthy.test((await npmRun("status")).text),
  );
  await makeFault({
    kind: "ec2-fault",
    action: "StartInstances",
    code: "InsufficientInstanceCapacity",
    times: 99,
  });
  const failed = await withTypes({ a: large, b: large });
  assert.notEqual(failed.code, 0, failed.text);
  assert.match(failed.text, /InsufficientInstanceCapacity/);
  await clearFaults();

  const others = [await etcdOf("b"), await etcdOf("c")];
  const refused = await withTypes({ a: large, b: large, c: large });
  assert.notEqual(refused.code, 0, refused.text);
  assert.match(
    refused.text,
    /etcd-c-instance: a change from t3\.medium to t3\.large stops the machine, so it was left alone, because the others are not healthy without it:\n.* a \(https:\S+\): /,
  );
  assert.deepEqual([await etcdOf("b"), await etcdOf("c"), await typeOf("c")], [...others, small]);

  await asking(async (ec2) => ec2.startInstances({ InstanceIds: [await idOf("a")] }));
  await eventually("a to be a member again", 60_000, async () =>
    healthy.test((await npmRun("status")).text),
  );
  const { code, text } = await withTypes({ a: large, b: large, c: large });
  assert.equal(code, 0, text);
  await eventually("c to be a member again", 60_000, async () =>
    healthy.test((await npmRun("status")).text),
  );
});
