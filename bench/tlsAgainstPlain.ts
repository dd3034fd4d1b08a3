import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { projectDir } from "../lab/paths.ts";
import { run } from "../lab/shell.ts";
import { median } from "./statistics.ts";

/** A whole `pulumi up` from an empty stack to health, in seconds: medians with TLS and without, in turns. The lab runs; its stack is empty afterwards. */
export async function tlsAgainstPlain(runs: number): Promise<{ tls: number; plain: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-bench-tls-"));
  const stack = parse(await readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8")) as { config: Record<string, unknown> };
  const pulumi = (...args: string[]) => run(process.execPath, [path.join(projectDir, "commands/run.mjs"), "pulumi", ...args, "--yes", "--skip-preview", "--non-interactive"], { cwd: projectDir, timeoutMs: 600_000 });
  const seconds: Record<"tls" | "plain", number[]> = { tls: [], plain: [] };
  try {
    for (let i = 0; i < runs; i++) {
      for (const kind of ["tls", "plain"] as const) {
        const file = path.join(folder, `${kind}.yaml`);
        await writeFile(file, stringify({ ...stack, config: { ...stack.config, "etcd:tls": kind === "tls" } }));
        await pulumi("destroy");
        const began = performance.now();
        await pulumi("up", "--config-file", file);
        seconds[kind].push((performance.now() - began) / 1000);
      }
    }
    await pulumi("destroy");
    return { tls: median(seconds.tls), plain: median(seconds.plain) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How long the fault suite takes (npm test -- --tier faults), in seconds; throws when it fails. */
export async function faultSuite(): Promise<number> {
  const text = await run(process.execPath, [path.join(projectDir, "commands/run.mjs"), "test", "--tier", "faults"], { cwd: projectDir, timeoutMs: 900_000, env: { NODE_TEST_CONTEXT: undefined } });
  const [, seconds] = /^faults tier: (\d+) s$/m.exec(text) ?? [];
  if (!seconds) throw new Error("npm test -- --tier faults did not say how long it took");
  return Number(seconds);
}
