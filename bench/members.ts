import { statfs } from "node:fs/promises";
import * as os from "node:os";
import { etcdVersions } from "../tests/etcdVersions.ts";
import { openBench, whyNoBench } from "../tests/faults/bench.ts";
import type { BigJoin } from "../tests/membership/bigJoin.ts";
import type { Figure } from "../tests/membership/figures.ts";
import { bigJoinWords, membersTable } from "./membersTable.ts";

const rounds = 3;
const mebibytes = 1024;
/** Data, log and snapshot of four members, and room to spare. */
const diskGiB = 12;
const [, version = ""] = etcdVersions;

/**
 * Members that come, go and return, with real etcd in namespaces of its own: no lab, and nothing of
 * it is left. Takes some six minutes, and up to 7 GiB in the folder for temporary files.
 */
export async function members(say: (line: string) => void): Promise<void> {
  const none = await whyNoBench();
  if (none !== undefined) throw new Error(`members: these figures cannot be had here: ${none}`);
  const folder = os.tmpdir();
  const { bavail, bsize } = await statfs(folder);
  const free = (bavail * bsize) / 2 ** 30;
  if (free < diskGiB)
    throw new Error(
      `members: ${folder} needs ${diskGiB} GiB free for a member with ${mebibytes} MiB (got ` +
        `${free.toFixed(1)} GiB); make room, or set TMPDIR to a folder that has it`,
    );
  say(
    `members, etcd ${version} with TLS, ${os.availableParallelism()} processors, load before ` +
      `${os.loadavg()[0]?.toFixed(1)}`,
  );
  const bench = await openBench(["a", "b", "c", "d", "e"]);
  const world = await bench.world(version, true);
  let interrupted = false;
  const interrupt = () => {
    interrupted = true;
    void world.close(); // or gigabytes would stay; what runs in it ends with an error
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    const figures: Figure[][] = [];
    for (let i = 0; i < rounds; i++)
      figures.push(await world.run<Figure[]>("memberFigures", {}, 300_000));
    membersTable(figures).forEach(say);
    bigJoinWords(await world.run<BigJoin>("bigJoin", { mebibytes }, 900_000)).forEach(say);
  } catch (error) {
    throw interrupted ? new Error("members: interrupted; nothing is left of it") : error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    await world.close();
  }
}
