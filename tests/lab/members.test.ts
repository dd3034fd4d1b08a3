// The life of one cluster under a writer: members come and go by `nodes`, a machine and a disk are
// lost and replaced, and runs are killed while members change. Does not prove it for every version
// of etcd, with much data, or for a majority that is lost: tests/membership does.
import assert from "node:assert/strict";
import test, { after, before, type TestContext } from "node:test";
import { openStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs } from "../../commands/stack/stackOutputs.ts";
import { removeDeadLocks } from "../../lab/stack.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { mustRun, npmRun, pulumiWith } from "./harness.ts";
import { asking, instances, inventory, terminate } from "./inventory.ts";
import { runUntil } from "./killing.ts";
import { onMachine } from "./machines.ts";
import { startWriter, type Writer } from "./writer.ts";

const zoneOf = {
  a: "1a",
  b: "1b",
  c: "1c",
  d: "1a",
  e: "1b",
  f: "1b",
  g: "1c",
  h: "1c",
  i: "1b",
} as const;
type Name = keyof typeof zoneOf;
/** The setting `nodes` with these. */
const nodes = (...names: Name[]) => ({
  "etcd:nodes": Object.fromEntries(names.map((n) => [n, { zone: `us-east-${zoneOf[n]}` }])),
});

let writer: Writer;
let score: Awaited<ReturnType<Writer["stop"]>>;
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
  writer = startWriter(await stackOutputs(await openStack("test")));
});
after(async () => {
  await npmRun("lab", "stop");
});

/** Member IDs in hexadecimal, by name; a learner is called so. */
async function members(): Promise<Record<string, string>> {
  const lines = (await mustRun("etcdctl", "member", "list")).trim().split("\n");
  return Object.fromEntries(
    lines.map((line) => {
      const [id = "", , name = "", , , learner] = line.split(", ");
      return [learner === "true" ? `${name} (learner)` : name, id];
    }),
  );
}

/** The process of etcd on each machine, by node. */
async function running(): Promise<Record<string, string>> {
  const found = (await instances()).map(async ({ node, id }) => {
    const pid = await onMachine(`etcd-lab-${id}`, "pgrep", "-x", "etcd").catch(() => "none");
    return [node, `${id} ${pid.trim()}`] as const;
  });
  return Object.fromEntries(await Promise.all(found));
}

/** The writer's next writes go to the members of now, as those of a client that asks DNS do. */
async function follow(): Promise<void> {
  writer.follow(await stackOutputs(await openStack("test")));
}

const healthyWith = (count: number) =>
  new RegExp(`Healthy: one cluster, ID [0-9a-f]+, ${count} of ${count} members`);

/** Runs `up` with these nodes, and fails unless exactly they are one healthy cluster then. */
async function becomes(names: readonly Name[], ...args: string[]): Promise<string> {
  const { code, text } = await pulumiWith(
    nodes(...names),
    "up",
    "--yes",
    "--skip-preview",
    ...args,
  );
  assert.equal(code, 0, text);
  assert.deepEqual(Object.keys(await members()).sort(), names);
  assert.match(await mustRun("status"), healthyWith(names.length));
  await follow();
  return text;
}

/** A test that says how long the writer had to wait. */
function story(name: string, act: (t: TestContext) => Promise<void>): void {
  test(name, async (t) => {
    writer.gap();
    await act(t);
    t.diagnostic(`longest time without an acknowledged write: ${writer.gap()} ms`);
  });
}

story("3 to 5: preview says what will happen, both join, nobody else is touched", async () => {
  const before = await running();
  const preview = await pulumiWith(nodes("a", "b", "c", "d", "e"), "preview");
  assert.equal(preview.code, 0, preview.text);
  assert.match(preview.text, /3 members become 5[^]*d joins as a learner[^]*e joins as a learner/);
  const text = await becomes(["a", "b", "c", "d", "e"]);
  assert.match(text, /d joins as a learner[^]*d votes[^]*e joins as a learner[^]*e votes/);
  const now = await running();
  for (const name of ["a", "b", "c"]) assert.equal(now[name], before[name]);
});

story("5 to 3: two leave, one of them the leader, and nothing of them is left", async () => {
  const before = await running();
  await moveLeaderTo("c");
  const text = await becomes(["a", "b", "d"]);
  assert.match(text, /the leader moves from c to [abd][^]*c leaves/);
  const left = (await inventory()).filter((line) => /\b[ce]\.etcd\.test/.test(line));
  assert.deepEqual(left, [], "something of c or e is left");
  const now = await running();
  assert.deepEqual(now, { a: before.a, b: before.b, d: before.d });
});

async function moveLeaderTo(name: string): Promise<void> {
  const id = (await members())[name] ?? "";
  const status = JSON.parse(await mustRun("status", "--json")) as {
    members: { endpoint: string; leader: boolean }[];
  };
  const leader = status.members.find((member) => member.leader)?.endpoint ?? "";
  const text = await mustRun("etcdctl", "--endpoints", leader, "move-leader", id);
  assert.match(text, /Leadership transferred/);
}

story("a machine is gone, its disk is there: the same member, the same address", async () => {
  const before = await members();
  await terminate("d");
  await becomes(["a", "b", "d"], "--refresh");
  assert.deepEqual(await members(), before);
});

story("a machine and its disk are gone: a new member of the same name", async () => {
  const before = await members();
  const started = await running();
  await loseMachineAndDisk("b");
  const text = await becomes(["a", "b", "d"], "--refresh", "--parallel", "1");
  assert.match(text, /b leaves[^]*b joins as a learner[^]*b votes/);
  const now = await members();
  assert.notEqual(now.b, before.b);
  assert.deepEqual([now.a, now.d], [before.a, before.d]);
  const after = await running();
  assert.deepEqual([after.a, after.d], [started.a, started.d]);
});

async function loseMachineAndDisk(node: string): Promise<void> {
  await terminate(node);
  await asking(async (ec2) => {
    const named = { Name: "tag:Name", Values: [`${node}.etcd.test`] };
    const { Volumes = [] } = await ec2.describeVolumes({ Filters: [named] });
    for (const { VolumeId, State } of Volumes)
      if (State === "available") await ec2.deleteVolume({ VolumeId });
  });
}

story("a disk that was emptied: refresh sees it, and the member joins anew", async () => {
  const before = await members();
  const [machine] = (await instances()).filter(({ node }) => node === "a");
  const container = `etcd-lab-${machine?.id}`;
  await onMachine(container, "sh", "-c", "systemctl stop etcd && rm -rf /var/lib/etcd/data/member");
  await becomes(["a", "b", "d"], "--refresh");
  assert.notEqual((await members()).a, before.a);
});

story("runs that are killed while members change are finished by the next", async (t) => {
  const cli = await ensureCli(() => undefined);
  const killed: string[] = [];
  for (const [wanted, delays] of [
    // Names that nobody had: resolvers may remember that c and e were gone, and the run would wait.
    [["a", "b", "d", "f", "g"], [2000]],
    [["a", "b", "d"], [200]],
  ] as const) {
    // Leaves the settings' file behind that the runs below are given.
    const { code, text } = await pulumiWith(nodes(...wanted), "preview");
    assert.equal(code, 0, text);
    const up = ["up", "--config-file", ".lab/changed.yaml"];
    const membership = (begun: readonly string[]) =>
      begun.find((urn) => urn.endsWith("::etcd-membership"));
    for (const delay of delays) {
      const run = await runUntil(cli, up, "update", membership, delay);
      if (run.killedAt) killed.push(`${wanted.length} members, ${delay} ms`);
    }
    const last = await runUntil(cli, up, "update", () => undefined, 0);
    assert.equal(last.code, 0, last.text);
    assert.deepEqual(Object.keys(await members()).sort(), wanted);
    await follow();
  }
  t.diagnostic(`killed while members change: ${killed.join("; ")}`);
  assert.ok(killed.length >= 1, "no run was killed");
});

story("a run is killed while members join, and that is taken back: they leave again", async (t) => {
  const cli = await ensureCli(() => undefined);
  const before = await members();
  const { code, text } = await pulumiWith(nodes("a", "b", "d", "h", "i"), "preview");
  assert.equal(code, 0, text);
  const up = ["up", "--config-file", ".lab/changed.yaml"];
  const membership = (begun: readonly string[]) =>
    begun.find((urn) => urn.endsWith("::etcd-membership"));
  const run = await runUntil(cli, up, "update", membership, 1500);
  assert.ok(run.killedAt, run.text);
  const { h = "", ...others } = await members();
  t.diagnostic(`the killed run ${h ? "had made h a voter" : `left ${Object.keys(others)}`}`);
  const joined = Object.keys(others).length > 3 || h;
  // As if it had been killed a little later.
  if (!joined)
    await mustRun(
      "etcdctl",
      "member",
      "add",
      "h",
      "--peer-urls=https://h.etcd.test:2380",
      "--learner",
    );
  await removeDeadLocks(() => undefined);
  const back = await becomes(["a", "b", "d"]);
  assert.match(back, /h leaves/);
  assert.deepEqual(await members(), before);
  const left = (await inventory()).filter((line) => /\b[hi]\.etcd\.test/.test(line));
  assert.deepEqual(left, [], "something of h or i is left");
});

test("in the end nothing is to change, and no acknowledged write was lost", async (t) => {
  score = await writer.stop();
  t.diagnostic(`${score.acknowledged} writes acknowledged, longest gap ${score.gapMs} ms`);
  assert.ok(score.acknowledged > 1000, `${score.acknowledged} writes`);
  assert.deepEqual(score.lost, []);
  const { code, text } = await pulumiWith(nodes("a", "b", "d"), "preview", "--expect-no-changes");
  assert.equal(code, 0, text);
});

test("a majority is lost: refused, and brought back from the disk that is left", async () => {
  const before = await members();
  await loseMachineAndDisk("b");
  await loseMachineAndDisk("d");
  const three = nodes("a", "b", "d");
  const refused = await pulumiWith(three, "up", "--yes", "--skip-preview", "--refresh");
  assert.notEqual(refused.code, 0, refused.text);
  assert.match(refused.text, /the data of b, d are gone, 2 of 3 voters[^]*"A majority is lost"/);
  // The commands of docs/when-things-go-wrong.md.
  const onA = (...command: string[]) => mustRun("ssh", "a", ...command);
  await onA("sudo", "tar", "-C", "/var/lib/etcd", "-cf", "/root/data.tar", "data");
  await onA("sudo", "systemctl", "stop", "etcd");
  await onA(
    'sudo sed "\\$a force-new-cluster: true" /etc/etcd/etcd.yaml | ' +
      "sudo tee /run/etcd-node/alone.yaml",
  );
  await onA("sudo", "chmod", "644", "/run/etcd-node/alone.yaml");
  const alone = "/opt/etcd/etcd --config-file /run/etcd-node/alone.yaml";
  await npmRun("ssh", "a", `sudo timeout 10 runuser -u etcd -- ${alone}`);
  await onA("sudo", "systemctl", "start", "etcd");
  await becomes(["a", "b", "d"]);
  assert.equal((await members()).a, before.a);
});
