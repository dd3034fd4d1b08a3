/**
 * The writer that keeps score (tests/lab/writer.ts), through etcdctl: a process and a connection
 * for each write, as scripts do it, with etcdctl's own deadlines. It stalls in other ways than the
 * etcd3 package, which keeps its connections.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import type { Reached, Score, Writer } from "../lab/writer.ts";

/** etcdctl gives up after 5 s; what takes longer than this hangs. */
const hungMs = 15_000;
/** How long the end waits for another acknowledged write: a gap lasts until there is one. */
const lastGapMs = 20_000;
const execute = promisify(execFile);

export interface EtcdctlWriter extends Writer {
  /** Waits for so many acknowledged writes, `withinMs` at most: a process each is slow. */
  reach(acknowledged: number, withinMs: number): Promise<void>;
}

/** `program` is etcdctl; the client's certificate is written into `folder`. */
export function startEtcdctlWriter(
  program: string,
  folder: string,
  { endpoints, identity }: Reached,
  pauseMs = 20,
): EtcdctlWriter {
  const prefix = `etcdctl/${Date.now()}/`;
  const acknowledged: string[] = [];
  let unknown = 0;
  let gapMs = 0;
  let recentGapMs = 0;
  let stopped = Infinity;
  let end = Date.now() + 600_000;
  let last = Date.now();
  const etcdctl = async (through: string[], ...words: string[]): Promise<string> => {
    const args = ["--endpoints", through.join(","), ...identityFlags(folder, identity), ...words];
    const limits = { timeout: hungMs, killSignal: "SIGKILL", maxBuffer: 2 ** 26 } as const;
    return (await execute(program, args, limits)).stdout;
  };
  const noteGap = () => {
    recentGapMs = Math.max(recentGapMs, Date.now() - last);
    gapMs = Math.max(gapMs, recentGapMs);
  };
  const write = async () => {
    for (let next = 0; last < stopped && Date.now() < end; next++) {
      const key = `${prefix}${String(next).padStart(6, "0")}`;
      const said = await etcdctl(Object.values(endpoints), "put", key, "written").catch(() => "");
      if (said.startsWith("OK")) {
        acknowledged.push(key);
        noteGap();
        last = Date.now();
      } else unknown++;
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const writing = write();
  return {
    follow(now) {
      ({ endpoints, identity } = now);
    },
    gap() {
      const longest = recentGapMs;
      recentGapMs = 0;
      return longest;
    },
    async reach(count, withinMs) {
      const late = Date.now() + withinMs;
      while (acknowledged.length < count && Date.now() < late)
        await new Promise((resolve) => setTimeout(resolve, 50));
    },
    async stop(readThrough = endpoints): Promise<Score> {
      stopped = Date.now();
      end = Math.min(end, stopped + lastGapMs);
      await writing;
      if (last < stopped) noteGap();
      const flags = ["--prefix", "--keys-only", "--command-timeout", "10s"];
      const lost = await Promise.all(
        Object.entries(readThrough).map(async ([member, endpoint]) => {
          const shown = new Set((await etcdctl([endpoint], "get", prefix, ...flags)).split("\n"));
          return acknowledged.filter((key) => !shown.has(key)).map((key) => `${member} ${key}`);
        }),
      );
      return { acknowledged: acknowledged.length, unknown, lost: lost.flat(), gapMs };
    },
  };
}

function identityFlags(folder: string, identity: Reached["identity"]): string[] {
  if (!identity) return [];
  const { ca, certificate, privateKey } = identity;
  return Object.entries({ cacert: ca, cert: certificate, key: privateKey }).flatMap(
    ([flag, pem]) => {
      const file = path.join(folder, `writer-${flag}.pem`);
      if (!fs.existsSync(file)) fs.writeFileSync(file, pem, { mode: 0o600 });
      return [`--${flag}`, file];
    },
  );
}
