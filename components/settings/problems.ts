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
        escaped(`${problem.field}: ${problem.rule} (got `) +
        `${hides(problem) && problem.value !== "" ? notShown : show(problem.value)})`,
    )
    .join("\n");
}

/** All but ASCII, and the sign of what was left out, as \u and four digits. */
function escaped(text: string): string {
  return text.replace(
    /[^ -~\u2026]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A text; in quotes where spaces, line ends, or what is invisible or not ASCII would not show. */
function visible(text: string): string {
  return /^[!-~\u2026]([ -~\u2026]*[!-~\u2026])?$/.test(text)
    ? text
    : escaped(JSON.stringify(text));
}

function show(value: unknown, most = 80): string {
  if (value === undefined || value === "") return "nothing";
  if (isLater(value)) return "an Output";
  const cut = (text: string) => (text.length > most ? `${text.slice(0, most - 3)}…` : text);
  return typeof value === "string"
    ? visible(cut(value))
    : escaped(
        cut(JSON.stringify(value, (_, part: unknown) => (isLater(part) ? "an Output" : part))),
      );
}

/** Those that stood in the list before, with their place. */
export function duplicates<T>(values: readonly T[]): [number, T][] {
  return [...values.entries()].filter(([index, value]) => values.indexOf(value) !== index);
}
