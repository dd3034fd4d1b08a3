/**
 * What YAML made of a stack's file before the program saw it: a number with a zero in front is read
 * as octal, and a name that looks like a number is written anew, without a word. Pure.
 */
import { factsOf } from "./fields.ts";
import type { Problem, RawConfig } from "./problems.ts";
import { schema } from "./schema.ts";

/** A word without quotes that YAML may take for a number, or for true and false. */
const word = String.raw`[+.]?\d[\w.+-]*|[Tt]rue|TRUE|[Ff]alse|FALSE`;
/** A setting and its value; a minus is refused by the setting's own rule. */
const valueLine = (project: string) =>
  new RegExp(`^\\s+(["']?)${project}:(\\w+)\\1:\\s+(${word})\\s*(?:#.*)?$`, "gm");
/** A key, in a line of its own or within braces. */
const key = new RegExp(String.raw`(?:^\s+|[{,]\s*)(${word}):\s`, "gm");

/**
 * Numbers and names that are others than the file says. Only what reached the program as YAML reads
 * it is named: it may have been told to read another file.
 *
 * @param name of the file, for the messages
 */
export function yamlProblems(
  file: { readonly name: string; readonly text: string },
  project: string,
  raw: RawConfig,
): Problem[] {
  const changed = (matches: readonly { readonly field: string; readonly written: string }[]) =>
    matches
      .map((match) => ({ ...match, read: readAs(match.written) }))
      .filter(({ read, written }) => read !== written);
  const quoted = ({ written, read }: { written: string; read: string }) =>
    `YAML reads ${written} in ${file.name} as ${read}; quote it: "${written}"`;
  const settings = [...file.text.matchAll(valueLine(project))].map(
    ([, , field = "", written = ""]) => ({ field, written }),
  );
  const values = changed(settings)
    .filter(
      ({ field, read, written }) => raw[field] === read && (isText(field) || misread(written)),
    )
    .map(({ field, written, read }) => ({
      field,
      rule: isText(field)
        ? quoted({ written, read })
        : `YAML reads ${written} in ${file.name} as the octal number ${read}; write the number ` +
          "that you mean, without a zero in front",
      value: read,
    }));
  const nodes = raw.nodes && typeof raw.nodes === "object" ? raw.nodes : {};
  const keys = [...file.text.matchAll(key)].map(([, written = ""]) => ({ field: "", written }));
  const names = changed(keys)
    .filter(({ read, written }) => Object.hasOwn(nodes, read) && !Object.hasOwn(nodes, written))
    .map(({ written, read }) => ({
      field: `nodes.${read}`,
      rule: `this is a name, and ${quoted({ written, read })}`,
      value: read,
    }));
  return [...values, ...names];
}

/** Numbers that say themselves what they are (0x64, 1e2) mean the same either way. */
function isText(field: string): boolean {
  const entry = Object.hasOwn(schema, field) ? schema[field as keyof typeof schema] : undefined;
  return entry !== undefined && factsOf(entry).type.startsWith("text");
}

/** Whether a number is another than it looks. */
const misread = (written: string) => octal(written) && readAs(written) !== `${Number(written)}`;

/** 8 and 9 are no octal digits. */
const octal = (written: string) => /^\+?0[0-7_]+$/.test(written);

/** What the CLI makes of a word without quotes, as text. */
function readAs(written: string): string {
  if (/^(true|false)$/i.test(written)) return written.toLowerCase();
  const digits = written.replaceAll("_", "").replace(/^\+/, "");
  if (octal(written)) return String(parseInt(digits, 8));
  const isNumber = /^(0[xX][\da-fA-F]+|0o[0-7]+|0b[01]+|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)$/;
  return isNumber.test(digits) ? String(Number(digits)) : written;
}
