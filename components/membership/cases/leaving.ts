/** Cases of members that leave, and the end. Pure. */
import type { Case } from "../plan.ts";
import { isRunning } from "../view.ts";
import { remove } from "./steps.ts";

export const learnerThatLeaves: Case = {
  seen: "a learner that is not declared any more",
  step: ({ learners }) => {
    const learner = learners.find(({ declared }) => !declared);
    return learner && remove(learner, "it is not among nodes any more");
  },
};

/** Clients are spared an election; who takes over stays. */
export const leaverThatLeads: Case = {
  seen: "the leader leaves",
  step: ({ voters, leaderId }) => {
    const leaver = voters.find(({ id, declared }) => id === leaderId && !declared);
    const heir = voters
      .filter(({ declared }) => declared)
      .sort((a, b) => (b.answer?.applied ?? 0) - (a.answer?.applied ?? 0))[0];
    return (
      leaver && heir && { do: "moveLeader", from: leaver.called, to: heir.called, id: heir.id }
    );
  },
};

export const leaver: Case = {
  seen: "a voter that is not declared any more",
  step: ({ voters }) => {
    const leaves = voters.find(({ declared }) => !declared);
    return leaves && remove(leaves, "it is not among nodes any more");
  },
};

/** It would only try again and again; and where clients still know it, they would wait for it. */
export const removedThatRuns: Case = {
  seen: "a former member whose etcd is not stopped",
  step: ({ list, situation: { former, machines } }) => {
    const running = former.find((member) => {
      const machine = machines[member.name];
      const listed = list.some(({ of }) => of === member);
      return !listed && machine && !machine.problem && (machine.enabled || isRunning(machine));
    });
    return running && { do: "retire", name: running.name };
  },
};

export const asDeclared: Case = {
  seen: "exactly the declared members, all of them voters that answer",
  step: ({ missing, list, down }) =>
    missing.length === 0 && down.length === 0 && list.every((m) => m.declared && !m.learner)
      ? { do: "done" }
      : undefined,
};
