/** Cases that a person has to decide: what somebody did by hand. Pure. */
import type { Case } from "../plan.ts";
import { refuse } from "./steps.ts";

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
      `${name} was removed from the cluster, by hand or by a run that was cut off, and its disk ` +
        "holds the data of that member",
      `If it is to be a member again: pulumi config set etcd:rejoin ${name}, then pulumi up (the ` +
        "old data are set aside on its disk). If it is to go: take it out of nodes",
    );
  },
};
