/** The project's own files, found by what they are: a script of the cookbook has no extension. */
import { glob, readFile } from "node:fs/promises";
import * as path from "node:path";
import { projectDir } from "../../lab/paths.ts";

export interface SourceFile {
  /** From the project's folder. */
  readonly name: string;
  readonly text: string;
}

/** Folders of the project that hold nothing of ours. */
const foreign = /^(node_modules|\.git|\.lab(-2)?)$/;

/**
 * The files of one language, sorted by name: those with one of its extensions, and those whose
 * first line names one of its interpreters.
 */
export async function filesOf(extensions: RegExp, interpreter?: RegExp): Promise<SourceFile[]> {
  const found: SourceFile[] = [];
  for await (const entry of glob(["**/*", ".ci/*"], {
    cwd: projectDir,
    withFileTypes: true,
    exclude: ({ name }) => foreign.test(name),
  })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const byName = extensions.test(entry.name);
    if (!byName && (interpreter === undefined || entry.name.includes("."))) continue;
    const text = await readFile(file, "utf8");
    if (byName || interpreter?.test(text.slice(0, text.indexOf("\n"))))
      found.push({ name: path.relative(projectDir, file), text });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
