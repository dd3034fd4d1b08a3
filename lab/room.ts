import { existsSync, readdirSync, readFileSync } from "node:fs";
import { access, constants, statfs } from "node:fs/promises";
import * as path from "node:path";
import { cacheDir, projectDir } from "./paths.ts";

/** Free space and memory in GiB. */
export interface Room {
  readonly cacheDisk: number;
  readonly projectDisk: number;
  readonly imageDisk: number;
  readonly memory: number;
}

/**
 * What the lab needs, in GiB: the builds and images of a first run take most of it, a later run
 * little.
 */
const needs = {
  cold: { cacheDisk: 5, projectDisk: 1, imageDisk: 3 },
  warm: { cacheDisk: 0.5, projectDisk: 1, imageDisk: 0.5 },
  memory: 2,
};

/** The first thing there is too little of, with the remedy; "" when there is enough. Pure. */
export function roomProblem(room: Room, cold: boolean): string {
  const disk = cold ? needs.cold : needs.warm;
  const gib = (n: number) => `${n.toFixed(1)} GiB`;
  const places = [
    ["cacheDisk", `the cache (${cacheDir}; XDG_CACHE_HOME moves it)`],
    ["projectDisk", "the checkout"],
    ["imageDisk", "podman's images (/var/lib/containers)"],
  ] as const;
  for (const [place, name] of places) {
    if (room[place] < disk[place])
      return (
        `too little disk for ${name}: ${gib(room[place])} free, ${gib(disk[place])} ` +
        `needed${cold ? " for the first run" : ""}; free some and run the command again`
      );
  }
  return room.memory < needs.memory
    ? `too little memory: ${gib(room.memory)} available, ${gib(needs.memory)} needed for ` +
        "three machines and the services; end something and run the command again"
    : "";
}

/**
 * Whether a first run is ahead: nothing is built yet. The commands' own compiled code, which lies
 * there from the first one on, does not count. Pure.
 */
export function isCold(inCache: readonly string[]): boolean {
  return !inCache.some((name) => name.startsWith("pulumi-") || name.startsWith("etcd-"));
}

/**
 * Throws, in one line, when this host has not enough disk or memory, or the cache is not ours to
 * write; before anything is started.
 */
export async function checkRoom(): Promise<void> {
  for (const [folder, remedy] of [
    [cacheDir, "set XDG_CACHE_HOME to a folder of yours"],
    [projectDir, "clone into a folder of yours"],
  ] as const) {
    const writable = await access(existing(folder), constants.W_OK).then(
      () => true,
      () => false,
    );
    if (!writable)
      throw new Error(
        `${existing(folder)} cannot be written to by this user, and the lab keeps ` +
          `things in ${folder}; ${remedy}, or make it yours with chown`,
      );
  }
  const free = async (folder: string) => {
    const { bavail, bsize } = await statfs(existing(folder));
    return (bavail * bsize) / 2 ** 30;
  };
  const [cacheDisk, projectDisk, imageDisk] = await Promise.all([
    free(cacheDir),
    free(projectDir),
    free("/var/lib/containers"),
  ]);
  const problem = roomProblem(
    { cacheDisk, projectDisk, imageDisk, memory: availableMemory() },
    isCold(existsSync(cacheDir) ? readdirSync(cacheDir) : []),
  );
  if (problem) throw new Error(problem);
}

/** Memory that programs can have, in GiB; Infinity where the kernel does not say. */
export function availableMemory(): number {
  return (
    Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? Infinity) /
    2 ** 20
  );
}

/** The folder, or the nearest one above that exists. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(path.dirname(folder));
}
