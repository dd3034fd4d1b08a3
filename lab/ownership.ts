/** Whose the lab of this checkout is. */
import { accessSync, constants, statSync } from "node:fs";
import * as path from "node:path";
import { labDir, stateDir } from "./paths.ts";

/**
 * Throws, in one sentence, when a lab is here that this user may not use: one that root started,
 * and no `sudo`. Before anything is built for it.
 */
export function checkLabIsOurs(
  command: string,
  folders: readonly string[] = [labDir, stateDir, path.join(stateDir, ".pulumi/stacks/etcd")],
): void {
  const closed = folders.find((folder) => !usable(folder));
  if (closed === undefined) return;
  const owner = statSync(folders[0] ?? "", { throwIfNoEntry: false })?.uid;
  throw new Error(
    `the lab of this checkout belongs to ${owner === 0 ? "root" : `the user ${owner}`}, and ` +
      `this user may not use it (${closed}); type: sudo npm run ${command}, or work as its owner`,
  );
}

/** Whether it may be read and written; what is not there yet may be. */
function usable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT";
  }
}
