/** The `config:` section of Pulumi.yaml, from the schema of settings. Pure. */
import type { SettingRow } from "./settingRows.ts";

/**
 * Pulumi.yaml with its `config:` section, the last one, made anew.
 *
 * @throws Error when the file has no such section
 */
export function withSettings(projectFile: string, settings: readonly SettingRow[]): string {
  const head = /^[\s\S]*^config:\n/m.exec(projectFile)?.[0];
  if (head === undefined)
    throw new Error("Pulumi.yaml: a line `config:` is needed, the last section");
  return head + settings.map(keyOf).join("");
}

/** JSON is YAML; a description is folded, so that it needs no quotes. */
function keyOf({ name, default: value, description }: SettingRow): string {
  return [
    `  ${name}:`,
    `    default: ${JSON.stringify(value)}`,
    "    description: >-",
    ...wrapped(description, 94).map((line) => `      ${line}`),
    "",
  ].join("\n");
}

function wrapped(text: string, most: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    if (line && line.length + 1 + word.length > most) {
      lines.push(line);
      line = word;
    } else line = line ? `${line} ${word}` : word;
  }
  return [...lines, line];
}
