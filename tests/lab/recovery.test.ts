// Runs that were killed, and a host that was rebooted: the next `npm run up` ends where the first
// would have. Does not prove the loss of a disk, nor that real EC2 and Cloudflare are found again
// after a kill (`npm run up` knows the lab only).
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import test, { after, before } from "node:test";
import { stopDaemon } from "../../lab/daemonProcess.ts";
import { stopNetwork } from "../../lab/network.ts";
import { projectDir } from "../../lab/paths.ts";
import { podman } from "../../lab/podman.ts";
import { runAsRoot } from "../../lab/shell.ts";
import { allRecords, eventually, mustRun, npmRun } from "./harness.ts";

before(async () => {
  await mustRun("lab", "stop");
});
after(async () => {
  await npmRun("lab", "stop");
});

for (const moment of [/founders +\d made/, /converged in/]) {
  test(`killed when it says ${moment.source}, up goes on and ends the same`, async () => {
    await killedWhen("up", moment);
    const up = await mustRun("up");
    assert.match(up, /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
    await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
    assert.equal(
      (await allRecords())
        .filter(({ type }) => type === "A" || type === "SRV")
        .filter(({ name }) => !name.startsWith("ns")).length,
      9,
    );
    assert.equal((await machines()).length, 3);
    await mustRun("pulumi", "destroy", "--yes", "--skip-preview", "--non-interactive");
    await eventually("the machines to go", 30_000, async () => (await machines()).length === 0);
  });
}

test("down that was killed is finished by the next", async () => {
  await mustRun("up");
  await killedWhen("down", /\d removed/);
  await mustRun("down");
  assert.deepEqual(await machines(), []);
});

/** What a reboot takes: processes, containers' lives, namespaces, everything below /run. */
async function reboot(): Promise<void> {
  await stopDaemon();
  await podman([
    "kill",
    ...(await podman(["ps", "--quiet", "--filter", "label=etcd-lab=1"]))
      .split("\n")
      .filter(Boolean),
  ]);
  await stopNetwork();
  await runAsRoot("rm", ["-rf", "/run/etcd-lab"]);
}

test("after a reboot up says what is lost and makes the cluster anew", async () => {
  await mustRun("up");
  await reboot();
  const refused = await npmRun("pulumi", "preview");
  assert.equal(refused.code, 1);
  assert.match(refused.text, /the lab of this checkout is not running/);
  const up = await mustRun("up");
  assert.match(up, /has \d+ resources that the lab, started anew, knows nothing of/);
  assert.match(up, /Healthy: one cluster/);
});

test("lab start after a reboot says it, too; no old state meets the new SSH key", async () => {
  await mustRun("up");
  await reboot();
  assert.match(
    await mustRun("lab", "start"),
    /has \d+ resources that the lab, started anew, knows nothing of/,
  );
  assert.match(await mustRun("up"), /Healthy: one cluster/);
});

test("a daemon that died is started again around the running machines", async () => {
  const before = await machines();
  await stopDaemon();
  assert.match(await mustRun("up"), /nothing to change/);
  assert.deepEqual(await machines(), before);
});

/**
 * Starts a command and ends it, and Pulumi with it, the hard way once it says something. Everything
 * else they started must end by itself.
 */
async function killedWhen(name: string, says: RegExp): Promise<void> {
  const child = spawn(process.execPath, [`${projectDir}/commands/run.mjs`, name], {
    cwd: projectDir,
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
  let text = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      text += data.toString();
      if (says.test(text)) resolve();
    });
    child.on("exit", () =>
      reject(new Error(`npm run ${name} ended before it said ${says.source}:\n${text}`)),
    );
  });
  child.removeAllListeners("exit");
  for (const { pid, line } of processes())
    if (/\/commands\/run\.mjs|\/commands\/(up|down)\.ts/.test(line) || /(^|\/)pulumi /.test(line))
      process.kill(pid, "SIGKILL");
  await eventually("the processes of the killed run to end", 10_000, async () =>
    processes().every(({ line }) => !/languageHost|dynamicHost|cmd\/run|lab\/plugins/.test(line)),
  );
}

/** Processes that work in this checkout, except those of the test itself. */
function processes(): { pid: number; line: string }[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      try {
        const line = readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
        return readlinkSync(`/proc/${name}/cwd`) === projectDir &&
          !line.includes("run.mjs test") &&
          !line.includes("commands/test.ts")
          ? [{ pid: Number(name), line }]
          : [];
      } catch {
        return []; // ended meanwhile, or another user's
      }
    });
}

async function machines(): Promise<string[]> {
  return (await podman(["ps", "--quiet", "--no-trunc", "--filter", "name=etcd-lab-i-"]))
    .split("\n")
    .filter(Boolean)
    .sort();
}
