import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { parse, stringify } from "yaml";
import { projectDir } from "../lab/paths.ts";
import { run } from "../lab/shell.ts";
import { median } from "./statistics.ts";

/**
 * A whole `pulumi up` from an empty stack to health, in seconds: medians with TLS and without, in
 * turns. The lab runs afterwards, with an empty stack.
 */
export async function tlsAgainstPlain(runs: number): Promise<{ tls: number; plain: number }> {
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-bench-tls-"));
  const stack = parse(await readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8")) as {
    config: Record<string, unknown>;
  };
  const npmRun = (...args: string[]) =>
    run(process.execPath, [path.join(projectDir, "commands/run.mjs"), ...args], {
      cwd: projectDir,
      timeoutMs: 600_000,
    });
  /**
   * A lab of its own for each: nodes ask for both kinds of SRV, as etcd does, and a resolver
   * remembers that there was none of the other kind.
   */
  const emptyLab = async () => {
    await npmRun("lab", "stop");
    await npmRun("lab", "start");
  };
  const seconds: Record<"tls" | "plain", number[]> = { tls: [], plain: [] };
  try {
    for (let i = 0; i < runs; i++) {
      for (const kind of ["tls", "plain"] as const) {
        const file = path.join(folder, `${kind}.yaml`);
        await writeFile(
          file,
          stringify({ ...stack, config: { ...stack.config, "etcd:tls": kind === "tls" } }),
        );
        await emptyLab();
        const began = performance.now();
        await npmRun(
          "pulumi",
          "up",
          "--config-file",
          file,
          "--yes",
          "--skip-preview",
          "--non-interactive",
        );
        seconds[kind].push((performance.now() - began) / 1000);
      }
    }
    await emptyLab();
    return { tls: median(seconds.tls), plain: median(seconds.plain) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** How long the fault suite takes (npm test -- --tier faults), in seconds; throws when it fails. */
export async function faultSuite(): Promise<number> {
  const text = await run(
    process.execPath,
    [path.join(projectDir, "commands/run.mjs"), "test", "--tier", "faults"],
    { cwd: projectDir, timeoutMs: 900_000, env: { NODE_TEST_CONTEXT: undefined } },
  );
  const [, seconds] = /^faults tier: (\d+) s$/m.exec(text) ?? [];
  if (!seconds) throw new Error("npm test -- --tier faults did not say how long it took");
  return Number(seconds);
}
