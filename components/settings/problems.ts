/**
 * Reading typed values out of configuration, collecting problems instead of throwing at the first.
 * Pure.
 */

export type RawConfig = Readonly<Record<string, unknown>>;

export interface Problem {
  /** Path of the key, below the project's namespace. */
  readonly field: string;
  readonly rule: string;
  readonly value: unknown;
}

/** Stands for a value that no message shows. */
export const notShown = "a text that is not shown";

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
    /-----BEGIN [A-Z ]*PRIVATE KEY/.test(JSON.stringify(value) ?? "");
  return first
    .map(
      (problem) =>
        `${problem.field}: ${problem.rule} (got ` +
        `${hides(problem) && problem.value !== "" ? notShown : show(problem.value)})`,
    )
    .join("\n");
}

function show(value: unknown): string {
  if (value === undefined || value === "") return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

/** A string; surrounding spaces are a mistake, not part of it. */
export function textOf(raw: RawConfig, key: string, problems: Problem[], field = key): string {
  const value = raw[key];
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") {
    problems.push({ field, rule: "a text is needed", value });
    return "";
  }
  if (value !== value.trim())
    problems.push({
      field,
      rule: "no spaces or line ends around the value",
      value: JSON.stringify(value),
    });
  return value.trim();
}

/** true or false; the CLI hands booleans over as text. */
export function booleanOf(raw: RawConfig, key: string, problems: Problem[], field = key): boolean {
  const value = raw[key];
  if (value !== true && value !== false && value !== "true" && value !== "false")
    problems.push({ field, rule: "true or false", value });
  return value === true || value === "true";
}

/** A whole number in [least, most]; `unit` is for the message. */
export function integerOf(
  raw: RawConfig,
  key: string,
  least: number,
  most: number,
  unit: string,
  problems: Problem[],
  field = key,
): number {
  const value = raw[key];
  const number =
    typeof value === "number"
      ? value
      : typeof value === "string" && /^(0|-?[1-9]\d*)$/.test(value)
        ? Number(value)
        : NaN;
  if (!Number.isInteger(number) || number < least || number > most)
    problems.push({ field, rule: `a whole number from ${least} to ${most} (${unit})`, value });
  return number;
}

export function objectOf(raw: RawConfig, key: string, problems: Problem[], field = key): RawConfig {
  const value = raw[key];
  if (value === undefined) return {};
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as RawConfig;
  problems.push({ field, rule: "an object is needed", value });
  return {};
}

export function arrayOfText(raw: RawConfig, key: string, problems: Problem[]): string[] {
  const value = raw[key];
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  problems.push({ field: key, rule: "a list of texts is needed", value });
  return [];
}

/** Those that stood in the list before, with their place. */
export function duplicates(values: readonly string[]): [number, string][] {
  return [...values.entries()].filter(([index, value]) => values.indexOf(value) !== index);
}

/** Names keys that nothing reads: a typo must not be a silent default. */
export function unknownKeys(
  raw: RawConfig,
  known: readonly string[],
  field: string,
  problems: Problem[],
): void {
  for (const key of Object.keys(raw)) {
    if (!known.includes(key))
      problems.push({
        field: field ? `${field}.${key}` : key,
        rule: `unknown key; known are ${known.join(", ")}`,
        value: raw[key],
      });
  }
}
