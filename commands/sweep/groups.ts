/** What remains of a stack, in the groups that a person is asked about. Pure. */
import type { Remain } from "./remains.ts";

/** Of one life of the stack: what may hold a member's data, or all the rest. */
export interface Group {
  readonly stackId: string;
  readonly mayHold: boolean;
  readonly remains: readonly Remain[];
}

/** The groups, those that may hold data first in each life. */
export function groupsOf(remains: readonly Remain[]): Group[] {
  const lives = [...new Set(remains.map(({ stackId }) => stackId))].sort();
  return lives.flatMap((stackId) =>
    [true, false].flatMap((mayHold) => {
      const its = remains.filter((one) => one.stackId === stackId && one.mayHold === mayHold);
      return its.length ? [{ stackId, mayHold, remains: its }] : [];
    }),
  );
}

/** The words to type, such as `remove 2 instances, 3 volumes`. */
export function phraseOf({ remains }: Group): string {
  const counts = new Map<string, number>();
  for (const { word } of remains) counts.set(word, (counts.get(word) ?? 0) + 1);
  const parts = [...counts].map(([word, n]) => `${n} ${word}${n === 1 ? "" : ending(word)}`);
  return `remove ${parts.join(", ")}`;
}

function ending(word: string): string {
  return word.endsWith("s") ? "es" : "s";
}

/** A group as it is listed; `present`: the life that the state is of. */
export function listingOf({ stackId, mayHold, remains }: Group, present?: string): string {
  const life = stackId === present ? `${stackId}, of which the state is` : stackId;
  const what = mayHold
    ? "that are, were or may be members, or hold their data: removed, they are lost"
    : "the rest";
  return [`Stack id ${life}: ${what}`, ...remains.map(({ words }) => `  ${words}`)].join("\n");
}

/**
 * Of what a person gave up, what can go, in order, and what stays, with the reason: what something
 * that stays uses, and the names of a life while a machine of it stays.
 */
export function sortGivenUp(
  givenUp: readonly Remain[],
  all: readonly Remain[],
): { go: Remain[]; stay: { remain: Remain; why: string }[] } {
  const go: Remain[] = [];
  const stay: { remain: Remain; why: string }[] = [];
  const going = new Set(givenUp.map(({ id }) => id));
  const machinesThatStay = all.filter(({ id, word }) => word === "instance" && !going.has(id));
  for (const remain of givenUp) {
    const users = remain.users.filter((user) => !going.has(user));
    const machine = machinesThatStay.find(({ stackId }) => stackId === remain.stackId);
    if ("record" in remain.of && machine)
      stay.push({ remain, why: `${machine.words} stays, and may live by it` });
    else if (users.length) stay.push({ remain, why: `it is used by ${users.join(", ")}` });
    else go.push(remain);
  }
  return { go, stay };
}
