import type { Value } from "./values.ts";

/** What a provider has to know about one property of a resource. Everything left out is false. */
export interface Property {
  /** Only the API gives it; a program cannot. */
  readonly output?: boolean;
  /** The API fills it in when the program leaves it out, so leaving it out is no change. */
  readonly computed?: boolean;
  /** Has another value after every update, so a planned update does not know it. */
  readonly renewed?: boolean;
  /** A change makes a new resource. */
  readonly replaces?: boolean;
  /** The API cannot tell it: it is kept as the program gave it. */
  readonly local?: boolean;
  /** The order of the list means nothing. */
  readonly set?: boolean;
  readonly secret?: boolean;
  readonly required?: boolean;
  readonly default?: Value;
  readonly oneOf?: readonly string[];
  readonly between?: readonly [number, number];
  /** Properties of another name that cannot be given together with this one. */
  readonly conflicts?: readonly string[];
  /**
   * The properties of an object that has a fixed form. Without it an object is a map with keys of
   * the program's choice.
   */
  readonly fields?: Properties;
}

/**
 * All properties of a resource type that are served here, by the names the official SDK has for
 * them.
 */
export type Properties = Readonly<Record<string, Property>>;

/**
 * The API's own name for a property, as it stands in the official providers' messages: httpTokens →
 * http_tokens.
 */
export function apiName(property: string): string {
  return property.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
