/** Steps that several cases come to, and their words. Pure. */
import type { Step } from "../plan.ts";
import { isLost, isRunning, type Listed } from "../view.ts";

/** Nothing is done until this is there: it ends the sentence "waiting for …". */
export const wait = (what: string): Step => ({ do: "wait", for: what });

/** Nothing is done, for this reason; `next` is what to type. */
export const refuse = (why: string, next: string): Step => ({ do: "refuse", why, next });

/** Their names, in one text. */
export const names = (some: readonly { readonly called: string }[]) =>
  some.map(({ called }) => called).join(", ");

/** Takes it out of the list of members. */
export function remove({ called, id }: Listed, why: string): Step {
  return { do: "remove", name: called, id, why };
}

/** Its etcd is down, and there is a disk to start it with. */
export function canStart(one: Listed): boolean {
  const { of, machine } = one;
  return of !== undefined && machine?.disk === "member" && !isRunning(machine) && !isLost(one);
}

/** Brings the first of these back, or waits for it; undefined for none. */
export function toBack([first]: readonly Listed[]): Step | undefined {
  if (!first) return undefined;
  if (canStart(first)) return { do: "start", name: first.called };
  return wait(`${first.called} to answer${whyNot(first.machine)}`);
}

/** What its machine has to say to that. */
export function whyNot(machine: Listed["machine"]): string {
  if (!machine) return "";
  if (machine.problem) return ` (its machine: ${machine.problem})`;
  if (machine.disk === "unmounted") return " (its data volume is not mounted)";
  const words = machine.words.at(-1);
  return ` (etcd is ${machine.unit}${words ? `: ${words}` : ""})`;
}
