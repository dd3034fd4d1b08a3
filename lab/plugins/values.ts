import structPb from "google-protobuf/google/protobuf/struct_pb.js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/**
 * A value as it travels between engine and provider. Undefined inside an object means "not given".
 */
export type Value =
  | null
  | boolean
  | number
  | string
  | readonly Value[]
  | { readonly [key: string]: Value | undefined };
export type Values = Readonly<Record<string, Value | undefined>>;

/** The engine's mark for a value that is not known during a preview, one for each kind of value. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
const unknownMarks = new Set([
  unknown,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7", // boolean
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421", // number
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2", // array
  "030794c1-ac77-496b-92df-f27374a8bd58", // asset
  "e48ece36-62e2-4504-bad9-02848725956a", // archive
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff", // object
]);

const markKey = "4dabf18193072939515e22adb298388d";
const secretMark = "1b47061264138c4ac30d75fd1eb44270";

export function isUnknown(value: Value | undefined): boolean {
  return typeof value === "string" && unknownMarks.has(value);
}

/** True when the value or any part of it is not known yet. */
export function containsUnknown(value: Value | undefined): boolean {
  if (isList(value)) return value.some(containsUnknown);
  if (isObject(value)) return Object.values(value).some(containsUnknown);
  return isUnknown(value);
}

export function isList(value: Value | undefined): value is readonly Value[] {
  return Array.isArray(value);
}

export function isObject(value: Value | undefined): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Marks a value as secret, so that the engine encrypts it in the state and hides it on the screen.
 */
export function secret(value: Value): Value {
  return { [markKey]: secretMark, value };
}

/** The plain value behind secret marks, at any depth. */
export function plain(value: Value | undefined): Value | undefined {
  if (isList(value)) return value.map((item) => plain(item) ?? null);
  if (!isObject(value)) return value;
  if (value[markKey] === secretMark) return plain(value.value);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/**
 * Reads a message's values, secrets unwrapped, nulls left out (as the official providers read
 * them).
 */
export function decode(struct: Struct | undefined): Values {
  const values = plain((struct?.toJavaScript() ?? {}) as Values);
  return isObject(values) ? withoutNulls(values) : {};
}

/** Writes values into a message; what is undefined is left out. */
export function encode(values: Values): Struct {
  return structPb.Struct.fromJavaScript(
    defined(values) as Record<string, structPb.JavaScriptValue>,
  );
}

function withoutNulls(values: Values): Values {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== null && value !== undefined),
  );
}

function defined(value: Value | undefined): Value {
  if (isList(value)) return value.map(defined);
  if (!isObject(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, defined(item)]),
  );
}
