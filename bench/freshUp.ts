import { readFileSync } from "node:fs";
import * as path from "node:path";
import { podman } from "../lab/podman.ts";
import { projectDir } from "../lab/paths.ts";
import { run } from "../lab/shell.ts";

export interface FreshUp {
  /** The lines of `npm run up` that say how long what took. */
  readonly phases: readonly string[];
  /** From the gate's opening, when the bootstraps begin, until the members were healthy, in seconds. */
  readonly gateToHealthy: number;
  /** Resident memory of all containers and of the daemon, in MiB. */
  readonly memoryMiB: number;
}

/** `npm run up` from nothing but caches. The cluster is left running. */
export async function freshUp(): Promise<FreshUp> {
  const command = (name: string) => run(process.execPath, [path.join(projectDir, "commands/run.mjs"), name], { cwd: projectDir, timeoutMs: 600_000 });
  await command("down");
  const text = await command("up");
  return { phases: text.split("\n").filter((line) => /^(Up in|Within)/.test(line)), gateToHealthy: gateToHealthy(text), memoryMiB: await memoryMiB() };
}

/** Bootstraps begin when the gate opens; by then the lab's machines let SSH in. Read from the times that `up` prints. */
function gateToHealthy(output: string): number {
  const at = (what: string) => Number(new RegExp(`^\\s*([\\d.]+) s\\s+${what} .*made`, "m").exec(output)?.[1]);
  return at("health") - at("DNS gate");
}

async function memoryMiB(): Promise<number> {
  const used = await podman(["stats", "--no-stream", "--format", "{{.MemUsage}}"]);
  const unit: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };
  const bytes = used.split("\n").flatMap((line) => { const m = /^([\d.]+)(kB|MB|GB)/.exec(line); return m ? [Number(m[1]) * (unit[m[2] ?? ""] ?? 1)] : []; }).reduce((a, b) => a + b, 0);
  const daemon = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${readFileSync(path.join(projectDir, ".lab/daemon.pid"), "utf8").split(" ")[0]}/status`, "utf8"))?.[1];
  return Math.round(bytes / 2 ** 20 + Number(daemon ?? 0) / 1024);
}
