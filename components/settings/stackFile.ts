/**
 * What YAML made of a stack's file before the program saw it: a number with a zero in front is read
 * as octal, without a word. Pure.
 */
import type { Problem, RawConfig } from "./problems.ts";

/** `020` as a value; a minus or an underscore is refused by the setting's own rule. */
const valueLine = (project: string) =>
  new RegExp(`^\\s+(["']?)${project}:(\\w+)\\1:\\s+(0[0-7]+)\\s*(?:#.*)?$`, "gm");
/** `010:` as a key, in a line of its own or within braces. */
const key = /(?:^\s+|[{,]\s*)(0\d+):\s/gm;

/**
 * Numbers and names of nodes that are others than the file says. Only what reached the program as
 * YAML reads it is named: it may have been told to read another file.
 *
 * @param name of the file, for the messages
 */
export function octalProblems(
  file: { readonly name: string; readonly text: string },
  project: string,
  raw: RawConfig,
): Problem[] {
  const values = [...file.text.matchAll(valueLine(project))]
    .map(([, , field = "", written = ""]) => ({ field, written, value: parseInt(written, 8) }))
    .filter(({ field, value }) => value > 7 && raw[field] === String(value))
    .map(({ field, written, value }) => ({
      field,
      rule:
        `YAML reads ${written} in ${file.name} as the octal number ${value}; write the number ` +
        "that you mean, without a zero in front",
      value,
    }));
  const nodes = raw.nodes && typeof raw.nodes === "object" ? raw.nodes : {};
  const names = [...file.text.matchAll(key)]
    .map(([, written = ""]) => ({ written, read: readAs(written) }))
    .filter(({ written, read }) => Object.hasOwn(nodes, read) && !Object.hasOwn(nodes, written))
    .map(({ written, read }) => ({
      field: `nodes.${read}`,
      rule: `YAML reads the name ${written} in ${file.name} as a number; quote it: "${written}"`,
      value: read,
    }));
  return [...values, ...names];
}

/** 8 and 9 are no octal digits. */
const readAs = (digits: string) => String(parseInt(digits, /[89]/.test(digits) ? 10 : 8));
