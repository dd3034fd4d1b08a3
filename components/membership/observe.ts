/**
 * One look at everything: what each member's etcd answers, and what each machine says. Machines are
 * asked only where something is not as declared, so a run that has nothing to do costs no SSH. Runs
 * inside dynamic providers.
 */
import type { Asking } from "../health/asking.ts";
import { hex, inWords, withClient } from "../health/memberClient.ts";
import type { DeclaredMember } from "../health/memberHealth.ts";
import type { MachineLook } from "./machineLook.ts";
import type { Reconciling } from "./reconciling.ts";
import type { Alarm, Answer, MachineSight, Situation, WantedMember } from "./situation.ts";
import { type View, viewOf } from "./view.ts";

type Known = Pick<Reconciling, "declared" | "former" | "done" | "rejoin" | "rejoinUsed">;

/**
 * What is known, and what is seen now; whether it is the cluster that is remembered is not looked
 * at. Takes a few seconds at most, whoever is away. Never rejects.
 */
export async function observe(
  { declared, former, done, rejoin, rejoinUsed }: Known,
  asking: Asking,
  look: MachineLook,
): Promise<Situation> {
  const seen: Situation = {
    ...{ declared, former, done, rejoin, rejoinUsed },
    ...{ answers: await answersOf(declared, asking), machines: {}, stranger: "" },
  };
  const listed = await withFormer(seen, asking);
  const view = viewOf(listed);
  const wanted = namesToFind(view);
  const asked = asDeclared(view) ? former : [...declared, ...former];
  const machines = await Promise.all(
    asked.map(async (member): Promise<[string, MachineSight]> => [
      member.name,
      await look(member, wanted),
    ]),
  );
  return { ...listed, machines: Object.fromEntries(machines) };
}

/**
 * The answers of former members, too, as far as they are listed, or nobody else tells: an address
 * that was given back may be another's now.
 */
async function withFormer(seen: Situation, asking: Asking): Promise<Situation> {
  const { list } = viewOf(seen);
  const asked = seen.former.filter(
    (member) => list.length === 0 || list.some(({ of }) => of === member),
  );
  return { ...seen, answers: [...seen.answers, ...(await answersOf(asked, asking))] };
}

/** Whether the list holds exactly the declared members, all of them voters that answer. */
function asDeclared({ list, missing, down, leaderId }: View): boolean {
  return (
    leaderId !== "" &&
    missing.length === 0 &&
    down.length === 0 &&
    list.every(({ declared, learner }) => declared && !learner)
  );
}

/** Whom the machines' resolvers must find before it is added; none while nobody tells a list. */
function namesToFind({ list, missing }: View): readonly WantedMember[] {
  return list.length > 0 ? missing : [];
}

/** What the etcd of each of them answers, in the order given. Never rejects. */
export function answersOf(
  members: readonly DeclaredMember[],
  asking: Asking,
): Promise<readonly Answer[]> {
  return Promise.all(members.map((member) => answerOf(member, asking)));
}

async function answerOf(member: DeclaredMember, asking: Asking): Promise<Answer> {
  const blank: Answer = {
    name: member.name,
    error: "",
    clusterId: "",
    memberId: "",
    leaderId: "",
    learner: false,
    applied: 0,
    alarms: [],
    list: undefined,
  };
  return withClient<Answer>(
    member,
    asking,
    async (client) => {
      const status = await client.maintenance.status();
      const { header, leader, isLearner, raftAppliedIndex, errors } = status;
      const answer = {
        ...blank,
        clusterId: hex(header.cluster_id),
        memberId: hex(header.member_id),
        leaderId: hex(leader),
        learner: isLearner,
        applied: Number(raftAppliedIndex),
        alarms: alarmsOf(errors),
      };
      if (isLearner) return answer; // it answers nothing else
      // Its own list, not a majority's: it must be known when a majority is away, too.
      const { members } = await client.cluster.memberList({ linearizable: false });
      return {
        ...answer,
        list: members.map(({ ID, name, peerURLs, isLearner: learner }) => ({
          id: hex(ID),
          ...{ name, peerUrls: peerURLs, learner },
        })),
      };
    },
    (e) => ({ ...blank, error: inWords(e) }),
  );
}

/** The alarms among the errors that a status lists. To ask for them takes a majority. Pure. */
export function alarmsOf(errors: readonly string[]): Alarm[] {
  return errors.flatMap((error) => {
    const [, id = "", alarm = ""] = /memberID:(\d+)\s+alarm:(\w+)/.exec(error) ?? [];
    return alarm ? [{ memberId: hex(id), alarm }] : [];
  });
}
