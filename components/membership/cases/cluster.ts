/** Cases of the cluster as a whole: while one of these fits, no member is looked at. Pure. */
import type { Case, Step } from "../plan.ts";
import { isLost, isRunning, isUnreadable, quorum } from "../view.ts";
import { wait, refuse, names, canStart } from "./steps.ts";

/** Before the first start is over, or with all machines away: nothing can be known. */
export const nobodyAnswers: Case = {
  seen: "no member answers",
  step: ({ situation, inWords }) => {
    if (situation.answers.some(({ error }) => !error)) return undefined;
    const before = Object.keys(situation.done ?? {});
    const lost = before.filter((name) => {
      const machine = situation.machines[name];
      return machine?.disk === "empty" && !machine.ticket && !isRunning(machine);
    });
    if (lost.length > 0 && lost.length > before.length - quorum(before.length))
      return majorityLost(lost, before.length, inWords);
    const broken = before.filter(
      (name) => lost.includes(name) || isUnreadable(situation.machines[name]),
    );
    if (broken.length > 0 && broken.length > before.length - quorum(before.length))
      return majorityBroken(broken, before.length, inWords);
    const stopped = situation.declared.find(({ name }) => {
      const machine = situation.machines[name];
      return machine?.disk === "member" && !isRunning(machine);
    });
    if (stopped) return { do: "start", name: stopped.name };
    return wait(situation.done ? "any member to answer" : "the members to start");
  },
};

function majorityLost(lost: readonly string[], of: number, inWords: string): Step {
  return refuse(
    `the data of ${lost.join(", ")} are gone, ${lost.length} of ${of} voters. Without a majority ` +
      `etcd takes no change, so nothing was changed:\n${inWords}`,
    "What is left is on the other disks: keep them. Restoring takes a snapshot of one of them: " +
      'see "A majority is lost" in docs/when-things-go-wrong.md',
  );
}

function majorityBroken(broken: readonly string[], of: number, inWords: string): Step {
  return refuse(
    `the data of ${broken.join(", ")} are gone, or etcd does not stay up on them: ` +
      `${broken.length} of ${of} voters. Without a majority etcd takes no change, so nothing was ` +
      `changed:\n${inWords}`,
    "Keep all disks, and see what etcd says there: journalctl -u etcd (on the node). What is " +
      'left: see "A majority is lost" in docs/when-things-go-wrong.md',
  );
}

export const anotherCluster: Case = {
  seen: "the cluster is not the one that was healthy",
  step: ({ situation: { stranger } }) => (stranger ? refuse(stranger, "") : undefined),
};

export const severalClusters: Case = {
  seen: "members answer from several clusters",
  step: ({ situation: { answers } }) => {
    const ids = new Map<string, string[]>();
    for (const { name, error, clusterId } of answers)
      if (!error) ids.set(clusterId, [...(ids.get(clusterId) ?? []), name]);
    if (ids.size < 2) return undefined;
    const each = [...ids].map(([id, members]) => `${members.join(", ")} in ${id}`);
    return refuse(
      `the members are in ${ids.size} clusters instead of one: ${each.join("; ")}`,
      "Keep all disks, stop what writes, and see which of them has the data: npm run status",
    );
  },
};

export const noQuorum: Case = {
  seen: "fewer voters answer than a majority",
  step: ({ voters, down, inWords }) => {
    const needed = quorum(voters.length);
    if (voters.length > 0 && voters.length - down.length >= needed) return undefined;
    const stopped = down.find(canStart);
    if (stopped) return { do: "start", name: stopped.called };
    const lost = voters.filter(isLost);
    if (voters.length > 0 && voters.length - lost.length < needed)
      return majorityLost(
        lost.map(({ called }) => called),
        voters.length,
        inWords,
      );
    const broken = voters.filter((one) => isLost(one) || isUnreadable(one.machine));
    if (voters.length > 0 && voters.length - broken.length < needed)
      return majorityBroken(
        broken.map(({ called }) => called),
        voters.length,
        inWords,
      );
    return wait(`a majority: ${names(down) || "the members"} to answer`);
  },
};

export const noLeader: Case = {
  seen: "there is no leader",
  step: ({ leaderId }) => (leaderId ? undefined : wait("a leader to be elected")),
};
