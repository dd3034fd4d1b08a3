/**
 * The text of configuration.md, from the schema of settings and index.ts: what they say is written
 * once, there. Pure.
 */
import type { SettingRow } from "./settingRows.ts";

/** One export of index.ts with its doc comment. */
export interface Output {
  readonly name: string;
  readonly description: string;
}

/**
 * The whole page: a table of the project's settings in the order of the schema, then the stack's
 * outputs.
 *
 * @param program text of index.ts
 * @throws Error when a setting has no description, or an export no doc comment.
 */
export function configurationPage(settings: readonly SettingRow[], program: string): string {
  return `# Configuration

Made from [components/settings/schema.ts](../components/settings/schema.ts) and
[index.ts](../index.ts) by \`npm run docs\`; change those, not this page. The rules stand in
[components/settings/](../components/settings): wrong values are refused in \`preview\`, all of them
together.

Keys are set with \`pulumi config set etcd:<key> <value>\`, parts of objects and lists with
\`--path\`: \`pulumi config set --path 'etcd:nodes.a.zone' us-east-1a\`. A program that makes an
[EtcdCluster](../components/settings/clusterArgs.ts) itself gives the same settings as its arguments
(but for \`sshPrivateKeyFile\`), with the same defaults and rules.

## Settings

${table(
  ["Key", "Type", "Default", "What it is"],
  settings.map((setting) => [
    `\`etcd:${setting.name}\``,
    setting.type,
    defaultOf(setting.default),
    describe(setting.name, setting.description),
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

/** An empty default means "nothing set", whatever its type. */
function defaultOf(value: unknown): string {
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
