// The setting rejoin from run to run: the resource Membership as the engine runs it, as text, with
// real etcd on loopback and machines that are SSH servers without a node's programs behind them:
// does not prove those, nor what etcd's panics look like (tests/faults/memberStories.test.ts).
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Etcd3 } from "etcd3";
import type { JoinTicket } from "../../components/bootstrap/ticket.ts";
import { identityKey } from "../../components/health/memory.ts";
import { Membership } from "../../components/membership/membership.ts";
import type { Joined } from "../../components/membership/situation.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { makeHostKey } from "../hostKeys.ts";
import {
  type DynamicProvider,
  type FailedUpdate,
  startDynamicProvider,
} from "../provider/dynamicProvider.ts";
import { type FakeMachine, startFakeMachine } from "../provider/fakeMachine.ts";
import { type Members, startMembers } from "./etcdProcesses.ts";

const [, version = ""] = etcdVersions;
const names = ["a", "b", "c"] as const;
const words = "panic: freepages: failed to get all reachable pages";
/** What b's machine is seen to be while its etcd does not answer. */
const broken = { unit: { active: "activating", restarts: 5 }, enabled: true, words: [words] };
const well = { unit: { active: "active", restarts: 0 }, enabled: true, words: [] };
const stopped = { unit: { active: "inactive", restarts: 0 }, enabled: false, words: [] };
const state = { ...well, memberId: "" };
/** Whether a run is to end once b was removed, and its etcd stopped for good. */
let endsThen = false;

let cluster: Members;
let membership: DynamicProvider;
let machines: readonly FakeMachine[] = [];
let inputs: Record<string, unknown>;

before(async () => {
  cluster = await startMembers(version, 146, names);
  const [login, ...keys] = await Promise.all([...Array(4)].map(makeHostKey));
  assert.ok(login);
  const addresses = cluster.declared.map(({ endpoint }) => new URL(endpoint).hostname);
  for (const [i, address] of addresses.entries()) {
    const port = machines[0]?.port ?? 0;
    const answer = answerOf(names[i] ?? "a");
    const key = keys[i] ?? login;
    machines = [
      ...machines,
      await startFakeMachine(key, login.privateKey, true, { address, port, answer }),
    ];
  }
  inputs = {
    members: cluster.declared.map((member, i) => ({
      ...{ ...member, address: addresses[i], hostKey: keys[i]?.publicKey ?? "" },
      ...{ machine: `i-${member.name}`, volume: `vol-${member.name}` },
    })),
    ...{
      leavers: [],
      openedAt: "",
      bootstraps: "digest",
      founding: "f0f0f0f0",
      clusterToken: "test-146",
      stack: "test/etcd",
    },
    ...{ acceptRestore: "", rejoin: "", timeoutSeconds: 20, version: 1 },
    ...{ user: "admin", privateKey: login.privateKey, port: machines[0]?.port },
  };
  membership = await startDynamicProvider(() => new Membership("membership", inputs as never));
});
after(async () => {
  membership.close();
  await Promise.all([...machines.map((machine) => machine.close()), cluster.close()]);
});

/** A machine without programs: what etcd-look would print, and what the others would do. */
const answerOf = (name: string) => async (script: string) => {
  if (name !== "b")
    return JSON.stringify({ ...well, name, volume: `vol-${name}`, disk: "member", unresolved: [] });
  if (script.includes("etcd-retire")) {
    Object.assign(state, stopped);
    if (endsThen) await identity();
  }
  const [, text] = /<<'TICKET'\n(.*)\nTICKET/.exec(script) ?? [];
  if (text) {
    const { memberId, members } = JSON.parse(text) as JoinTicket;
    const list = Object.entries(members).map(([one, { peerUrl }]) => `${one}=${peerUrl}`);
    Object.assign(state, well, { memberId });
    void cluster.joinAnew("b", list.join());
  }
  return JSON.stringify({ name, volume: "vol-b", disk: "member", unresolved: [], ...state });
};

/** Takes the word by which the cluster is recognised away, or puts it there. */
async function identity(word?: string): Promise<void> {
  const client = new Etcd3({ hosts: cluster.declared[0]?.endpoint ?? "" });
  if (word) await client.put(identityKey).value(word);
  else await client.delete().key(identityKey);
  client.close();
}

async function breakB(outputs: Record<string, unknown>): Promise<void> {
  await cluster.kill("b");
  Object.assign(state, broken, { memberId: idOf(outputs) });
}

const idOf = ({ done }: Record<string, unknown>) => (done as Record<string, Joined>).b?.id ?? "";

/** What a run that is refused leaves in the state, and its reason. */
async function refused(olds: Record<string, unknown>, rejoin: string) {
  const error = await membership.update(olds, { ...inputs, rejoin }).then(
    () => assert.fail("it is not refused"),
    (failed: FailedUpdate) => failed,
  );
  return { outputs: error.outputs ?? olds, message: error.message };
}

test("rejoin lets one member join anew once; taken away and set again, once more", async () => {
  const { outputs: founded } = await membership.create(inputs);
  await breakB(founded);
  const first = await refused(founded, "");
  assert.match(first.message, /^etcd of b \(panic: freepages.*does not stay up on the data/);
  assert.match(first.message, /aside on its disk: pulumi config set etcd:rejoin b, then pulumi up/);
  assert.equal(first.outputs.verdict, "not as declared");

  endsThen = true;
  const half = await refused(first.outputs, "b");
  assert.match(half.message, /nothing stands under _etcd-on-ec2\/identity; it was f0f0f0f0/);
  assert.equal(half.outputs.rejoin, "", "a run that did not end well has not used it up");
  endsThen = false;
  await identity("f0f0f0f0");

  const back = await membership.update(half.outputs, { ...inputs, rejoin: "b" });
  assert.equal(back.verdict, "as declared");
  assert.notEqual(idOf(back), idOf(founded));

  await breakB(back);
  const used = await refused(back, "b");
  assert.match(
    used.message,
    /disk: pulumi config rm etcd:rejoin, pulumi up, then pulumi config set etcd:rejoin b, then/,
  );
  assert.equal(used.outputs.rejoin, "b", "it stays used up");
  const taken = await refused(used.outputs, "");
  assert.equal(taken.outputs.rejoin, "");
  assert.equal(idOf(taken.outputs), idOf(back), "nothing was removed meanwhile");

  const again = await membership.update(taken.outputs, { ...inputs, rejoin: "b" });
  assert.equal(again.verdict, "as declared");
  assert.notEqual(idOf(again), idOf(back));
});
