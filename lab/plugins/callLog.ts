import { AsyncLocalStorage } from "node:async_hooks";
import { appendFileSync, mkdirSync } from "node:fs";
import * as path from "node:path";

/** Where the plugin writes its log; the launcher sets it. Without it nothing is written. */
const file = process.env.ETCD_LAB_PLUGIN_LOG;
const current = new AsyncLocalStorage<string>();

if (file) mkdirSync(path.dirname(file), { recursive: true });

/**
 * Writes one line to the plugin's log, with the time and the resource whose call is running. Never
 * give it a property's value.
 */
export function note(line: string): void {
  if (!file) return;
  const label = current.getStore();
  try {
    appendFileSync(
      file,
      `${new Date().toISOString()} ` +
        `${label ? `[${label}] ` : ""}${line.replaceAll("\n", "\n    ")}\n`,
    );
  } catch {
    // The lab's folder was emptied under a running plugin: no reason to fail what it is doing.
  }
}

/**
 * Runs a call so that every line it writes names it, and notes how it ended and how long it took.
 */
export async function noting<T>(
  label: string,
  describe: (result: T) => string,
  call: () => Promise<T>,
): Promise<T> {
  return current.run(label, async () => {
    const start = performance.now();
    const took = () => `${Math.round(performance.now() - start)} ms`;
    try {
      const result = await call();
      note(`${describe(result)} (${took()})`);
      return result;
    } catch (error) {
      note(`failed after ${took()}: ${error instanceof Error ? error.message : String(error)}`);
      throw error;
    }
  });
}
