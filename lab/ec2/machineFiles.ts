import * as fs from "node:fs/promises";
import * as path from "node:path";
import { addresses } from "../addresses.ts";
import { labDir } from "../paths.ts";
import { hostName, seed } from "./seed.ts";
import type { SeedInput } from "./seed.ts";
import type { DeviceNumbers } from "./volume.ts";

/** A volume in a machine: device /dev/nvme<number>n1. */
export interface Device extends DeviceNumbers {
  readonly volumeId: string;
  readonly number: number;
}

const machinesDir = path.join(labDir, "machines");

/** Where the files of one machine are on the host. */
export function machineFiles(id: string) {
  const folder = path.join(machinesDir, id);
  const boot = path.join(folder, "boot");
  return {
    folder,
    /** Mounted as cloud-init's NoCloud seed. */
    seed: path.join(folder, "seed"),
    /** Mounted with entry.sh and what it reads. */
    boot,
    volumes: path.join(boot, "volumes"),
    resolvConf: path.join(folder, "resolv.conf"),
    sshLate: path.join(folder, "ssh-late.conf"),
    /** The process id, on the host, of the machine's first process. */
    pid: path.join(folder, "pid"),
    console: path.join(folder, "console.log"),
  };
}

/**
 * Writes everything a machine's first start reads, the list of volumes excepted. `sshLateSeconds`
 * 0: sshd starts as usual.
 */
export async function writeMachineFiles(input: SeedInput, sshLateSeconds: number): Promise<void> {
  const files = machineFiles(input.instanceId);
  for (const folder of [files.seed, files.boot]) await fs.mkdir(folder, { recursive: true });
  await fs.chmod(files.folder, 0o700); // user data may hold secrets
  for (const [name, content] of Object.entries(seed(input)))
    // inside the machine, too, they are for root
    await fs.writeFile(path.join(files.seed, name), content, { mode: 0o600 });
  for (const script of ["entry.sh", "device.sh"])
    await fs.copyFile(path.join(import.meta.dirname, script), path.join(files.boot, script));
  const name = hostName(input.address);
  await fs.writeFile(
    path.join(files.boot, "hosts"),
    `127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n${input.address} ` +
      `${name}.ec2.internal ${name}\n`,
  );
  await fs.writeFile(files.resolvConf, `nameserver ${addresses.resolver}\n`);
  if (sshLateSeconds > 0) {
    await fs.writeFile(
      files.sshLate,
      `[Service]\nTimeoutStartSec=infinity\nExecStartPre=/bin/sleep ${sshLateSeconds}\n`,
    );
  }
}

/** Writes which devices the machine has; entry.sh makes them at the next start. */
export async function writeDevices(id: string, devices: readonly Device[]): Promise<void> {
  const lines = devices.map(
    ({ number, major, minor, volumeId }) =>
      `${number} ${major} ${minor} ${volumeId.replace("-", "")}\n`,
  );
  await fs.writeFile(machineFiles(id).volumes, lines.join(""));
}

/** Reads them back. */
export async function readDevices(id: string): Promise<Device[]> {
  const text = await fs
    .readFile(machineFiles(id).volumes, "utf8")
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return ""; // the machine's making was cut short
      throw error;
    });
  return text
    .split("\n")
    .filter(Boolean)
    .map((line) => {
      const [number, major, minor, volume = ""] = line.split(" ");
      return {
        number: Number(number),
        major: Number(major),
        minor: Number(minor),
        volumeId: volume.replace(/^vol/, "vol-"),
      };
    });
}
