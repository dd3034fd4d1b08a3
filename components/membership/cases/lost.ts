/**
 * Cases of members that are down: lost for good, or to be brought back. They come before all that
 * joins, because etcd counts them still. Pure.
 */
import type { Case } from "../plan.ts";
import { isLost, type Listed } from "../view.ts";
import { remove, toBack } from "./steps.ts";

export const learnerThatIsLost: Case = {
  seen: "a learner that has started, and has lost its disk",
  step: ({ learners }) => {
    const learner = learners.find((one) => one.name !== "" && isLost(one));
    return learner && remove(learner, lostBecause(learner));
  },
};

/** One at a time, and never with an addition between: that would count for the majority. */
export const voterThatIsLost: Case = {
  seen: "a voter that has lost its disk",
  step: ({ voters, down }) => {
    const lost = voters.filter((one) => one.declared && isLost(one));
    const [first] = lost;
    if (!first) return undefined;
    const others = down.filter((one) => one.declared && !lost.includes(one));
    return toBack(others) ?? remove(first, lostBecause(first));
  },
};

function lostBecause({ machine }: Listed): string {
  return machine?.disk === "member"
    ? `its disk holds another member (${machine.joinedAs})`
    : "its disk holds no member";
}

export const deadVoterThatLeaves: Case = {
  seen: "a voter that leaves, and does not answer",
  step: ({ down }) => {
    const leaver = down.find(({ declared }) => !declared);
    if (!leaver) return undefined;
    return (
      toBack(down.filter(({ declared }) => declared)) ??
      remove(leaver, "it is not among nodes any more")
    );
  },
};

export const voterThatIsDown: Case = {
  seen: "a voter that does not answer",
  step: ({ down }) => toBack(down),
};
