import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { labState, releaseHost } from "./claim.ts";
import { stopDaemon } from "./daemonProcess.ts";
import { machineLabel } from "./ec2/machine.ts";
import { stopNetwork } from "./network.ts";
import { labDir, volumeDir } from "./paths.ts";
import { podman, removeContainers } from "./podman.ts";
import { askForRoot, missingCommands } from "./prerequisites.ts";
import { runAsRoot } from "./shell.ts";

/**
 * Takes the lab down, whole or half made: daemon, machines, services, loop devices, namespaces,
 * bridge, and .lab. Only caches are left, and below .lab what `keep` names. Nothing there: does
 * nothing. Throws when the lab on this host is another checkout's.
 */
export async function stopLab(keep: readonly string[] = []): Promise<void> {
  const missing = (await missingCommands()).map(({ command }) => command);
  if (missing.includes("podman") || missing.includes("ip")) {
    // then no lab ever ran here
    await fs.rm(labDir, { recursive: true, force: true });
    return;
  }
  await askForRoot();
  await labState(); // refuses to touch another checkout's
  await clearLab(keep);
}

/** The same without looking whose it is. */
export async function clearLab(keep: readonly string[]): Promise<void> {
  // before the rest, because the reconciler would start machines again
  await Promise.all([stopDaemon(), endMachines()]);
  const listed = await podman([
    "ps",
    "--all",
    "--quiet",
    "--no-trunc",
    "--filter",
    "label=etcd-lab=1",
  ]);
  await removeContainers(listed.split("\n").filter(Boolean));
  await detachVolumes();
  await stopNetwork();
  await releaseHost();
  if (!existsSync(labDir)) return;
  const left = (await fs.readdir(labDir))
    .filter((name) => !keep.includes(name))
    .map((name) => path.join(labDir, name));
  // As root, because the daemon and podman write there as root.
  if (keep.length === 0) await runAsRoot("rm", ["-rf", labDir]);
  else if (left.length > 0) await runAsRoot("rm", ["-rf", ...left]);
}

/**
 * The daemon waits for machines that it is shutting down; nobody needs their last words, which may
 * take their systemd 5 s.
 */
async function endMachines(): Promise<void> {
  // Their first processes: podman kill refuses a machine that is stopping.
  const listed = await podman([
    "ps",
    "--all",
    "--filter",
    `label=${machineLabel}`,
    "--format",
    "{{.Pid}}",
  ]);
  const pids = listed.split("\n").filter((pid) => Number(pid) > 1);
  // one may have ended by itself meanwhile
  if (pids.length > 0) await runAsRoot("kill", ["-9", ...pids]).catch(() => undefined);
}

/** Frees the loop devices behind volumes of this checkout, also of files that are gone already. */
async function detachVolumes(): Promise<void> {
  const listed = (
    await runAsRoot("losetup", ["--list", "--json", "--output", "NAME,BACK-FILE"])
  ).trim();
  if (listed === "") return; // losetup says nothing at all when there are none
  const { loopdevices }: { loopdevices: { name: string; "back-file": string | null }[] } =
    JSON.parse(listed);
  for (const device of loopdevices) {
    if (device["back-file"]?.startsWith(`${volumeDir}/`))
      await runAsRoot("losetup", ["--detach", device.name]);
  }
}
