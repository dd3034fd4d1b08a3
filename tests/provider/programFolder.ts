/** A folder with a Pulumi program of its own, which uses this project's packages. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { projectDir } from "../../lab/paths.ts";

/** Writes the program there as project `name`, and makes `state` for a file backend beside it. */
export async function writeProgram(
  folder: string,
  name: string,
  program: string,
  more: Readonly<Record<string, string>> = {},
): Promise<void> {
  const files = {
    "Pulumi.yaml":
      `name: ${name}\nmain: index.ts\nruntime: {name: nodejs, options: {typescript: ` +
      "false, nodeargs: --disable-warning=ExperimentalWarning}}\n",
    "package.json": JSON.stringify({ name, type: "module" }),
    "index.ts": program,
    ...more,
  };
  for (const [file, text] of Object.entries(files))
    await fs.writeFile(path.join(folder, file), text);
  await fs.symlink(path.join(projectDir, "node_modules"), path.join(folder, "node_modules"));
  await fs.mkdir(path.join(folder, "state"));
}
