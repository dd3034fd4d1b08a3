// The resource Membership as the engine runs it, as text, against real etcd on loopback. Does not
// prove what happens when members change: tests/membership does.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Etcd3 } from "etcd3";
import { poll } from "../../components/engine/poll.ts";
import { Membership } from "../../components/membership/membership.ts";
import { identityKey } from "../../components/health/memory.ts";
import { membershipKey } from "../../components/membership/operatorLease.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { type Members, startMembers } from "./etcdProcesses.ts";
import {
  type DynamicProvider,
  type FailedUpdate,
  startDynamicProvider,
} from "../provider/dynamicProvider.ts";

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

const wanted = ({ name, endpoint, peerUrl }: Members["declared"][number]) => ({
  ...{ name, endpoint, peerUrl, address: new URL(endpoint).hostname },
  ...{ machine: `i-${name}`, volume: `vol-${name}`, hostKey: "ssh-ed25519 none" },
});
const inputs = (members = cluster.declared) => ({
  members: members.map(wanted),
  leavers: [] as ReturnType<typeof wanted>[],
  openedAt: "2026-11-29T00:00:00.000Z",
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

test("a cluster whose word was deleted is refused, and let through once by its ID", async () => {
  const { outputs } = await membership.create(inputs());
  const client = new Etcd3({ hosts: cluster.declared[0]?.endpoint ?? "" });
  const up = (olds: Record<string, unknown>, acceptRestore = "") =>
    membership.update(olds, { ...inputs(), acceptRestore });
  const refused = (olds: Record<string, unknown>, acceptRestore = "") =>
    up(olds, acceptRestore).then(
      () => assert.fail("it is not refused"),
      (error: FailedUpdate) => ({ olds: error.outputs ?? olds, said: error.message }),
    );
  const deleted = () => client.delete().key(identityKey).exec();
  const id = String(outputs.clusterId);
  try {
    await deleted();
    const first = await refused(outputs);
    assert.match(first.said, /nothing stands under _etcd-on-ec2\/identity; it was f0f0f0f0$/m);
    assert.match(first.said, new RegExp(`pulumi config set etcd:acceptRestore ${id}, then pulumi`));
    assert.equal(await client.get(identityKey).string(), null, "nothing is written to it");

    const accepted = await up(first.olds, id);
    assert.equal(await client.get(identityKey).string(), "f0f0f0f0");
    assert.equal(accepted.verdict, "as declared");

    await deleted();
    const used = await refused(accepted, id);
    assert.match(
      used.said,
      /has let a cluster through before.*pulumi config rm etcd:acceptRestore/,
    );
    const taken = await refused(used.olds);
    assert.equal((await up(taken.olds, id)).word, "f0f0f0f0");
  } finally {
    client.close();
  }
});

test("a killed run's learner leaves when that was taken back, a stranger's stays", async () => {
  const { outputs } = await membership.create(inputs());
  const peerUrl = "http://127.9.9.9:2380";
  const d = wanted({ name: "d", endpoint: "http://127.9.9.9:2379", peerUrl });
  const client = new Etcd3({ hosts: cluster.declared[0]?.endpoint ?? "" });
  try {
    // etcd refuses it until its members have been connected for 5 s.
    await poll<true, unknown>({
      seconds: 20,
      pause: 200,
      look: () =>
        client.cluster.memberAdd({ peerURLs: [peerUrl], isLearner: true }).then(
          () => ({ found: true }),
          (still: unknown) => ({ still }),
        ),
      expired: (still) => {
        throw still;
      },
    });
    const listed = async () => {
      const { members } = await client.cluster.memberList({});
      return members.flatMap(({ peerURLs }) => peerURLs).includes(peerUrl);
    };
    const isDue = (news: object) => membership.diff(outputs, { ...inputs(), ...news });
    assert.equal(await isDue({}), false, "nothing tells that a run was killed");
    assert.equal(await isDue({ openedAt: "later" }), true, "the gate has opened since");
    assert.equal(await isDue({ leavers: [d] }), true, "a machine of it is there");

    await assert.rejects(
      membership.update(outputs, { ...inputs(), openedAt: "later" }),
      /etcd lists a member that never started .*9\.9:2380\), which this stack has not declared/,
    );
    assert.ok(await listed());
    const { verdict } = await membership.update(outputs, { ...inputs(), leavers: [d] });
    assert.equal(verdict, "as declared");
    assert.ok(!(await listed()));
  } finally {
    client.close();
  }
});
