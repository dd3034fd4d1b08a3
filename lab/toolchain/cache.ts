import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { cacheDir } from "../paths.ts";

/**
 * A folder of the cache, filled once: `fill` works in a temporary folder that gets its name only
 * when complete, so that a killed or parallel run never leaves half of one behind. Returns the
 * folder.
 */
export async function cached(
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const target = path.join(cacheDir, name);
  if (existsSync(target)) return target;
  await fs.mkdir(cacheDir, { recursive: true });
  await removeAbandoned();
  const work = await fs.mkdtemp(path.join(cacheDir, `.making-${name}-`));
  try {
    await fill(work);
    await fs.chmod(work, 0o755);
    await fs.rename(work, target);
  } catch (error) {
    if (!existsSync(target)) throw error; // else a parallel run was first, which is as good
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
  return target;
}

/** Work that a killed run left behind more than two hours ago. */
async function removeAbandoned(): Promise<void> {
  for (const name of (await fs.readdir(cacheDir)).filter((entry) => entry.startsWith(".making-"))) {
    const folder = path.join(cacheDir, name);
    // gone meanwhile
    const { mtimeMs } = await fs.stat(folder).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > 2 * 3_600_000) await fs.rm(folder, { recursive: true, force: true });
  }
}
