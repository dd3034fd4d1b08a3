import { readFileSync } from "node:fs";
import * as path from "node:path";
import { podman } from "../lab/podman.ts";
import { logDir, projectDir } from "../lab/paths.ts";
import { run } from "../lab/shell.ts";

export interface FreshUp {
  /** The lines of `npm run up` that say how long what took. */
  readonly phases: readonly string[];
  /** From the moment the last machine let the bootstrap in until the members were healthy, in seconds. */
  readonly sshToHealthy: number;
  /** Resident memory of all containers and of the daemon, in MiB. */
  readonly memoryMiB: number;
}

/** `npm run up` from nothing but caches, timed by its own event log. The cluster is left running. */
export async function freshUp(): Promise<FreshUp> {
  const command = (name: string) => run(process.execPath, [path.join(projectDir, "commands/run.mjs"), name], { cwd: projectDir, timeoutMs: 600_000 });
  await command("down");
  const text = await command("up");
  return { phases: text.split("\n").filter((line) => /^(Up in|Within)/.test(line)), sshToHealthy: sshToHealthy(), memoryMiB: await memoryMiB() };
}

interface Event { timestamp: number; resourcePreEvent?: { metadata: { urn: string } }; resOutputsEvent?: { metadata: { urn: string } }; diagnosticEvent?: { message: string } }

/** The bootstraps' first success in dialling is not logged, so the begin of the last bootstrap stands for it; both differ by the wait for sshd. */
function sshToHealthy(): number {
  const events = readFileSync(path.join(logDir, "pulumi-up.events"), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line) as Event & { timestamp: number });
  const at = (pick: (e: Event) => string | undefined, wanted: RegExp) => events.filter((e) => wanted.test(pick(e) ?? "")).map((e) => e.timestamp);
  const begun = Math.max(...at((e) => e.resourcePreEvent?.metadata.urn, /-bootstrap$/)), healthy = Math.max(...at((e) => e.resOutputsEvent?.metadata.urn, /ClusterHealth::/));
  return healthy - begun;
}

async function memoryMiB(): Promise<number> {
  const used = await podman(["stats", "--no-stream", "--format", "{{.MemUsage}}"]);
  const unit: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };
  const bytes = used.split("\n").flatMap((line) => { const m = /^([\d.]+)(kB|MB|GB)/.exec(line); return m ? [Number(m[1]) * (unit[m[2] ?? ""] ?? 1)] : []; }).reduce((a, b) => a + b, 0);
  const daemon = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${readFileSync(path.join(projectDir, ".lab/daemon.pid"), "utf8").split(" ")[0]}/status`, "utf8"))?.[1];
  return Math.round(bytes / 2 ** 20 + Number(daemon ?? 0) / 1024);
}
