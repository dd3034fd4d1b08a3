/**
 * What an error says, without the frames that the engine puts around it: the words of ours stand
 * alone, and whole. Pure.
 */

/** As the engine puts them, from the outside in. */
const frames = [
  /^(?:error: )?(?:Preview failed|update failed): (?=before hook)/i,
  /^before hook "[^"]*" failed: (?:Error: )?/,
  /^\S+ resource '[^']*'(?: \([^)]*\))?:? (?:property \S+ value \{[^}]*\} )?has a problem: /,
];

/** That a run failed is said by how it ended. */
const empty = /^(?:error: )?(?:update|preview|destroy|refresh) failed$/i;

/** The errors of a run, each once and in its own words; what says nothing only when it is alone. */
export function ownWords(errors: readonly string[]): string[] {
  const bare = errors.map((error) =>
    frames.reduce((text, frame) => text.replace(frame, ""), error.trim()),
  );
  const telling = bare.filter((error) => !empty.test(error));
  return [...new Set(telling.length ? telling : bare)];
}
