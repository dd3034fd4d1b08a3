/** One step of the plan, done. Runs inside dynamic providers. */
import { joinTicket } from "../bootstrap/ticket.ts";
import type { Asking } from "../health/asking.ts";
import { accessControlAdvice, isOfAccessControl } from "../health/accessControl.ts";
import { hex, inWords, withClient } from "../health/memberClient.ts";
import type { MemberAccess } from "../ssh/memberAccess.ts";
import { programs } from "./machineLook.ts";
import type { Step } from "./plan.ts";
import type { WantedMember } from "./situation.ts";
import type { Listed, View } from "./view.ts";

/** A step that does something. */
export type Act = Exclude<Step, { readonly do: "done" | "wait" | "refuse" }>;

/** With what steps are done. */
export interface Means {
  readonly asking: Asking;
  readonly accessTo: (member: WantedMember) => MemberAccess;
  /** `initial-cluster-token`. */
  readonly clusterToken: string;
}

/** What came of a step: `again` says why it is not done yet, but may be later; "" once it is. */
export interface Outcome {
  readonly again: string;
}

const done: Outcome = { again: "" };

/** etcd gives up a change after 5 s, or 7 s in a large cluster; an answer later tells nothing. */
const changeMs = 8_000;
/** How long a machine may take to be connected to, and each of its programs, in milliseconds. */
const connectMs = 5_000;
const programMs = 60_000;

/** At a boot, too: a node that was staged is not enabled. */
const startScript = "systemctl enable etcd && systemctl start --no-block etcd\n";

/** Does it. What is seen must be of just now. @throws Error that no second attempt would change */
export async function perform(step: Act, view: View, means: Means): Promise<Outcome> {
  switch (step.do) {
    case "add":
      return add(step.name, view, means);
    case "join":
      return join(step.name, step.id, view, means);
    case "promote":
      return change("promote", tellers(view), means, (client) =>
        client.cluster.memberPromote({ ID: decimal(step.id) }),
      );
    case "moveLeader":
      return change(
        "move the leader",
        tellers(view).filter(({ called }) => called === step.from),
        means,
        (client) => client.maintenance.moveLeader({ targetID: decimal(step.id) }),
      );
    case "remove":
      return change(
        `remove ${step.name}`,
        tellers(view).filter(({ id }) => id !== step.id),
        means,
        (client) => client.cluster.memberRemove({ ID: decimal(step.id) }),
      );
    case "start":
      return onMachine(step.name, startScript, view, means);
    case "retire":
      return onMachine(step.name, `${programs}/etcd-retire\n`, view, means);
  }
}

/** Whom etcd is asked through: voters of ours that answer, the leader and those that stay first. */
export function tellers({ voters, leaderId }: View): readonly (Listed & { of: WantedMember })[] {
  const rank = ({ id, declared }: Listed) => (declared ? 0 : 2) + (id === leaderId ? 0 : 1);
  return voters
    .filter((one): one is Listed & { of: WantedMember } => one.of !== undefined)
    .filter(({ answer }) => answer)
    .sort((a, b) => rank(a) - rank(b));
}

type Client = Parameters<Parameters<typeof withClient>[2]>[0];

/** Asks the first of them for a change. */
async function change(
  what: string,
  [teller]: readonly { readonly of: WantedMember }[],
  { asking }: Means,
  ask: (client: Client) => Promise<unknown>,
): Promise<Outcome> {
  if (!teller) return { again: `a voter to ${what}` };
  const { of } = teller;
  return withClient<Outcome>(
    of,
    { ...asking, deadlineMs: changeMs },
    async (client) => {
      await ask(client);
      return done;
    },
    (error) => {
      const words = `${of.name} (${of.endpoint}) was asked to ${what}: ${inWords(error)}`;
      if (passes(error)) return { again: words };
      const { message = "" } = error as Error;
      throw new Error(
        isOfAccessControl(message) ? accessControlAdvice(asking.credentials !== undefined) : words,
      );
    },
  );
}

/** What etcd says when the next look settles it: it was too early, or it was done already. */
const passing = new RegExp(
  [
    "unhealthy cluster",
    "too many learner members",
    "in sync with leader",
    "can only promote a learner",
    "not enough started members",
    "timed out",
    "leader changed",
    "no leader",
    "not leader",
    "leader transfer", // "failed" or, in 3.7, "timed out"
    "bad leader transferee",
    "member not found",
    "Peer URLs already exists",
    "server stopped|raft: stopped|draining",
  ].join("|"),
  "i",
);

function passes(error: unknown): boolean {
  const kind = error?.constructor?.name ?? "";
  return /Unavailable|DeadlineExceeded/.test(kind) || passing.test(String(error));
}

async function add(name: string, view: View, means: Means): Promise<Outcome> {
  const wanted = view.situation.declared.find((member) => member.name === name);
  if (!wanted) return { again: `${name} to be declared` };
  return change(`add ${name} as a learner`, tellers(view), means, (client) =>
    client.cluster.memberAdd({ peerURLs: [wanted.peerUrl], isLearner: true }),
  );
}

/** The ticket holds the list of this moment: etcd compares it with what its peers say. */
async function join(name: string, id: string, view: View, means: Means): Promise<Outcome> {
  const { declared, former } = view.situation;
  const wanted = declared.find((member) => member.name === name);
  const [teller] = tellers(view);
  if (!wanted || !teller) return { again: `a voter to tell ${name} the list of members` };
  let listed: readonly { readonly id: string; readonly peerUrl: string }[] = [];
  const { again } = await change("list the members", [teller], means, async (client) => {
    const { members } = await client.cluster.memberList({ linearizable: true });
    listed = members.map(({ ID, peerURLs: [peerUrl = ""] }) => ({ id: hex(ID), peerUrl }));
  });
  if (again) return { again };
  const own = listed.find((member) => member.id === id);
  const all = [...declared, ...former];
  const members = listed.map(({ peerUrl }) => all.find((one) => one.peerUrl === peerUrl));
  if (own?.peerUrl !== wanted.peerUrl || members.includes(undefined))
    return { again: "the list of members to stand still" };
  const ticket = joinTicket({
    clusterToken: means.clusterToken,
    machine: wanted.machine,
    volume: wanted.volume,
    memberId: id,
    members: Object.fromEntries(
      members
        .filter((member) => member !== undefined)
        .map(({ name: called, peerUrl, address }) => [called, { peerUrl, address }]),
    ),
  });
  const script = `${programs}/etcd-join <<'TICKET'\n${JSON.stringify(ticket)}\nTICKET\n`;
  return onMachine(name, script, view, means);
}

async function onMachine(
  name: string,
  script: string,
  { situation: { declared, former } }: View,
  { accessTo }: Means,
): Promise<Outcome> {
  const member = [...declared, ...former].find((one) => one.name === name);
  if (!member) return { again: `${name} to be declared` };
  const { problem } = await accessTo(member).run(script, connectMs, programMs);
  return { again: problem && `the machine of ${name} (${member.machine}): ${problem}` };
}

/** As etcd's API takes an ID. */
function decimal(id: string): string {
  return BigInt(`0x${id}`).toString();
}
