import { readFileSync } from "node:fs";
import * as path from "node:path";
import { projectDir } from "../lab/paths.ts";
import { podman } from "../lab/podman.ts";
import { run } from "../lab/shell.ts";
import { watchSsh } from "./watchSsh.ts";

export interface FreshUp {
  /** The lines of `npm run up` that say how long what took. */
  readonly phases: readonly string[];
  /**
   * From the gate's opening, when the bootstraps begin, until the members were healthy, in seconds.
   */
  readonly gateToHealthy: number;
  /** From the moment when the gate is open and the last machine answers SSH, in seconds. */
  readonly reachableToHealthy: number;
  /** Resident memory of all containers and of the daemon, in MiB. */
  readonly memoryMiB: number;
}

/** `npm run up` from nothing but caches. The cluster is left running. */
export async function freshUp(): Promise<FreshUp> {
  const command = (name: string, onLine?: (line: string) => void) =>
    run(process.execPath, [path.join(projectDir, "commands/run.mjs"), name], {
      cwd: projectDir,
      timeoutMs: 600_000,
      ...(onLine ? { onLine } : {}),
    });
  await command("down");
  const machines = watchSsh();
  let began = NaN;
  const text = await command("up", (line) => {
    if (Number.isNaN(began) && /^ *[\d.]+ s {2}/.test(line)) began = Date.now();
  });
  const answered = ((await machines.stop()) - began) / 1000;
  const times = /^From the open DNS gate \(([\d.]+) s\) to a healthy cluster \(([\d.]+) s\)/m.exec(
    text,
  );
  if (!times)
    throw new Error(
      "npm run up did not say when the gate opened and when the cluster was healthy; " +
        "was there a cluster already?",
    );
  const [, opened, healthy] = times.map(Number);
  return {
    phases: text.split("\n").filter((line) => /^(Up in|Within)/.test(line)),
    gateToHealthy: healthy! - opened!,
    reachableToHealthy: healthy! - Math.max(opened!, answered),
    memoryMiB: await memoryMiB(),
  };
}

async function memoryMiB(): Promise<number> {
  const used = await podman(["stats", "--no-stream", "--format", "{{.MemUsage}}"]);
  const unit: Readonly<Record<string, number>> = { kB: 1e3, MB: 1e6, GB: 1e9 };
  const bytes = used
    .split("\n")
    .flatMap((line) => {
      const m = /^([\d.]+)(kB|MB|GB)/.exec(line);
      return m ? [Number(m[1]) * (unit[m[2] ?? ""] ?? 1)] : [];
    })
    .reduce((a, b) => a + b, 0);
  const [pid] = readFileSync(path.join(projectDir, ".lab/daemon.pid"), "utf8").split(" ");
  const daemon = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(bytes / 2 ** 20 + Number(daemon ?? 0) / 1024);
}
