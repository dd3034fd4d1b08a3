// Which processes count as running. Does not prove that a number is still the process it was.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import test from "node:test";
import { isAlive } from "../../pipelines/alive.ts";
import { eventually } from "../lab/harness.ts";

test("one that runs is alive, one that ended is not", async () => {
  const child = spawn("sleep", ["30"]);
  const pid = child.pid ?? assert.fail();
  assert.ok(isAlive(pid));
  child.kill("SIGKILL");
  await once(child, "exit");
  assert.ok(!isAlive(pid));
});

test("one that ended and that nobody waits for is dead", { skip: noProc() }, async () => {
  // The shell's child belongs to a sleep then, which waits for nobody.
  const parent = spawn("sh", ["-c", "sleep 0.1 & echo $!; exec sleep 30"]);
  try {
    const [said] = (await once(parent.stdout, "data")) as [Buffer];
    await eventually("it to end", 10_000, async () => !isAlive(Number(String(said))));
    process.kill(Number(String(said)), 0); // still in the table
  } finally {
    parent.kill("SIGKILL");
  }
});

function noProc(): string | false {
  return process.platform === "linux" ? false : "only Linux tells by /proc";
}
