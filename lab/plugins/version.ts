import { readFileSync } from "node:fs";
import * as path from "node:path";
import { projectDir } from "../paths.ts";

/**
 * The version of an SDK package in node_modules. The engine asks for a plugin of just this version,
 * because the SDK names it. Throws when the package is not installed.
 */
export function pluginVersion(packageName: string): string {
  const file = path.join(projectDir, "node_modules", packageName, "package.json");
  const { version } = JSON.parse(readFileSync(file, "utf8")) as { version: string };
  return version;
}
