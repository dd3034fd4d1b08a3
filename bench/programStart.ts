import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { addresses, zone } from "../lab/addresses.ts";
import { projectDir } from "../lab/paths.ts";
import { pulumiEnvironment } from "../lab/pulumiEnvironment.ts";
import { run } from "../lab/shell.ts";
import { stackFileArguments } from "../lab/stackFile.ts";
import { median } from "./statistics.ts";

export interface Start {
  /** From the start of the CLI until the program has registered its first resource, in seconds. */
  readonly start: number;
  /** A whole `pulumi up` that changes nothing, in seconds. */
  readonly noop: number;
}

/**
 * Programs to compare with: one with nothing in it, and one that does nothing but start the four
 * plugins that this project needs.
 */
const others = {
  empty: 'import "@pulumi/pulumi";\n',
  plugins: `import * as pulumi from "@pulumi/pulumi";
import { Provider as Aws } from "@pulumi/aws/provider.js";
import { Provider as Cloudflare } from "@pulumi/cloudflare/provider.js";
import { Provider as Command } from "@pulumi/command/provider.js";
new Aws("aws", {
  region: "us-east-1",
  accessKey: "lab",
  secretKey: "lab",
  skipCredentialsValidation: true,
  endpoints: [{ ec2: "http://127.0.0.1:${addresses.ec2Port}" }],
});
new Cloudflare("cloudflare", {
  apiToken: "${zone.apiToken}",
  baseUrl: "http://127.0.0.1:${addresses.cloudflarePort}/client/v4",
});
new Command("command");
const nothing = {
  create: async () => ({ id: "one", outs: {} }),
  diff: async () => ({ changes: false }),
};
new pulumi.dynamic.Resource(nothing, "dynamic", {});
`,
} as const;

/**
 * Medians for this project's stack, which must be up and unchanged, and for the programs above, in
 * turns.
 */
export async function programStart(
  cliDir: string,
  runs: number,
): Promise<Record<"ours" | keyof typeof others, Start>> {
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-bench-"));
  const pulumi = path.join(cliDir, "pulumi");
  const ours = pulumiEnvironment(cliDir);
  const events = path.join(folder, "events.log");
  const names = Object.keys(others) as (keyof typeof others)[];
  const of: Record<"ours" | keyof typeof others, Start[]> = { ours: [], empty: [], plugins: [] };
  const environment = (name: string) => ({
    ...ours,
    PULUMI_BACKEND_URL: `file://${path.join(folder, name)}?metadata=skip`,
    PULUMI_STACK: "bench",
  });
  try {
    for (const name of names) {
      await writeProgram(path.join(folder, name), others[name]);
      await run(pulumi, ["stack", "init", "bench"], {
        cwd: path.join(folder, name),
        env: environment(name),
      });
      // makes what the later ones find unchanged
      await timeUp(pulumi, path.join(folder, name), environment(name), events);
    }
    for (let i = 0; i < runs; i++) {
      of.ours.push(await timeUp(pulumi, projectDir, ours, events));
      for (const name of names)
        of[name].push(await timeUp(pulumi, path.join(folder, name), environment(name), events));
    }
    const medians = (all: Start[]): Start => ({
      start: median(all.map((s) => s.start)),
      noop: median(all.map((s) => s.noop)),
    });
    return { ours: medians(of.ours), empty: medians(of.empty), plugins: medians(of.plugins) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function writeProgram(folder: string, source: string): Promise<void> {
  await mkdir(folder);
  await writeFile(
    path.join(folder, "Pulumi.yaml"),
    "name: bench\nruntime:\n  name: nodejs\n  options: {typescript: false, nodeargs: " +
      "--disable-warning=ExperimentalWarning}\nmain: index.ts\n",
  );
  await writeFile(path.join(folder, "package.json"), '{"type":"module"}');
  await writeFile(path.join(folder, "index.ts"), source);
  await symlink(path.join(projectDir, "node_modules"), path.join(folder, "node_modules"));
}

async function timeUp(
  pulumi: string,
  cwd: string,
  env: Record<string, string | undefined>,
  events: string,
): Promise<Start> {
  await rm(events, { force: true });
  const stackFile = cwd === projectDir ? await stackFileArguments() : [];
  const began = performance.now();
  const child = spawn(
    pulumi,
    ["up", "--yes", "--skip-preview", "--non-interactive", ...stackFile, "--event-log", events],
    { cwd, stdio: "ignore", env: { ...process.env, ...env, PULUMI_DEBUG_COMMANDS: "true" } },
  );
  let start = NaN;
  const poll = setInterval(() => {
    if (
      Number.isNaN(start) &&
      existsSync(events) &&
      readFileSync(events, "utf8").includes("resourcePreEvent")
    )
      start = (performance.now() - began) / 1000;
  }, 5);
  const code = await new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", resolve);
  });
  clearInterval(poll);
  if (code !== 0)
    throw new Error(
      `pulumi up in ${cwd === projectDir ? "this project" : path.basename(cwd)} ended with ${code}`,
    );
  const noop = (performance.now() - began) / 1000;
  const changed = /"resourceChanges":(\{[^}]*\})/.exec(await readFile(events, "utf8"))?.[1];
  if (cwd === projectDir && !/^\{"same":\d+\}$/.test(changed ?? ""))
    throw new Error(`the up that was to change nothing had these changes: ${changed}`);
  return { start, noop };
}
