/** Members that stay and lose their machine, or their data volume. Pure. */

/** Ids by member, as the inputs of a hook have them: what a preview does not know is no text. */
export type Ids = Readonly<Record<string, unknown>>;

/** A member, and what it is to lose. */
export interface Loser {
  readonly member: string;
  /** In EC2. */
  readonly id: string;
}

/** The ids of one kind in a hook's inputs; none where they hold none. */
export function idsIn(inputs: Readonly<Record<string, unknown>> = {}, kind: string): Ids {
  const ids = inputs[kind];
  return typeof ids === "object" && ids !== null ? (ids as Ids) : {};
}

/** Declared members of before whose id is another one now, or not known, as in a preview. */
export function losers(declared: readonly string[], olds: Ids = {}, news: Ids = {}): Loser[] {
  return declared.flatMap((member) => {
    const id = olds[member];
    return typeof id === "string" && news[member] !== id ? [{ member, id }] : [];
  });
}

/** `a (i-1), b (i-2)` */
export function inWords(all: readonly Loser[]): string {
  return all.map(({ member, id }) => `${member} (${id})`).join(", ");
}
