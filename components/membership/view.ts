/** A situation, put together by member: who is listed, who answers, who is lost. Pure. */
import type { Answer, ListedMember, MachineSight, Situation, WantedMember } from "./situation.ts";

/** One entry of etcd's list, and all that is known of it. */
export interface Listed extends ListedMember {
  /** The declared or former member whose peer URL it has; undefined: nobody's of ours. */
  readonly of: WantedMember | undefined;
  /** Whether that one is declared now. */
  readonly declared: boolean;
  /** Its own name, or the one of the peer URL. */
  readonly called: string;
  /** Its etcd answers, as this very member. */
  readonly answer: Answer | undefined;
  /** What its machine says; undefined for nobody's of ours. */
  readonly machine: MachineSight | undefined;
}

export interface View {
  readonly situation: Situation;
  /** etcd's list, as a member sees it that has a leader; empty when nobody answers. */
  readonly list: readonly Listed[];
  readonly voters: readonly Listed[];
  readonly learners: readonly Listed[];
  /** Declared members that are not in the list. */
  readonly missing: readonly WantedMember[];
  /** Voters that do not answer. */
  readonly down: readonly Listed[];
  /** Member ID of the leader, "" for none. */
  readonly leaderId: string;
  /** Everything that was seen, a line each, for a person. */
  readonly inWords: string;
}

export function viewOf(situation: Situation): View {
  const { declared, former, answers, machines } = situation;
  const answering = answers.filter(({ error }) => !error);
  // The leader knows best; a member that is cut off may know an old list.
  const teller =
    answering.find(({ memberId, leaderId, list }) => list && memberId === leaderId) ??
    answering.find(({ leaderId, list }) => list && leaderId) ??
    answering.find(({ list }) => list);
  const list = (teller?.list ?? []).map((entry): Listed => {
    const owner = (some: readonly WantedMember[]) =>
      some.find(({ peerUrl }) => entry.peerUrls.join() === peerUrl);
    const of = owner(declared) ?? owner(former);
    return {
      ...entry,
      of,
      declared: of !== undefined && declared.includes(of),
      called: of?.name ?? (entry.name || entry.id),
      answer: answering.find(({ memberId }) => memberId === entry.id),
      machine: of && machines[of.name],
    };
  });
  // By name: etcd's own order is that of IDs, which are drawn.
  list.sort((one, other) => (one.called < other.called ? -1 : 1));
  const voters = list.filter(({ learner }) => !learner);
  return {
    situation,
    list,
    voters,
    learners: list.filter(({ learner }) => learner),
    missing: declared.filter((member) => !list.some(({ of }) => of === member)),
    down: voters.filter(({ answer }) => !answer),
    leaderId: teller?.leaderId ?? "",
    inWords: inWords(situation, list),
  };
}

/** How many of so many are needed. */
export function quorum(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * Whether its data are gone for certain: the machine answers, and its disk holds another member, or
 * none and no ticket for a first start as this one.
 */
export function isLost({ id, answer, machine }: Listed): boolean {
  if (answer || !machine || machine.problem) return false;
  const anothers = machine.joinedAs !== "" && machine.joinedAs !== id;
  if (machine.disk === "member") return anothers;
  return machine.disk === "empty" && (machine.ticket === "" || anothers);
}

/** Whether etcd runs there, or is about to. */
export function isRunning({ unit }: MachineSight): boolean {
  return ["active", "activating", "reloading"].includes(unit);
}

/** What etcd says when it cannot read what is on its disk (seen in 3.5, 3.6 and 3.7). */
const unreadable = /^panic: |^unexpected fault address|^fatal error: fault|crc mismatch/;
/** What ends it in the same way, and is mended without its data. */
const otherwise = /no space left|permission denied|too many open files|read-only file system/;
/** So often it was started again, in vain, before it counts: a single panic may pass. */
const restartsInVain = 3;

/** Whether its disk holds a member that etcd ends on, start after start, unable to read it. */
export function isUnreadable(machine: MachineSight | undefined): boolean {
  if (!machine || machine.problem || machine.disk !== "member" || machine.unit === "active")
    return false;
  const { restarts, words } = machine;
  return (
    restarts >= restartsInVain &&
    words.some((line) => unreadable.test(line)) &&
    !words.some((line) => otherwise.test(line))
  );
}

/** What each member's etcd and machine say, a line each. */
export function inWords(
  { declared, former, answers, machines }: Situation,
  list: readonly Listed[],
) {
  const lines = [...declared, ...former].map((member) => {
    const entry = list.find(({ of }) => of === member);
    const kind = entry ? (entry.learner ? "learner" : "voter") : "not a member";
    const answer = answers.find(({ name }) => name === member.name);
    const machine = machines[member.name];
    return [
      `  ${member.name} (${declared.includes(member) ? "declared" : "leaving"}, ${kind})`,
      `etcd: ${answer?.error || (answer ? "answers" : "was not asked")}`,
      `machine ${member.machine}: ${machine ? machineInWords(machine) : "was not asked"}`,
    ].join("; ");
  });
  const strangers = list
    .filter(({ of }) => !of)
    .map(({ id, name, peerUrls }) => `  ${name || "unstarted"} (${id}, ${peerUrls.join(", ")})`);
  return [...lines, ...strangers].join("\n");
}

function machineInWords({ problem, unit, disk, words }: MachineSight): string {
  if (problem) return problem;
  const last = words.at(-1);
  const disks = { member: "its disk holds a member", empty: "its disk is empty", "": "" };
  const what = disk === "unmounted" ? "its data volume is not mounted" : disks[disk];
  return [`etcd is ${unit}`, what, ...(last ? [`last words: ${last}`] : [])]
    .filter(Boolean)
    .join(", ");
}
