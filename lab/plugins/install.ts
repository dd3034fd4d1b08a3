import { chmod, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { cacheDir, logDir, projectDir } from "../paths.ts";
import { pluginVersion } from "./version.ts";

/**
 * The plugins the lab stands in for, by the name the engine knows, with the SDK package whose
 * version they must have.
 */
const plugins = {
  aws: "@pulumi/aws",
  cloudflare: "@pulumi/cloudflare",
  command: "@pulumi/command",
} as const;
type Name = keyof typeof plugins;

const mark = "# etcd-lab: stands in for the official plugin";

/**
 * Puts the lab's plugins where the CLI looks for installed ones: a launcher
 * `plugins/resource-<name>-v<version>/pulumi-resource-<name>` below its home. Nothing is copied: a
 * launcher starts the sources of this checkout with the Node that runs this. With
 * LAB_PLUGINS=official it takes the launchers away, and the CLI fetches the official plugins.
 */
export async function installPlugins(pulumiHome: string): Promise<void> {
  const choice = process.env.LAB_PLUGINS ?? "lab";
  if (choice !== "lab" && choice !== "official")
    throw new Error(
      `LAB_PLUGINS: "lab" (the default) or "official" is possible (got ${JSON.stringify(choice)})`,
    );
  for (const name of Object.keys(plugins) as Name[]) {
    const folder = path.join(
      pulumiHome,
      "plugins",
      `resource-${name}-v${pluginVersion(plugins[name])}`,
    );
    const file = path.join(folder, `pulumi-resource-${name}`);
    if (choice === "official") {
      if (await isLauncher(file)) await rm(folder, { recursive: true });
      continue;
    }
    await mkdir(folder, { recursive: true });
    await writeFile(file, launcher(name));
    await chmod(file, 0o755);
  }
}

function launcher(name: Name): string {
  const variables = {
    ETCD_LAB_PLUGIN_LOG: path.join(logDir, `plugin-${name}.log`),
    NODE_COMPILE_CACHE: path.join(cacheDir, "node-compile"),
  };
  return [
    "#!/bin/sh",
    mark,
    ...Object.entries(variables).map(([key, value]) => `export ${key}=${quoted(value)}`),
    "export ETCD_LAB_ENGINE=$PPID", // a plugin ends with its engine
    `exec ${quoted(process.execPath)} --disable-warning=ExperimentalWarning ` +
      `${quoted(path.join(projectDir, "lab", "plugins", name, "main.ts"))} "$@"`,
    "",
  ].join("\n");
}

/** An official plugin in the same place is a binary of many megabytes: it stays. */
async function isLauncher(file: string): Promise<boolean> {
  const content = await readFile(file, "latin1").catch(() => "");
  return content.startsWith("#!/bin/sh") && content.includes(mark);
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
