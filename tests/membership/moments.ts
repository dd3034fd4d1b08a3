/** The moments at which runs that change members are killed. Pure. */
import type { Act } from "../../components/membership/perform.ts";

/** What the run was to do. */
export type Goal = "join" | "removal" | "oneForAnother" | "comeback";

export interface Moment {
  readonly goal: Goal;
  /** The step that it is about. */
  readonly act: Act["do"];
  /**
   * Before what it asks for is asked, once it has decided and holds its lease; after it was done,
   * and before anything else was looked at; or while a machine's program does it, which goes on.
   */
  readonly when: "before" | "during" | "after";
}

/** In order. What etcd is asked for it does whole or not at all: there is no "during". */
const stepsOf: Readonly<Record<Goal, readonly Act["do"][]>> = {
  join: ["add", "join", "promote"],
  removal: ["moveLeader", "remove", "retire"],
  oneForAnother: ["add", "join", "promote", "moveLeader", "remove", "retire"],
  comeback: ["start"],
};

export const goals = Object.keys(stepsOf) as readonly Goal[];

/** Steps that a machine's program does. */
export const onMachine = (act: Act["do"]): boolean => ["join", "retire", "start"].includes(act);

/** All of one goal, in their order. */
export function momentsOf(goal: Goal): Moment[] {
  return stepsOf[goal].flatMap((act) =>
    (["before", "during", "after"] as const)
      .filter((when) => when !== "during" || onMachine(act))
      .map((when) => ({ goal, act, when })),
  );
}

/** Whether the run has changed anything in etcd, or was about to, and so has the lease. */
export const hasLease = ({ goal }: Moment): boolean => stepsOf[goal].some(needsLease);

/** Whether the next run needs it, too. */
export function leavesChanges({ goal, act, when }: Moment): boolean {
  const steps = stepsOf[goal];
  return steps.slice(steps.indexOf(act) + (when === "before" ? 0 : 1)).some(needsLease);
}

const needsLease = (act: Act["do"]) => act !== "retire" && act !== "start";

export const inWords = ({ goal, act, when }: Moment): string => `${goal} ${when} ${act}`;
