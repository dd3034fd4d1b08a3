/**
 * The text of configuration.md, from Pulumi.yaml and index.ts: what they say is written once,
 * there. Pure.
 */
import { parse } from "yaml";

interface Key {
  readonly default: unknown;
  readonly description: string;
}

/** One export of index.ts with its doc comment. */
export interface Output {
  readonly name: string;
  readonly description: string;
}

/**
 * The whole page: a table of the project's settings in the order of Pulumi.yaml, then the stack's
 * outputs.
 *
 * @param projectFile text of Pulumi.yaml
 * @param program text of index.ts
 * @throws Error when a key has no description, or an export no doc comment.
 */
export function configurationPage(projectFile: string, program: string): string {
  const { name: project, config } = parse(projectFile) as {
    name: string;
    config: Readonly<Record<string, Key>>;
  };
  return `# Configuration

Made from [Pulumi.yaml](../Pulumi.yaml) and [index.ts](../index.ts) by \`npm run docs\`; change
those, not this page. The rules behind each key are in [components/settings/](../components/settings):
wrong values are refused in \`preview\`, all of them together.

Keys are set with \`pulumi config set ${project}:<key> <value>\`, parts of objects and lists with
\`--path\`: \`pulumi config set --path '${project}:nodes.a.zone' us-east-1a\`.

## Settings

${table(
  ["Key", "Type", "Default", "What it is"],
  Object.entries(config).map(([name, key]) => [
    `\`${project}:${name}\``,
    typeOf(key),
    defaultOf(name, key),
    describe(name, key.description),
  ]),
)}
## Outputs

\`pulumi stack output\` shows them, \`--json\` for programs.

${table(
  ["Output", "What it is"],
  outputsOf(program).map(({ name, description }) => [`\`${name}\``, description]),
)}`;
}

/**
 * The exports of a program, in order, each with the one-line doc comment above it.
 *
 * @throws Error when an export has none.
 */
export function outputsOf(program: string): Output[] {
  return [...program.matchAll(/^(?:\/\*\* (.*) \*\/\n)?export const (\w+)/gm)].map(
    ([, description, name = ""]) => ({ name, description: describe(name, description) }),
  );
}

/** Keys carry no type (Pulumi.yaml says why); their defaults show it. */
function typeOf({ default: value }: Key): string {
  if (Array.isArray(value)) return "list of texts";
  return (
    { boolean: "true or false", number: "whole number", object: "object" }[
      typeof value as string
    ] ?? "text"
  );
}

/** An empty default means "nothing set", whatever its type. */
function defaultOf(name: string, key: Key): string {
  if (!("default" in key))
    throw new Error(
      `${name}: a default is needed, or the CLI stops before our checks; give it one in ` +
        "Pulumi.yaml",
    );
  const value = key.default;
  const empty =
    value === "" ||
    (typeof value === "object" && value !== null && Object.keys(value).length === 0);
  return empty ? "–" : `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function describe(name: string, description: string | undefined): string {
  if (!description?.trim())
    throw new Error(
      `${name}: a description is needed for the page of settings and outputs; write it ` +
        `where ${name} is declared`,
    );
  return description.trim();
}

/** A table in Markdown. A bar would end a cell, and `<name>` would be taken for HTML. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string) =>
    text.replace(/\s+/g, " ").replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(" | ")} |\n`;
  return line(head) + `|${head.map(() => "---").join("|")}|\n` + rows.map(line).join("");
}
