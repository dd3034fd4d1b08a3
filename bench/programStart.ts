import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { projectDir } from "../lab/paths.ts";
import { pulumiEnvironment } from "../lab/pulumiEnvironment.ts";
import { run } from "../lab/shell.ts";
import { median } from "./statistics.ts";

export interface Start {
  /** From the start of the CLI until the program has registered its first resource, in seconds. */
  readonly start: number;
  /** A whole `pulumi up` that changes nothing, in seconds. */
  readonly noop: number;
}

/** Medians for this project's stack, which must be up and unchanged, and for a program with nothing in it, in turns. */
export async function programStart(cliDir: string, runs: number): Promise<{ ours: Start; empty: Start }> {
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-bench-"));
  const pulumi = path.join(cliDir, "pulumi"), environment = pulumiEnvironment(cliDir);
  const empty = { ...environment, PULUMI_BACKEND_URL: `file://${folder}?metadata=skip`, PULUMI_STACK: "empty" };
  try {
    await writeFile(path.join(folder, "Pulumi.yaml"), "name: empty\nruntime:\n  name: nodejs\n  options: {typescript: false, nodeargs: --disable-warning=ExperimentalWarning}\nmain: index.ts\n");
    await writeFile(path.join(folder, "package.json"), '{"type":"module"}');
    await writeFile(path.join(folder, "index.ts"), 'import "@pulumi/pulumi";\n');
    await symlink(path.join(projectDir, "node_modules"), path.join(folder, "node_modules"));
    await run(pulumi, ["stack", "init", "empty"], { cwd: folder, env: empty });
    const of: Record<"ours" | "empty", Start[]> = { ours: [], empty: [] };
    await timeUp(pulumi, folder, empty, folder); // makes the empty stack's one resource
    for (let i = 0; i < runs; i++) {
      of.ours.push(await timeUp(pulumi, projectDir, environment, folder));
      of.empty.push(await timeUp(pulumi, folder, empty, folder));
    }
    const medians = (all: Start[]): Start => ({ start: median(all.map((s) => s.start)), noop: median(all.map((s) => s.noop)) });
    return { ours: medians(of.ours), empty: medians(of.empty) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function timeUp(pulumi: string, cwd: string, env: Record<string, string | undefined>, folder: string): Promise<Start> {
  const events = path.join(folder, "events.log");
  await rm(events, { force: true });
  const began = performance.now();
  const child = spawn(pulumi, ["up", "--yes", "--skip-preview", "--non-interactive", "--event-log", events], { cwd, stdio: "ignore", env: { ...process.env, ...env, PULUMI_DEBUG_COMMANDS: "true" } });
  let start = NaN;
  const poll = setInterval(() => {
    if (Number.isNaN(start) && existsSync(events) && readFileSync(events, "utf8").includes("resourcePreEvent")) start = (performance.now() - began) / 1000;
  }, 5);
  const code = await new Promise((resolve, reject) => { child.on("error", reject); child.on("exit", resolve); });
  clearInterval(poll);
  if (code !== 0) throw new Error(`pulumi up in ${cwd === projectDir ? "this project" : "the empty project"} ended with ${code}`);
  return { start, noop: (performance.now() - began) / 1000 };
}
