/** Cases of members that join. Every voter answers by then. Pure. */
import type { Case } from "../plan.ts";
import type { WantedMember } from "../situation.ts";
import { isRunning, type Listed, type View } from "../view.ts";
import { wait, canStart, whyNot } from "./steps.ts";

/** A learner is ready when it is behind the leader by no more entries than this. */
const caughtUp = 1000;

export const learnerToStart: Case = {
  seen: "a learner that never started",
  step: ({ learners }) => {
    const learner = learners.find(({ name }) => name === "");
    if (!learner) return undefined;
    const { machine, called: name, id } = learner;
    if (!machine || machine.problem || machine.disk === "unmounted")
      return wait(`the machine of ${name}${whyNot(machine)}`);
    const running = isRunning(machine);
    if (running && machine.joinedAs === id) return wait(`${name} to start${whyNot(machine)}`);
    // What runs there is another member's, on a disk that gives way.
    return running ? { do: "retire", name } : { do: "join", name, id };
  },
};

export const learnerBehind: Case = {
  seen: "a learner that is behind, or does not answer",
  step: ({ learners, leaderId, situation: { answers } }) => {
    const [learner] = learners;
    if (!learner) return undefined;
    const { called: name, id, answer, machine } = learner;
    if (!answer) {
      if (canStart(learner)) return { do: "start", name };
      if (machine && !machine.problem && !isRunning(machine)) return { do: "join", name, id };
      return wait(`${name}, a learner, to answer${whyNot(machine)}`);
    }
    const leader = answers.find(({ memberId }) => memberId === leaderId);
    if (!leader) return wait("the leader to answer");
    return answer.applied + caughtUp < leader.applied
      ? wait(`${name} to catch up (it has applied ${answer.applied} of ${leader.applied})`)
      : undefined;
  },
};

export const learnerReady: Case = {
  seen: "a learner that has caught up",
  step: ({ learners: [learner] }) =>
    learner && { do: "promote", name: learner.called, id: learner.id },
};

/** All newcomers are reached before the first is added: 1 to 3 passes through two voters. */
export const newcomer: Case = {
  seen: "a declared member that is not in the list",
  step: ({ missing, voters, situation: { machines } }) => {
    const [first] = missing;
    if (!first) return undefined;
    for (const { name } of missing) {
      const machine = machines[name];
      if (!machine || machine.problem || machine.disk === "unmounted")
        return wait(`the machine of ${name}${whyNot(machine)}`);
      if (isRunning(machine)) return { do: "retire", name };
    }
    const unresolved = unresolvedAt(first, voters, machines);
    return unresolved ? wait(unresolved) : { do: "add", name: first.name };
  },
};

/** Who cannot find the newcomer by its name yet, or "". */
function unresolvedAt(
  { name }: WantedMember,
  voters: readonly Listed[],
  machines: View["situation"]["machines"],
): string {
  for (const asker of [...voters.map(({ called }) => called), name]) {
    const machine = machines[asker];
    if (!machine || machine.problem)
      return `the machine of ${asker}, to be asked whether it finds ${name}${whyNot(machine)}`;
    const words = machine.unresolved.find((line) => line.startsWith(`${name} `));
    if (words) return `the resolver of ${asker} to find ${words}`;
  }
  return "";
}
