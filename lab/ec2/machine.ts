import * as fs from "node:fs/promises";
import { makeNamespace, removeNamespace, setFirewall } from "../network.ts";
import { podman } from "../podman.ts";
import { runAsRoot } from "../shell.ts";
import { fairShare, systemdEnvironment } from "./cgroups.ts";
import { machineFiles, readDevices, writeDevices, writeMachineFiles } from "./machineFiles.ts";
import type { Device } from "./machineFiles.ts";
import type { Attachment, Machine } from "./plan.ts";
import { hostName } from "./seed.ts";
import type { SeedInput } from "./seed.ts";
import { openVolume } from "./volume.ts";

/**
 * Beyond podman's defaults: what systemd and its sandboxes need, and mknod for volumes. Never
 * --privileged: that opens the host.
 */
const capabilities = ["SYS_ADMIN", "NET_ADMIN", "SYS_NICE", "SYS_PTRACE", "MKNOD"].flatMap(
  (name) => ["--cap-add", name],
);

/**
 * What podman's list says of a container. Its table's state is worded for people and differs
 * between versions.
 */
interface Listed {
  readonly Names: readonly string[];
  readonly State: string;
  readonly Labels: Readonly<Record<string, string>>;
}

const stopSeconds = 20;
export const machineLabel = "etcd-lab-machine";
const container = (id: string) => `etcd-lab-${id}`;

/**
 * Makes an instance's machine and starts it: a container in a network namespace of its own. Its
 * file system and its address stay when it stops. Nothing of it listens on the host. Long, because
 * podman is told many things.
 */
export async function makeMachine(
  image: string,
  input: SeedInput,
  firewall: string,
  attachments: readonly Attachment[],
  sshLateSeconds: number,
): Promise<void> {
  const { instanceId: id, address } = input;
  const files = machineFiles(id);
  const [namespace, share] = await Promise.all([
    makeNamespace(id, address),
    fairShare(),
    writeMachineFiles(input, sshLateSeconds),
  ]);
  await setFirewall(id, firewall); // before the first process could listen
  await writeDevices(id, await openAll(attachments));
  await podman([
    "run",
    "--detach",
    "--name",
    container(id),
    "--replace",
    "--label",
    "etcd-lab=1",
    "--label",
    `${machineLabel}=${address}`,
    "--hostname",
    hostName(address),
    "--network",
    `ns:${namespace}`,
    "--no-hosts",
    "--pull",
    "never",
    "--no-healthcheck",
    "--log-driver",
    "k8s-file",
    "--log-opt",
    `path=${files.console}`,
    "--pidfile",
    files.pid,
    "--systemd",
    "always",
    ...capabilities,
    ...systemdEnvironment,
    ...share,
    "--device-cgroup-rule",
    "b 7:* rwm",
    "--volume",
    `${files.seed}:/var/lib/cloud/seed/nocloud:ro`,
    "--volume",
    `${files.boot}:/usr/local/lib/etcd-lab:ro`,
    "--volume",
    `${files.resolvConf}:/etc/resolv.conf:ro`,
    ...(sshLateSeconds > 0
      ? ["--volume", `${files.sshLate}:/etc/systemd/system/ssh.service.d/late.conf:ro`]
      : []),
    image,
    "/bin/sh",
    "/usr/local/lib/etcd-lab/entry.sh",
  ]);
}

/** Starts a stopped machine, with the volumes it shall have now. */
export async function startMachine(
  id: string,
  address: string,
  firewall: string,
  attachments: readonly Attachment[],
): Promise<void> {
  await makeNamespace(id, address); // there already, unless the host was started anew
  await setFirewall(id, firewall);
  await writeDevices(id, await openAll(attachments));
  await podman(["start", container(id)]);
}

/** Shuts a machine down in order; killed after 20 s. */
export async function stopMachine(id: string): Promise<void> {
  await podman(["stop", "--time", String(stopSeconds), container(id)]);
}

/** Shuts a machine down and removes it with all it had. Its volumes stay open. */
export async function removeMachine(id: string): Promise<void> {
  await podman([
    "rm",
    "--force",
    "--ignore",
    "--volumes",
    "--time",
    String(stopSeconds),
    container(id),
  ]);
  await removeNamespace(id);
  await fs.rm(machineFiles(id).folder, { recursive: true, force: true });
}

/**
 * Gives a running machine a volume's device nodes, under the lowest free number, and returns that.
 */
export async function attachVolume(id: string, attachment: Attachment): Promise<number> {
  const devices = await readDevices(id);
  const device = numbered(devices, {
    ...(await openVolume(attachment.volumeId, attachment.sizeGiB)),
    volumeId: attachment.volumeId,
  });
  const { number, major, minor } = device;
  await inMachine(id, [
    "add",
    String(number),
    String(major),
    String(minor),
    idInName(attachment.volumeId),
  ]);
  await writeDevices(id, [...devices, device]);
  return number;
}

/** Takes a volume's device nodes from a machine, running or stopped. The volume stays open. */
export async function detachVolume(id: string, volumeId: string): Promise<void> {
  const devices = await readDevices(id);
  const device = devices.find((candidate) => candidate.volumeId === volumeId);
  if (!device) return;
  if (await isAlive(id)) await inMachine(id, ["remove", String(device.number), idInName(volumeId)]);
  await writeDevices(
    id,
    devices.filter((candidate) => candidate !== device),
  );
}

/** The machines there are, also those that an earlier process made. */
export async function listMachines(): Promise<Machine[]> {
  const listed = JSON.parse(
    (await podman(["ps", "--all", "--filter", `label=${machineLabel}`, "--format", "json"])) ||
      "[]",
  ) as Listed[];
  return Promise.all(
    listed.map(async ({ Names: [name = ""], State: state, Labels: labels }): Promise<Machine> => {
      const id = name.replace(/^etcd-lab-/, "");
      const volumeIds = (await readDevices(id)).map((device) => device.volumeId);
      return {
        id,
        address: labels[machineLabel] ?? "",
        state: state === "running" || state === "paused" ? "running" : "stopped",
        volumeIds,
      };
    }),
  );
}

/**
 * Whether the machine's first process lives: two reads of a file, so that it can be asked often.
 */
export async function isAlive(id: string): Promise<boolean> {
  try {
    const pid = (await fs.readFile(machineFiles(id).pid, "utf8")).trim();
    // a number may be another process's by now
    return (await fs.readFile(`/proc/${pid}/cgroup`, "utf8")).includes("libpod");
  } catch {
    return false;
  }
}

async function openAll(attachments: readonly Attachment[]): Promise<Device[]> {
  const devices: Device[] = [];
  for (const { volumeId, sizeGiB } of attachments)
    devices.push(numbered(devices, { ...(await openVolume(volumeId, sizeGiB)), volumeId }));
  return devices;
}

/** Number 0 is the root volume's. */
function numbered(devices: readonly Device[], device: Omit<Device, "number">): Device {
  let number = 1;
  while (devices.some((other) => other.number === number)) number += 1;
  return { ...device, number };
}

async function inMachine(id: string, args: readonly string[]): Promise<void> {
  const pid = (await fs.readFile(machineFiles(id).pid, "utf8")).trim();
  await runAsRoot("nsenter", [
    "--target",
    pid,
    "--mount",
    "--",
    "sh",
    "/usr/local/lib/etcd-lab/device.sh",
    ...args,
  ]);
}

function idInName(volumeId: string): string {
  return volumeId.replace("-", "");
}
