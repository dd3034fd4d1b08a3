/**
 * What the schema is made of: valibot's parts, with the words that users read. A rule is a function
 * that says what is wrong, or "". Pure.
 */
import type * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { duplicates, isLater } from "./problems.ts";

type Rule<T = string> = (value: T) => string;
type Field<T> = v.GenericSchema<unknown, T>;

/** What docs/configuration.md says of a field beside its default and its description. */
interface Facts {
  /** Type and range, in words. */
  readonly type: string;
  /** Never shown, and a secret in the stack's file. */
  readonly secret?: true;
}

/** A field with its default and its description: one entry of the schema. */
export function setting<T, D extends unknown>(field: Field<T>, byDefault: D, description: string) {
  return v.pipe(v.optional(field, byDefault), v.description(description));
}

/** Type, range and secrecy of a field. */
export function factsOf(entry: { readonly wrapped: v.GenericSchema }): Facts {
  return v.getMetadata(entry.wrapped) as unknown as Facts;
}

function withFacts<T>(field: Field<T>, facts: Facts): Field<T> {
  return v.pipe(field, v.metadata({ ...facts }));
}

function check<T>(rule: Rule<T>, shown: (value: T) => unknown = (value) => value) {
  return v.rawCheck<T>(({ dataset, addIssue }) => {
    const message = dataset.typed ? rule(dataset.value) : "";
    if (message) addIssue({ message, input: shown(dataset.value as T) });
  });
}

const anyText = v.custom<string>(
  (value) => typeof value === "string",
  ({ input }) =>
    ["number", "boolean"].includes(typeof input)
      ? "a text is needed, in quotes"
      : "a text is needed",
);

/** A text. Surrounding spaces are a mistake, not part of it; `shown` is how messages show it. */
export function text(rule: Rule = () => "", shown?: (value: string) => string): Field<string> {
  return withFacts(
    v.pipe(
      anyText,
      check((value) => (value === value.trim() ? "" : "no spaces or line ends around the value")),
      check((value) => (value === value.trim() ? rule(value) : ""), shown),
    ),
    { type: "text" },
  );
}

/** A text of several lines, such as PEM; `rule` sees it without the spaces around it. */
export function lines(rule: Rule = () => ""): Field<string> {
  return withFacts(
    v.pipe(
      anyText,
      check((value) => rule(value.trim())),
    ),
    { type: "text" },
  );
}

/** The same, and never shown. */
export function secretLines(rule?: Rule): Field<string> {
  return withFacts(lines(rule), { type: "text, secret", secret: true });
}

/** A text that another resource may give: it is checked when it is known. */
export function later(field: Field<string>): Field<pulumi.Input<string>> {
  const unknown = v.custom<pulumi.Input<string>>(() => true);
  const facts = v.getMetadata(field) as unknown as Facts;
  return withFacts<pulumi.Input<string>>(
    v.lazy((value): Field<pulumi.Input<string>> => (isLater(value) ? unknown : field)),
    facts,
  );
}

/** One of some words. */
export function oneOf<const T extends string>(...allowed: T[]): Field<T> {
  return withFacts(
    v.pipe(
      text((value) =>
        (allowed as string[]).includes(value) ? "" : `one of ${allowed.join(", ")}`,
      ),
      v.transform((value) => value as T),
    ),
    { type: allowed.join(" or ") },
  );
}

/** true or false; the CLI hands both over as text. */
export function yesNo(): Field<boolean> {
  return withFacts(
    v.pipe(
      v.custom<boolean | "true" | "false">(
        (value) => [true, false, "true", "false"].includes(value as boolean),
        "true or false",
      ),
      v.transform((value) => value === true || value === "true"),
    ),
    { type: "true or false" },
  );
}

/** A whole number; the CLI hands it over as text. `unit` is for the message. */
export function whole(least: number, most: number, unit: string): Field<number> {
  const numberOf = (value: unknown) =>
    typeof value === "number"
      ? value
      : typeof value === "string" && /^(0|-?[1-9]\d*)$/.test(value)
        ? Number(value)
        : NaN;
  return withFacts(
    v.pipe(
      v.custom<number | string>(
        (value) =>
          Number.isInteger(numberOf(value)) && numberOf(value) >= least && numberOf(value) <= most,
        `a whole number from ${least} to ${most} (${unit})`,
      ),
      v.transform((value) => numberOf(value)),
    ),
    { type: `whole number, ${least} to ${most}` },
  );
}

/** What stands in a list. */
interface Items {
  readonly rule: Rule;
  /** What is wrong with an empty list. */
  readonly empty?: string;
  /** What is wrong with an item that stood before, */
  readonly twice: string;
  /** and what makes two the same. */
  readonly same?: (item: string) => string;
}

/** A list of texts. */
export function list(items: Items): Field<readonly string[]> {
  return listOf<string>(items, (item) => typeof item === "string");
}

/** A list of texts that other resources may give: each is checked when it is known. */
export function listOfLater(items: Items): Field<readonly pulumi.Input<string>[]> {
  return listOf<pulumi.Input<string>>(items, (item) => typeof item === "string" || isLater(item));
}

function listOf<T>(
  { rule, empty, twice, same = (item) => item }: Items,
  fits: (item: unknown) => boolean,
): Field<readonly T[]> {
  return withFacts(
    v.pipe(
      v.custom<readonly T[]>(
        (value) => Array.isArray(value) && value.every(fits),
        "a list of texts is needed",
      ),
      check((values) => (values.length ? "" : (empty ?? ""))),
      v.rawCheck(({ dataset, addIssue }) => {
        if (!dataset.typed) return;
        const values = dataset.value;
        const refuse = (key: number, message: string) => {
          const path = {
            type: "array",
            origin: "value",
            key,
            input: [],
            value: values[key],
          } as const;
          if (message) addIssue({ message, input: values[key], path: [path] });
        };
        values.forEach((item, i) => refuse(i, typeof item === "string" ? rule(item) : ""));
        duplicates(values.map((item) => (typeof item === "string" ? same(item) : item))).forEach(
          ([i]) => refuse(i, twice),
        );
      }),
    ),
    { type: "list of texts" },
  );
}

const noObject = v.custom<never>(() => false, "an object is needed");

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isLater(value);
}

/**
 * An object whose keys are names that users choose. valibot's own `record` passes over
 * `constructor` and `__proto__` in silence; here a name is refused by `keyRule`, or taken.
 */
export function mapOf<T>(entry: Field<T>, keyRule: Rule): Field<Readonly<Record<string, T>>> {
  const named = (key: string) =>
    v.pipe(
      entry,
      check(
        () => keyRule(key),
        () => key,
      ),
    );
  return withFacts<Readonly<Record<string, T>>>(
    v.lazy((input): Field<Readonly<Record<string, T>>> =>
      isObject(input)
        ? v.object(Object.fromEntries(Object.keys(input).map((key) => [key, named(key)])))
        : noObject,
    ),
    { type: "object" },
  );
}

/** An object with known keys. Every other is refused: a typo must not be a silent default. */
export function objectOf<E extends v.ObjectEntries>(
  entries: E,
): Field<v.InferOutput<v.ObjectSchema<E, undefined>>> {
  const known = Object.keys(entries);
  const unknownKey = v.pipe(
    v.unknown(),
    check(() => `unknown key; known are ${known.join(", ")}`),
  );
  return withFacts<v.InferOutput<v.ObjectSchema<E, undefined>>>(
    v.lazy((input): Field<v.InferOutput<v.ObjectSchema<E, undefined>>> => {
      if (!isObject(input)) return noObject;
      const others = Object.keys(input).filter((key) => !known.includes(key));
      const refused = Object.fromEntries(others.map((key) => [key, unknownKey]));
      return v.object({ ...refused, ...entries });
    }),
    { type: "object" },
  );
}
