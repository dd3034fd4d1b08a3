// A run that is killed (SIGKILL to the CLI and all its plugins) at every step of a fresh `up`, again and again: the last run ends in the
// state of an undisturbed one, with nothing orphaned. Does not prove it for real AWS and Cloudflare, whose answers can be lost in more ways.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { labDir, projectDir } from "../../lab/paths.ts";
import { pulumiEnvironment } from "../../lab/pulumiEnvironment.ts";
import { createStack, removeDeadLocks } from "../../lab/stack.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { destroyStack, mustRun, npmRun } from "./harness.ts";
import { inventory } from "./inventory.ts";

let cli = "";
before(async () => {
  await mustRun("down");
  await mustRun("lab", "start");
  cli = await ensureCli(() => undefined);
  await createStack(cli);
});
after(async () => { await npmRun("down"); });

interface Event { resourcePreEvent?: { metadata: { op: string; urn: string } } }

/** Runs `pulumi up` and kills all of it `delayMs` after the first creation that `before` has not seen begin. Returns what began, or nothing when it ended by itself. */
async function upUntilNext(begun: Set<string>, delayMs: number): Promise<string | undefined> {
  await removeDeadLocks(() => undefined);
  const events = path.join(labDir, "kill.events"), output = path.join(labDir, "kill.log");
  await rm(events, { force: true });
  const log = openSync(output, "w");
  const child = spawn(path.join(cli, "pulumi"), ["up", "--yes", "--skip-preview", "--non-interactive", "--event-log", events], {
    cwd: projectDir, stdio: ["ignore", log, log], detached: true, env: { ...process.env, ...pulumiEnvironment(cli), PULUMI_DEBUG_COMMANDS: "true" },
  });
  let ended: number | null | undefined;
  const end = new Promise<void>((resolve) => child.on("exit", (code) => { ended = code ?? -1; resolve(); }));
  const deadline = Date.now() + 240_000;
  while (ended === undefined) {
    if (Date.now() > deadline) throw new Error("up did not end within 240 s");
    const next = creations(events).find((urn) => !begun.has(urn));
    if (next) {
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      process.kill(-(child.pid ?? 0), "SIGKILL");
      await end;
      closeSync(log);
      begun.add(next);
      return next.split("::").at(-1);
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  closeSync(log);
  assert.equal(ended, 0, `an up that nobody killed failed:\n${readFileSync(output, "utf8").slice(-3000)}`);
  return undefined;
}

function creations(events: string): string[] {
  if (!existsSync(events)) return [];
  const complete = readFileSync(events, "utf8").split("\n").slice(0, -1);
  return complete.map((line) => JSON.parse(line) as Event).flatMap(({ resourcePreEvent: e }) => (e?.metadata.op === "create" ? [e.metadata.urn] : []));
}

test("killed at every creation, run again each time: one cluster in the end, and nothing left over", async () => {
  await mustRun("pulumi", "up", "--yes", "--skip-preview", "--non-interactive");
  const undisturbed = await inventory();
  await destroyStack();
  assert.deepEqual(await inventory(), [], "destroy left something behind");

  const begun = new Set<string>(), killedAt: string[] = [];
  // Right away, while the service is at work, and when it has answered: each moment leaves something else behind.
  const delays = [0, 15, 40, 120];
  for (let run = 0; run < 80; run++) {
    const at = await upUntilNext(begun, delays[run % delays.length] ?? 0);
    if (at === undefined) break;
    killedAt.push(at);
  }
  assert.ok(killedAt.length >= 30, `only ${killedAt.length} kills: ${killedAt.join(", ")}`);
  assert.deepEqual(await inventory(), undisturbed);
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
  await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
});
