import { createHash, randomBytes } from "node:crypto";
import type { Values } from "./values.ts";

/** What the engine says about names in a check request. */
export interface Naming {
  readonly seed: Uint8Array;
  /** A name the engine proposes, and whether it insists; "disabled" forbids made-up names. */
  readonly proposal?: string;
  readonly disabled: boolean;
}

/**
 * Fills in a name the program left out, as the official providers do: `<resource name>-<7 hex
 * digits>`, the same one as before on a later check. The engine's seed makes preview and update
 * agree. `__defaults` tells which inputs were made up.
 */
export function withName(
  property: string,
  resourceName: string,
  old: Values,
  inputs: Values,
  naming: Naming,
): Values {
  if (inputs[property] !== undefined) return { ...inputs, __defaults: [] };
  const before =
    Array.isArray(old.__defaults) && old.__defaults.includes(property) ? old[property] : undefined;
  if (before === undefined && naming.disabled) return { ...inputs, __defaults: [] };
  return {
    ...inputs,
    [property]: before ?? naming.proposal ?? `${resourceName}-${digits(naming.seed)}`,
    __defaults: [property],
  };
}

function digits(seed: Uint8Array): string {
  const source = seed.length > 0 ? createHash("sha256").update(seed).digest() : randomBytes(4);
  return source.toString("hex").slice(0, 7);
}
