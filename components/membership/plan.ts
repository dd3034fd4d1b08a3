/**
 * The next step towards the declared members: the first case of the table that fits. It looks at
 * what is, never at what was done last, so that whatever was killed in the middle goes on from
 * there. One change at a time, and each only while all others are well. Pure.
 *
 * etcd's own rules behind it (read in 3.5, 3.6 and 3.7): a member is added only while a quorum of
 * the list with it is connected for 5 s; a list may hold one learner; a voter that answers is
 * removed only while a quorum without it answers; a learner is promoted once it has 90 % of the
 * leader's log, whoever of the voters is alive: so that is asked here.
 */
import {
  anotherCluster,
  noLeader,
  noQuorum,
  nobodyAnswers,
  severalClusters,
} from "./cases/cluster.ts";
import { corruptAlarm, noSpaceAlarm } from "./cases/alarms.ts";
import { removedByHand, strangerInTheList, unstartedVoter } from "./cases/strangers.ts";
import {
  deadVoterThatLeaves,
  learnerThatIsLost,
  unreadableData,
  voterThatIsDown,
  voterThatIsLost,
} from "./cases/lost.ts";
import { learnerBehind, learnerReady, learnerToStart, newcomer } from "./cases/joining.ts";
import {
  asDeclared,
  learnerThatLeaves,
  leaver,
  leaverThatLeads,
  removedThatRuns,
} from "./cases/leaving.ts";
import type { Situation } from "./situation.ts";
import { viewOf, type View } from "./view.ts";

/** What is done next. Each step is safe to repeat. */
export type Step =
  | { readonly do: "done" }
  /** Nothing, until what is waited for is there. */
  | { readonly do: "wait"; readonly for: string }
  /** Nothing, and waiting changes nothing. */
  | { readonly do: "refuse"; readonly why: string; readonly next: string }
  /** Adds a learner at the declared peer URL. */
  | { readonly do: "add"; readonly name: string }
  /** Hands the machine its ticket to join as this member, and starts etcd. */
  | { readonly do: "join"; readonly name: string; readonly id: string }
  /** Starts the etcd of a member that is down, on the disk that it has. */
  | { readonly do: "start"; readonly name: string }
  | { readonly do: "promote"; readonly name: string; readonly id: string }
  | { readonly do: "moveLeader"; readonly from: string; readonly to: string; readonly id: string }
  | { readonly do: "remove"; readonly name: string; readonly id: string; readonly why: string }
  /** Stops and disables the etcd of a machine whose member was removed. */
  | { readonly do: "retire"; readonly name: string };

/** One line of the table: what is seen, and what follows. */
export interface Case {
  /** What it is about, in a few words. */
  readonly seen: string;
  /** The step, or undefined when the case does not fit. */
  readonly step: (view: View) => Step | undefined;
}

/** In this order; what is lost goes before what joins, and what joins before what leaves. */
export const table: readonly Case[] = [
  nobodyAnswers,
  anotherCluster,
  severalClusters,
  noQuorum,
  noLeader,
  corruptAlarm,
  strangerInTheList,
  unstartedVoter,
  noSpaceAlarm,
  learnerThatLeaves,
  learnerThatIsLost,
  voterThatIsLost,
  deadVoterThatLeaves,
  unreadableData,
  voterThatIsDown,
  learnerToStart,
  learnerBehind,
  learnerReady,
  removedByHand,
  newcomer,
  leaverThatLeads,
  leaver,
  removedThatRuns,
  asDeclared,
];

/** The first case that fits. */
export function plan(situation: Situation): Step {
  const view = viewOf(situation);
  for (const { step } of table) {
    const next = step(view);
    if (next) return next;
  }
  return {
    do: "refuse",
    why: `this was not expected, so nothing was changed:\n${view.inWords}`,
    next: "Please report it with these lines. pulumi up looks again",
  };
}
