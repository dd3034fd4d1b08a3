import * as fs from "node:fs/promises";
import * as path from "node:path";
import { volumeDir } from "../paths.ts";
import { runAsRoot } from "../shell.ts";

/** The numbers a device node is made with. */
export interface DeviceNumbers {
  readonly major: number;
  readonly minor: number;
}

interface Loop {
  readonly name: string;
  readonly "back-file": string | null;
}

/**
 * A volume's loop device, made with its (sparse) file when missing. One that is there is always
 * used again: two loop devices on one file would each have a cache of their own.
 */
export async function openVolume(volumeId: string, sizeGiB: number): Promise<DeviceNumbers> {
  const file = fileOf(volumeId);
  await fs.mkdir(volumeDir, { recursive: true });
  const handle = await fs.open(file, "a");
  try {
    const bytes = sizeGiB * 2 ** 30;
    if ((await handle.stat()).size < bytes) await handle.truncate(bytes);
  } finally {
    await handle.close();
  }
  const name =
    (await loopsOf(file))[0] ?? (await runAsRoot("losetup", ["--find", "--show", file])).trim();
  const { rdev } = await fs.stat(name);
  return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) };
}

/**
 * Frees a volume's loop device; the file stays. While something has it mounted, the kernel waits
 * with that. Nothing there: does nothing.
 */
export async function closeVolume(volumeId: string): Promise<void> {
  for (const name of await loopsOf(fileOf(volumeId)))
    await runAsRoot("losetup", ["--detach", name]);
}

/** Frees a volume's loop device and deletes its file. */
export async function deleteVolume(volumeId: string): Promise<void> {
  await closeVolume(volumeId);
  await fs.rm(fileOf(volumeId), { force: true });
}

/** Volumes that have a file. */
export async function volumesOnHost(): Promise<string[]> {
  const names = await fs.readdir(volumeDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  return names.filter((name) => name.endsWith(".img")).map((name) => path.basename(name, ".img"));
}

async function loopsOf(file: string): Promise<string[]> {
  return (await loops()).filter((loop) => loop["back-file"] === file).map((loop) => loop.name);
}

async function loops(): Promise<Loop[]> {
  const text = await runAsRoot("losetup", ["--list", "--json", "--output", "NAME,BACK-FILE"]);
  return text.trim() === "" ? [] : (JSON.parse(text) as { loopdevices: Loop[] }).loopdevices;
}

function fileOf(volumeId: string): string {
  return path.join(volumeDir, `${volumeId}.img`);
}
