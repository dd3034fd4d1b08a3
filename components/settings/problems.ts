/** What is wrong with a configuration, and the lines a user reads about it. Pure. */

export type RawConfig = Readonly<Record<string, unknown>>;

export interface Problem {
  /** Path of the key, below the project's namespace. */
  readonly field: string;
  readonly rule: string;
  readonly value: unknown;
}

/** Stands for a value that no message shows. */
export const notShown = "a text that is not shown";

/** Whether a value is known only later: a Pulumi Output, or a promise. */
export function isLater(value: unknown): boolean {
  return (
    typeof value === "object" &&
    value !== null &&
    // In this order: an Output answers every other question with another Output.
    ("__pulumiOutput" in value || value instanceof Promise)
  );
}

/**
 * All problems as the user reads them, a line for each field: a value of the wrong type has one
 * problem, not also those of the empty one that stands in for it. What is a secret in the stack's
 * file, under whatever key it was put, and private keys are not shown.
 */
export function describeProblems(
  problems: readonly Problem[],
  isSecret: (key: string) => boolean = () => false,
): string {
  const first = problems.filter(
    ({ field }, index) => problems.findIndex((earlier) => earlier.field === field) === index,
  );
  const hides = ({ field, value }: Problem) =>
    isSecret(field.split(/[.[]/)[0] ?? "") ||
    /-----BEGIN [A-Z ]*PRIVATE KEY/.test(show(value, Infinity));
  return first
    .map(
      (problem) =>
        `${problem.field}: ${problem.rule} (got ` +
        `${hides(problem) && problem.value !== "" ? notShown : show(problem.value)})`,
    )
    .join("\n");
}

function show(value: unknown, most = 80): string {
  if (value === undefined || value === "") return "nothing";
  if (isLater(value)) return "an Output";
  const text =
    typeof value === "string"
      ? value
      : JSON.stringify(value, (_key, part: unknown) => (isLater(part) ? "an Output" : part));
  return text.length > most ? `${text.slice(0, most - 3)}…` : text;
}

/** Those that stood in the list before, with their place. */
export function duplicates<T>(values: readonly T[]): [number, T][] {
  return [...values.entries()].filter(([index, value]) => values.indexOf(value) !== index);
}
