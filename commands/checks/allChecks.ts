/** What is looked at without running anything: how files are laid out, and mistakes tools see. */
import * as path from "node:path";
import { projectDir } from "../../lab/paths.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { checkPython } from "./python.ts";
import { checkShell } from "./shell.ts";
import { checkWidth } from "./width.ts";

export interface Check {
  /** What is looked at, and the tool that does. */
  readonly name: string;
  /** Findings, a line each; or a reason why the tool was not asked. */
  readonly find: (say: (line: string) => void) => Promise<string[] | string>;
}

/** One of the project's packages, run over the whole tree; it writes findings and exits with 1. */
async function packageFindings(script: string, ...args: string[]): Promise<string[]> {
  try {
    await run(process.execPath, [path.join(projectDir, "node_modules", script), ...args], {
      cwd: projectDir,
      timeoutMs: 600_000,
    });
    return [];
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    return error.output.trim().split("\n");
  }
}

/** `fix` lets formatters and linters change what they can. */
const allChecks = (fix: boolean): Check[] => [
  {
    name: "format (prettier)",
    find: () =>
      packageFindings(
        "prettier/bin/prettier.cjs",
        fix ? "--write" : "--check",
        "--log-level=warn",
        ".",
      ),
  },
  { name: "types (tsc)", find: () => packageFindings("typescript/bin/tsc", "--noEmit") },
  {
    name: "lint (eslint)",
    find: () =>
      packageFindings("eslint/bin/eslint.js", ...(fix ? ["--fix"] : []), "--max-warnings=0", "."),
  },
  { name: "python (ruff)", find: () => checkPython(fix) },
  { name: "shell (shellcheck)", find: checkShell },
  { name: "width (shell, ruby)", find: checkWidth },
];

/**
 * Runs all checks, two at a time, and says a line for each with its seconds, its findings before
 * it. Resolves with how many found nothing and how many failed; one that was not asked is neither.
 */
export async function check(
  say: (line: string) => void,
  fix = false,
): Promise<{ passed: number; failed: number }> {
  const sums = { passed: 0, failed: 0 };
  const waiting = allChecks(fix);
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const started = Date.now();
      const found = await next.find(say);
      const seconds = `${((Date.now() - started) / 1000).toFixed(1)} s`;
      if (typeof found === "string") {
        say(`check: ${next.name} was skipped: ${found}`);
        continue;
      }
      for (const line of found) say(line);
      sums[found.length === 0 ? "passed" : "failed"] += 1;
      say(`check: ${next.name} ${found.length === 0 ? "finds nothing" : "failed"} (${seconds})`);
    }
  };
  // Fixes go one after the other: two tools would write the same file.
  await Promise.all(fix ? [work()] : [work(), work()]);
  return sums;
}
