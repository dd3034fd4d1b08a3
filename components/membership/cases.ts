/**
 * The cases of the plan, each with the step that follows. They are asked in the order of the table
 * in plan.ts, so each may rely on the ones before it: once a newcomer is looked at, for instance,
 * every voter answers and there is no learner. Pure.
 */
import type { Case, Step } from "./plan.ts";
import type { WantedMember } from "./situation.ts";
import { isLost, isRunning, type Listed, quorum, type View } from "./view.ts";

/** A learner is ready when it is behind the leader by no more entries than this. */
const caughtUp = 1000;

const wait = (what: string): Step => ({ do: "wait", for: what });
const refuse = (why: string, next: string): Step => ({ do: "refuse", why, next });
const names = (some: readonly { readonly called: string }[]) =>
  some.map(({ called }) => called).join(", ");

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
    return wait(`a majority: ${names(down) || "the members"} to answer`);
  },
};

/** Its etcd is down, and there is a disk to start it with. */
function canStart(one: Listed): boolean {
  const { of, machine } = one;
  return of !== undefined && machine?.disk === "member" && !isRunning(machine) && !isLost(one);
}

export const noLeader: Case = {
  seen: "there is no leader",
  step: ({ leaderId }) => (leaderId ? undefined : wait("a leader to be elected")),
};

export const strangerInTheList: Case = {
  seen: "a member that the program never declared",
  step: ({ list }) => {
    const stranger = list.find(({ of }) => !of);
    if (!stranger) return undefined;
    const { id, name, peerUrls } = stranger;
    return refuse(
      `etcd lists ${name || "a member that never started"} (${id}, ${peerUrls.join(", ")}), ` +
        "which this stack has not declared. It is left alone, and while it is there no member is " +
        "changed",
      `If it is to go: npm run etcdctl -- member remove ${id}. Members that are to stay are ` +
        "declared in nodes, and join by pulumi up",
    );
  },
};

export const unstartedVoter: Case = {
  seen: "a voter that never started",
  step: ({ voters }) => {
    const voter = voters.find(({ name }) => name === "");
    return (
      voter &&
      refuse(
        `${voter.called} is listed as a voter that never started (${voter.id}): somebody has ` +
          "added it by hand, and as a voter it counts for the majority already",
        "Take it out, and pulumi up adds it as a learner: npm run etcdctl -- member remove " +
          voter.id,
      )
    );
  },
};

export const learnerThatLeaves: Case = {
  seen: "a learner that is not declared any more",
  step: ({ learners }) => {
    const learner = learners.find(({ declared }) => !declared);
    return learner && remove(learner, "it is not among nodes any more");
  },
};

function remove({ called, id }: Listed, why: string): Step {
  return { do: "remove", name: called, id, why };
}

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

/** Brings the first of these back, or waits for it; undefined for none. */
function toBack([first]: readonly Listed[]): Step | undefined {
  if (!first) return undefined;
  if (canStart(first)) return { do: "start", name: first.called };
  return wait(`${first.called} to answer${whyNot(first.machine)}`);
}

/** What its machine has to say to that. */
function whyNot(machine: Listed["machine"]): string {
  if (!machine) return "";
  if (machine.problem) return ` (its machine: ${machine.problem})`;
  if (machine.disk === "unmounted") return " (its data volume is not mounted)";
  const words = machine.words.at(-1);
  return ` (etcd is ${machine.unit}${words ? `: ${words}` : ""})`;
}

export const alarm: Case = {
  seen: "an alarm, and members to change",
  step: ({ situation: { answers }, missing, learners, list }) => {
    const alarmed = answers.filter(({ alarms }) => alarms.length > 0);
    const changing = missing.length + learners.length > 0 || list.some(({ declared }) => !declared);
    if (!changing || alarmed.length === 0) return undefined;
    const each = alarmed.map(({ name, alarms }) => `${name} (${alarms.join(", ")})`);
    return refuse(
      `there is an alarm, and members are changed only without one: ${each.join("; ")}`,
      "npm run status says what to do about it; then run pulumi up again",
    );
  },
};

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

/** Somebody wanted it gone. Its data stay until somebody says otherwise. */
export const removedByHand: Case = {
  seen: "a declared member that somebody has removed",
  step: ({ missing, situation: { machines, done, rejoin } }) => {
    const removed = missing.find(({ name, machine, volume }) => {
      const was = done?.[name];
      if (was?.machine !== machine || was.volume !== volume || name === rejoin) return false;
      const { disk, joinedAs } = machines[name] ?? {};
      return disk === "member" && (joinedAs === "" || joinedAs === was.id);
    });
    if (!removed) return undefined;
    const { name } = removed;
    return refuse(
      `${name} was removed from the cluster, but not by this program, and its disk holds the ` +
        "data of that member",
      `If it is to be a member again: pulumi config set etcd:rejoin ${name}, then pulumi up (the ` +
        "old data are set aside on its disk). If it is to go: take it out of nodes",
    );
  },
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
