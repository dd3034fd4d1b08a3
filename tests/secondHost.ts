/**
 * A host beside this one, on the same machine, for a second lab: a host has room for one
 * (lab/claim.ts), and a lab waits as much as it works. It has network, processes, mounts, /run and
 * containers of its own (secondHost.sh), and the images, caches and packages of this one. It lasts
 * as long as one command; when that ends, or this process is killed, nothing of it runs on.
 */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { projectDir } from "../lab/paths.ts";
import { podman } from "../lab/podman.ts";
import { availableMemory } from "../lab/room.ts";
import { run, type RunOptions } from "../lab/shell.ts";

/** Where it keeps its disk: containers, .lab. Not below .lab, which every `lab stop` empties. */
const work = path.join(projectDir, ".lab-2");
const script = path.join(import.meta.dirname, "secondHost.sh");
/** GiB of memory to be free for two labs and what runs on them. */
const memory = 6;

/**
 * Why there can be no second host, in words that end a sentence; undefined when there can. Needs
 * podman.
 */
export async function whyNoSecondHost(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "a second one needs root itself, not sudo";
  if (os.availableParallelism() < 2) return "there is one processor";
  const free = availableMemory();
  if (free < memory) return `two need ${memory} GiB of memory (${free.toFixed(1)} are free)`;
  const store = (
    await podman(["info", "--format", "{{.Store.GraphDriverName}} {{.Store.GraphRoot}}"])
  ).trim();
  if (store !== "overlay /var/lib/containers/storage")
    return `podman's store is ${store}, not overlay at its usual place`;
  return onSecondHost(["true"]).then(
    () => undefined,
    (error: Error) => `namespaces cannot be had: ${error.message.split("\n").join("; ")}`,
  );
}

/**
 * Runs a command in its copy of the checkout, and removes everything afterwards. One at a time.
 * Throws as `run` does.
 */
export async function onSecondHost(
  command: readonly string[],
  options: RunOptions = {},
): Promise<string> {
  await clear(); // of a run that was killed
  try {
    await fs.mkdir(work);
    return await run(
      "setpriv",
      [
        "--pdeathsig",
        "KILL",
        "unshare",
        "--mount",
        "--net",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "sh",
        script,
        work,
        projectDir,
        ...command,
      ],
      options,
    );
  } finally {
    await clear();
  }
}

/**
 * Its mounts are gone with its processes. Loop devices are the machine's, and show files by paths
 * of where they were made: the inode tells.
 */
async function clear(): Promise<void> {
  const volumes = path.join(work, "project/.lab/volumes");
  const inodes = await Promise.all(
    (await fs.readdir(volumes).catch(() => [])).map(async (name) =>
      String((await fs.stat(path.join(volumes, name))).ino),
    ),
  );
  const listed = (
    await run("losetup", ["--list", "--noheadings", "--raw", "--output", "NAME,BACK-INO,BACK-FILE"])
  )
    .trim()
    .split("\n");
  for (const [name = "", inode = "", file = ""] of listed.map((line) => line.split(" "))) {
    if (inodes.includes(inode) && file.includes("/volumes/"))
      await run("losetup", ["--detach", name]);
  }
  await run("rm", ["-rf", "--one-file-system", work]);
}
