import type { Properties, Property } from "./properties.ts";
import { containsUnknown, isList, isObject, isUnknown } from "./values.ts";
import type { Value, Values } from "./values.ts";

/** One property that differs between what exists and what the program wants. */
export interface Change {
  /** Path as the engine writes it: `tags.Name`, `metadataOptions.httpTokens`. */
  readonly path: string;
  readonly kind: "add" | "update" | "delete";
  readonly replaces: boolean;
}

/**
 * Compares what exists (the last state) with what the program wants (new inputs), the way the
 * official providers do: a property that the API fills in and the program leaves out is no change;
 * empty and absent are the same; a value that is not known yet counts as changed.
 */
export function differences(properties: Properties, state: Values, wanted: Values): Change[] {
  return Object.entries(properties).flatMap(([name, property]) =>
    property.output
      ? []
      : changesOf(
          name,
          property,
          state[name],
          wanted[name] ?? property.default,
          property.replaces ?? false,
        ),
  );
}

/** Leaves out the changes the program asked to ignore: the path itself, and all below it. */
export function withoutIgnored(changes: readonly Change[], ignored: readonly string[]): Change[] {
  return changes.filter(
    ({ path }) =>
      !ignored.some(
        (pattern) =>
          pattern === "*" ||
          path === pattern ||
          path.startsWith(`${pattern}.`) ||
          path.startsWith(`${pattern}[`),
      ),
  );
}

/** The top-level properties that changed. */
export function changedNames(changes: readonly Change[]): Set<string> {
  return new Set(changes.map(({ path }) => path.split(/[.[]/, 1)[0] ?? path));
}

function changesOf(
  path: string,
  property: Property,
  have: Value | undefined,
  want: Value | undefined,
  replaces: boolean,
): Change[] {
  if (want === undefined || want === null) {
    if (property.computed || isEmpty(have)) return [];
    return [{ path, kind: "delete", replaces }];
  }
  if (isUnknown(want)) return [{ path, kind: isEmpty(have) ? "add" : "update", replaces }];
  if (property.fields && isObject(want)) {
    const before = isObject(have) ? have : {};
    return Object.entries(property.fields).flatMap(([name, field]) =>
      field.output
        ? []
        : changesOf(
            `${path}.${name}`,
            field,
            before[name],
            want[name] ?? field.default,
            replaces || (field.replaces ?? false),
          ),
    );
  }
  if (isObject(want) && isObject(have)) return mapChanges(path, have, want, replaces);
  // The official providers write such a default into what was imported: an update of nothing.
  if (property.local && property.default !== undefined && have === undefined)
    return [{ path, kind: "add", replaces }];
  if (isEmpty(want) && isEmpty(have)) return [];
  if (equal(want, have, property.set ?? false)) return [];
  return [{ path, kind: have === undefined || have === null ? "add" : "update", replaces }];
}

function mapChanges(path: string, have: Values, want: Values, replaces: boolean): Change[] {
  const at = (key: string) =>
    /^[_a-zA-Z][-_a-zA-Z0-9]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
  return [...new Set([...Object.keys(have), ...Object.keys(want)])].flatMap((key): Change[] => {
    if (want[key] === undefined) return [{ path: at(key), kind: "delete", replaces }];
    if (have[key] === undefined) return [{ path: at(key), kind: "add", replaces }];
    return equal(want[key], have[key], false) ? [] : [{ path: at(key), kind: "update", replaces }];
  });
}

function isEmpty(value: Value | undefined): boolean {
  if (isList(value)) return value.length === 0;
  if (isObject(value)) return Object.keys(value).length === 0;
  return value === undefined || value === null || value === "" || value === false || value === 0;
}

function equal(a: Value | undefined, b: Value | undefined, anyOrder: boolean): boolean {
  if (containsUnknown(a)) return false;
  if (anyOrder && isList(a) && isList(b))
    return stable([...a.map(stable)].sort()) === stable([...b.map(stable)].sort());
  return stable(a) === stable(b);
}

function stable(value: Value | undefined): string {
  if (isList(value)) return `[${value.map(stable).join(",")}]`;
  if (isObject(value))
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${stable(value[key])}`)
      .join(",")}}`;
  return JSON.stringify(value ?? null);
}
