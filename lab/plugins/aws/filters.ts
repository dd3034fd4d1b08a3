import type { Filter } from "@aws-sdk/client-ec2";
import { isList, isObject } from "../values.ts";
import type { Value, Values } from "../values.ts";
import { configured } from "./client.ts";

/**
 * Filters for a Describe call: the fixed arguments by EC2's names for them, the tags, and the
 * program's own `filters`.
 */
export function filtersFrom(
  args: Values,
  names: Readonly<Record<string, string>>,
): { Filters?: Filter[] } {
  const fixed = Object.entries(names).flatMap(([argument, name]) =>
    given(args[argument]) ? [{ Name: name, Values: [String(args[argument])] }] : [],
  );
  const tags = isObject(args.tags)
    ? Object.entries(args.tags).map(([key, value]) => ({
        Name: `tag:${key}`,
        Values: [String(value)],
      }))
    : [];
  const own = isList(args.filters)
    ? args.filters.filter(isObject).map((filter) => ({
        Name: String(filter.name),
        Values: isList(filter.values) ? filter.values.map(String) : [],
      }))
    : [];
  const Filters = [...fixed, ...tags, ...own];
  return Filters.length > 0 ? { Filters } : {}; // an empty list is refused by EC2
}

/** The only thing found. Throws in the official words when there is none, or more than one. */
export function only<T>(found: readonly T[] | undefined, what: string): T {
  const [first, second] = found ?? [];
  if (first === undefined) throw new Error(`no matching ${what} found`);
  if (second !== undefined)
    throw new Error(
      `multiple ${what}s matched; use additional constraints to reduce matches to a single ${what}`,
    );
  return first;
}

/**
 * Refuses a function's arguments that are not served, as unknown inputs of a resource are: an
 * argument left out would find other things than the ones asked for.
 */
export function onlyServed(name: string, args: Values, served: readonly string[]): void {
  const unserved = Object.keys(args).find((key) => key !== "region" && !served.includes(key));
  if (unserved !== undefined)
    throw new Error(
      `${name}: the lab's plugin does not serve the argument '${unserved}' ` +
        `(${served.join(", ")}); LAB_PLUGINS=official runs the official plugin`,
    );
  const { region } = configured();
  if (args.region !== undefined && args.region !== region)
    throw new Error(
      `${name}: the lab has one region, ${region} (got ${JSON.stringify(args.region)})`,
    );
}

function given(value: Value | undefined): boolean {
  return value !== undefined && value !== null && value !== "" && value !== false;
}
