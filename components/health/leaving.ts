/**
 * Leave: the word that one member's machine may go. It is a key in etcd that only one member can
 * hold, and it is given only while all others are healthy without it, so that at most one machine
 * is away. It lapses after an hour, or when the cluster was found healthy again. Runs inside
 * dynamic providers.
 */
import type { Etcd3 } from "etcd3";
import { poll } from "../engine/poll.ts";
import type { Asking } from "./asking.ts";
import { probeCluster } from "./etcdProbe.ts";
import { hex, inWords, withClient } from "./memberClient.ts";
import type { DeclaredMember } from "./memberHealth.ts";

/** Who may leave, in JSON; absent: nobody. */
export const leaveKey = "_etcd-on-ec2/leaving";

/** How long nobody else may leave, in seconds, when no run ends with a healthy cluster. */
const leaveSeconds = 3600;
/** How long the others may take to be healthy, in seconds: an election is over by then. */
const patienceSeconds = 15;

/** One machine's leave. */
export interface Leave {
  readonly member: string;
  /** Id of the machine. */
  readonly machine: string;
  /** The stack's mark. */
  readonly stack: string;
  /** When it was given; ISO form. */
  readonly since: string;
}

/** Why there is no leave: whose it is, or what is wrong with the others. */
export type Denied = { readonly holder: Leave } | { readonly reasons: readonly string[] };

/**
 * Asks for a machine's leave. A second time, for the same member of the same stack, it is there
 * already. A leader hands over first, as far as it can. Never waits for longer than an election.
 */
export async function takeLeave(
  wanted: Omit<Leave, "since">,
  members: readonly DeclaredMember[],
  asking: Asking,
): Promise<Denied | undefined> {
  const others = members.filter(({ name }) => name !== wanted.member);
  // Alone in its cluster, at most one leaves anyway.
  if (others.length === 0) return undefined;
  const ofAnother = (leave: Leave | undefined): leave is Leave =>
    leave !== undefined && (leave.member !== wanted.member || leave.stack !== wanted.stack);
  const denied = await poll<Denied | undefined, readonly string[]>({
    seconds: patienceSeconds,
    pause: 500,
    async look() {
      const { reasons, members: reports } = await probeCluster(members, asking, others);
      if (reasons.length === 0) return { found: undefined };
      // The one who is away may have left with a word: then that is the reason.
      const answering = others.filter((m) => reports.some((r) => r.name === m.name && r.memberId));
      const { answer: holder } = await first(answering, asking, holderOf);
      if (ofAnother(holder)) return { found: { holder } };
      // An election passes; a member that does not answer at all is none.
      return { still: reasons, hopeless: answering.length < others.length };
    },
    expired: (reasons) => ({ reasons }),
  });
  if (denied) return denied;
  const leave = { ...wanted, since: new Date().toISOString() };
  const { answer: holder, problem } = await first(others, asking, (client) => write(client, leave));
  if (problem) return { reasons: [problem] };
  if (ofAnother(holder)) return { holder };
  await handOver(wanted.member, others, members, asking);
  return undefined;
}

/** Takes everybody's leave back: the cluster is healthy. Says it when it cannot; never throws. */
export async function endLeave(members: readonly DeclaredMember[], asking: Asking): Promise<void> {
  const { problem } = await first(members, asking, (client) =>
    client.delete().key(leaveKey).exec(),
  );
  if (problem) console.log(`${leaveKey} stays for an hour at most: ${problem}`);
}

/** Takes a machine's leave back, if it has it: it stayed. */
export async function forgoLeave(client: Etcd3, machine: string): Promise<void> {
  const held = await client.get(leaveKey).string();
  if (held === null || parsed(held).machine !== machine) return;
  await client.if(leaveKey, "Value", "==", held).then(client.delete().key(leaveKey)).commit();
}

async function holderOf(client: Etcd3): Promise<Leave | undefined> {
  const held = await client.get(leaveKey).string();
  return held === null ? undefined : parsed(held);
}

/** Writes it when there is none. Returns the one that is there then. */
async function write(client: Etcd3, leave: Leave): Promise<Leave> {
  // Not client.lease(): that one is kept alive for as long as this process runs.
  const { ID } = await client.leaseClient.leaseGrant({ TTL: leaveSeconds, ID: 0 });
  const { succeeded } = await client
    .if(leaveKey, "Create", "==", 0)
    .then(client.put(leaveKey).value(JSON.stringify(leave)).lease(ID))
    .commit();
  if (succeeded) return leave;
  await client.leaseClient.leaseRevoke({ ID }).catch(() => undefined); // else it lapses by itself
  const holder = await holderOf(client);
  if (!holder) throw new Error(`${leaveKey} was deleted at this moment: run pulumi up again`);
  return holder;
}

/** A text of another form is somebody's word, too. */
function parsed(text: string): Leave {
  const unknown = { member: text, machine: "", stack: "", since: "" };
  try {
    return { ...unknown, ...(JSON.parse(text) as Partial<Leave>) };
  } catch {
    return unknown;
  }
}

/** What the first member says that can; without one, what the last one's problem was. */
export async function first<Answer>(
  members: readonly DeclaredMember[],
  asking: Asking,
  ask: (client: Etcd3) => Promise<Answer>,
): Promise<{ readonly answer?: Answer; readonly problem: string }> {
  let problem = "";
  for (const member of members) {
    const said = await withClient<{ answer?: Answer; problem: string }>(
      member,
      asking,
      async (client) => ({ answer: await ask(client), problem: "" }),
      (e) => ({ problem: `${member.name} (${member.endpoint}): ${inWords(e)}` }),
    );
    if (!said.problem) return said;
    problem = said.problem;
  }
  return { problem };
}

/** Saves clients an election. Best effort: without it the others elect a leader soon enough. */
async function handOver(
  member: string,
  others: readonly DeclaredMember[],
  members: readonly DeclaredMember[],
  asking: Asking,
): Promise<void> {
  const leaver = members.find(({ name }) => name === member);
  if (!leaver) return;
  await withClient(
    leaver,
    asking,
    async (client) => {
      const { header, leader } = await client.maintenance.status();
      if (hex(leader) !== hex(header.member_id)) return;
      const { members: listed } = await client.cluster.memberList({});
      const heir = listed.find((m) => !m.isLearner && others.some(({ name }) => name === m.name));
      if (heir) await client.maintenance.moveLeader({ targetID: heir.ID });
    },
    () => undefined,
  );
}
