/**
 * Cases of members that are down: lost for good, or to be brought back. They come before all that
 * joins, because etcd counts them still. Pure.
 */
import type { Case } from "../plan.ts";
import { isLost, isUnreadable, type Listed } from "../view.ts";
import { refuse, remove, toBack } from "./steps.ts";

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

/** It stays until somebody says otherwise: what etcd cannot read, somebody else may. */
export const unreadableData: Case = {
  seen: "a member whose etcd does not stay up on its data",
  step: ({ list, down, situation: { rejoin, rejoinUsed }, inWords }) => {
    const broken = list.filter((one) => one.declared && !one.answer && isUnreadable(one.machine));
    const [first] = broken;
    if (!first) return undefined;
    const again = broken.find(({ called }) => called === rejoin);
    if (again && !rejoinUsed)
      return (
        toBack(down.filter((one) => one.declared && !broken.includes(one))) ??
        remove(again, "it is to join anew, without the data that its etcd does not stay up on")
      );
    const said = broken.map(({ called, machine }) => `${called} (${machine?.words.at(-1)})`);
    const { called } = first;
    const set = `pulumi config set etcd:rejoin ${called}, then pulumi up`;
    const way = again ? `pulumi config rm etcd:rejoin, pulumi up, then ${set}` : set;
    return refuse(
      `etcd of ${said.join(", ")} does not stay up on the data of its disk, and nothing was ` +
        `changed:\n${inWords}`,
      `All that it said: npm run ssh -- ${called} sudo journalctl -u etcd\n` +
        "  If its data are not to be read any more, it can copy the others', with its own set " +
        `aside on its disk: ${way}`,
    );
  },
};

export const voterThatIsDown: Case = {
  seen: "a voter that does not answer",
  step: ({ down }) => toBack(down),
};
