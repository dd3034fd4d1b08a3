/** Shell: read by shellcheck where the machine has it. */
import { installPackages, missingCommands } from "../../lab/prerequisites.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { projectDir } from "../../lab/paths.ts";
import { filesOf } from "./files.ts";

const tool = [{ command: "shellcheck", apt: "shellcheck", dnf: "ShellCheck" }];

/**
 * What shellcheck finds, a line each; or a reason, for the end of a line, why it was not asked.
 * Where CI says that nothing may be left out (CI or ETCD_LAB_REQUIRED is set), root installs it.
 */
export async function checkShell(say: (line: string) => void): Promise<string[] | string> {
  const strict = Boolean(process.env.CI) || process.env.ETCD_LAB_REQUIRED === "1";
  if (strict && process.getuid?.() === 0) await installPackages(tool, say).catch(() => undefined);
  if ((await missingCommands(tool)).length > 0)
    return "there is no shellcheck; install it with: apt-get install shellcheck";
  const files = await filesOf(/\.sh$/, /^#!.*\b(ba)?sh\b/);
  try {
    await run("shellcheck", ["--format", "gcc", ...files.map(({ name }) => name)], {
      cwd: projectDir,
    });
    return [];
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== 1) throw error;
    return error.output.trim().split("\n");
  }
}
