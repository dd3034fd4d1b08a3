import * as os from "node:os";
import * as path from "node:path";

/** The checkout. */
export const projectDir = path.resolve(import.meta.dirname, "..");

/**
 * What one run of the lab keeps: stack state, keys, plugins, logs, volumes. `npm run down` empties
 * it.
 */
export const labDir = path.join(projectDir, ".lab");
export const logDir = path.join(labDir, "logs");
export const keyDir = path.join(labDir, "keys");
export const volumeDir = path.join(labDir, "volumes");
export const pulumiHome = path.join(labDir, "pulumi");
export const stateDir = path.join(labDir, "state");

/** What is expensive to make and the same for every checkout: the CLI, etcd builds, images. */
export const cacheDir = path.resolve(
  process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"),
  "etcd-lab",
);
