/** Python: laid out and read by ruff, which comes as WebAssembly, so that no Python is needed. */
import { writeFile } from "node:fs/promises";
import * as path from "node:path";
import ruff, { type Diagnostic } from "@astral-sh/ruff-wasm-nodejs";
import { projectDir } from "../../lab/paths.ts";
import { filesOf } from "./files.ts";

const settings = {
  "line-length": 100,
  // Debian 12's, the oldest a member or the lab runs on
  "target-version": "py311",
  // ruff's own choice, and: order of imports, likely mistakes, what newer Pythons say better, width
  lint: { select: ["E4", "E7", "E9", "F", "I", "B", "UP", "E501"] },
};

/** What ruff finds, a line each. `fix` writes the layout instead of comparing it. */
export async function checkPython(fix: boolean): Promise<string[]> {
  const workspace = new ruff.Workspace(settings, ruff.PositionEncoding.Utf32);
  const findings: string[] = [];
  for (const { name, text } of await filesOf(/\.py$/, /^#!.*\bpython3?\b/)) {
    try {
      const formatted = workspace.format(text);
      if (formatted !== text && fix) await writeFile(path.join(projectDir, name), formatted);
      else if (formatted !== text)
        findings.push(`${name}: not laid out as ruff does it; npm run check -- --fix does`);
      for (const { start_location: at, code, message } of workspace.check(
        fix ? formatted : text,
      ) as Diagnostic[])
        findings.push(`${name}:${at.row}:${at.column} ${code ?? ""} ${message}`);
    } catch (error) {
      findings.push(`${name}: ruff cannot read it: ${(error as Error).message}`);
    }
  }
  return findings;
}
