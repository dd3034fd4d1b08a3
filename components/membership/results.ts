/** What a reconciliation says and writes down, from what it saw. Pure. */
import type { Act } from "./perform.ts";
import type { Reconciled } from "./reconciling.ts";
import type { Joined } from "./situation.ts";
import type { View } from "./view.ts";

/** A step as it is said once it was taken. */
export function stepInWords(step: Act): string {
  switch (step.do) {
    case "add":
      return `${step.name} joins as a learner`;
    case "join":
      return `etcd of ${step.name} starts as a new member`;
    case "start":
      return `etcd of ${step.name} is started`;
    case "promote":
      return `${step.name} votes now`;
    case "moveLeader":
      return `the leader moves from ${step.from} to ${step.to}`;
    case "remove":
      return `${step.name} leaves: ${step.why}`;
    case "retire":
      return `etcd of ${step.name} is stopped for good`;
  }
}

/** When all is as declared. */
export function reconciledIn(view: View): Reconciled {
  const { former, machines, answers } = view.situation;
  return {
    clusterId: answers.find(({ error }) => !error)?.clusterId ?? "",
    done: joinedIn(view) ?? {},
    former: former.filter(({ name }) => machines[name] && !machines[name].problem),
  };
}

/**
 * The voters that are declared. What a voter that does not answer runs on is not known: it stays as
 * it was written down.
 */
export function joinedIn({
  voters,
  situation,
}: View): Readonly<Record<string, Joined>> | undefined {
  if (voters.length === 0) return undefined;
  const now = new Date().toISOString();
  const joined = voters.flatMap(({ id, called, declared, of, answer }): [string, Joined][] => {
    if (!of || !declared) return [];
    const before = situation.done?.[called];
    const same = before?.id === id ? before : undefined;
    const { machine, volume } = of;
    if (answer) return [[called, { id, machine, volume, since: same?.since ?? now }]];
    return same ? [[called, same]] : [];
  });
  return Object.fromEntries(joined);
}
