import { existsSync, readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import * as path from "node:path";
import { cacheDir, projectDir } from "./paths.ts";

/** Free space and memory in GiB. */
export interface Room {
  readonly cacheDisk: number;
  readonly projectDisk: number;
  readonly imageDisk: number;
  readonly memory: number;
}

/** What the lab needs, in GiB: the builds and images of a first run take most of it, a later run little. */
const needs = { cold: { cacheDisk: 5, projectDisk: 1, imageDisk: 3 }, warm: { cacheDisk: 0.5, projectDisk: 1, imageDisk: 0.5 }, memory: 2 };

/** The first thing there is too little of, with the remedy; "" when there is enough. Pure. */
export function roomProblem(room: Room, cold: boolean): string {
  const disk = cold ? needs.cold : needs.warm, gib = (n: number) => `${n.toFixed(1)} GiB`;
  const places = [["cacheDisk", `the cache (${cacheDir}; XDG_CACHE_HOME moves it)`], ["projectDisk", "the checkout"], ["imageDisk", "podman's images (/var/lib/containers)"]] as const;
  for (const [place, name] of places) {
    if (room[place] < disk[place]) return `too little disk for ${name}: ${gib(room[place])} free, ${gib(disk[place])} needed${cold ? " for the first run" : ""}; free some and run the command again`;
  }
  return room.memory < needs.memory ? `too little memory: ${gib(room.memory)} available, ${gib(needs.memory)} needed for three machines and the services; end something and run the command again` : "";
}

/** Throws, in one line, when this host has not enough disk or memory; before anything is started. */
export async function checkRoom(): Promise<void> {
  const free = async (folder: string) => { const { bavail, bsize } = await statfs(existing(folder)); return (bavail * bsize) / 2 ** 30; };
  const [cacheDisk, projectDisk, imageDisk] = await Promise.all([free(cacheDir), free(projectDir), free("/var/lib/containers")]);
  const memory = Number(/MemAvailable:\s+(\d+)/.exec(readFileSync("/proc/meminfo", "utf8"))?.[1] ?? Infinity) / 2 ** 20;
  const problem = roomProblem({ cacheDisk, projectDisk, imageDisk, memory }, !existsSync(cacheDir));
  if (problem) throw new Error(problem);
}

/** The folder, or the nearest one above that exists. */
function existing(folder: string): string {
  return existsSync(folder) ? folder : existing(path.dirname(folder));
}
