/**
 * A client that keeps score: writes one key after the other, notes what was acknowledged, and in
 * the end reads every acknowledged key through every member. An error leaves a write unknown: it
 * counts neither as acknowledged nor as lost.
 */
import type { StackOutputs } from "../../commands/stack/stackOutputs.ts";
import { clientOf, turningClient } from "./turningClient.ts";

export interface Score {
  readonly acknowledged: number;
  /** Writes that ended with an error: they may be there or not. */
  readonly unknown: number;
  /** Acknowledged keys that a member does not show, as `<member> <key>`. */
  readonly lost: readonly string[];
  /** The longest time without an acknowledged write, up to the end at most, in milliseconds. */
  readonly gapMs: number;
}

export interface Writer {
  /** From now on it writes through these members, and reads through them at the end. */
  follow(members: StackOutputs): void;
  /**
   * The longest time without an acknowledged write since this was last asked, in milliseconds. One
   * that lasts counts so far.
   */
  gap(): number;
  /**
   * Ends the writing, and reads through these members, by default those of now. Rejects when one
   * cannot be read within 20 s.
   */
  stop(readThrough?: StackOutputs["endpoints"]): Promise<Score>;
}

/** Longer than a write may take. */
const lingerMs = 2_000;
const readMs = 20_000;

/** What is written through. */
export type Reached = Pick<StackOutputs, "endpoints" | "identity">;

/**
 * Writes until it is stopped, at most ten minutes long; `pauseMs` lie between two writes of each of
 * so many `lanes`.
 */
export function startWriter({ endpoints, identity }: Reached, pauseMs = 20, lanes = 1): Writer {
  const prefix = `written/${Date.now()}/`;
  const acknowledged: string[] = [];
  let unknown = 0;
  let gapMs = 0;
  let recentGapMs = 0;
  let ended = false;
  let client = turningClient(Object.values(endpoints), identity);
  const end = Date.now() + 600_000;
  let last = Date.now();
  let next = 0;
  const noteGap = () => {
    recentGapMs = Math.max(recentGapMs, Math.min(Date.now(), end) - last);
    gapMs = Math.max(gapMs, recentGapMs);
  };
  const write = async () => {
    while (!ended && Date.now() < end) {
      const key = `${prefix}${String(next++).padStart(6, "0")}`;
      try {
        await client.put(key, "written");
        acknowledged.push(key);
        noteGap();
        last = Date.now();
      } catch {
        unknown++;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  };
  const writing = Promise.all(Array.from({ length: lanes }, write));
  return {
    follow(now) {
      const before = client;
      ({ endpoints, identity } = now);
      client = turningClient(Object.values(endpoints), identity);
      // Not in the middle of a write.
      setTimeout(() => before.close(), lingerMs);
    },
    gap() {
      noteGap();
      const longest = recentGapMs;
      recentGapMs = 0;
      return longest;
    },
    async stop(readThrough = endpoints) {
      noteGap(); // a client that never gets through again shows it here alone
      ended = true;
      await writing;
      client.close();
      const lost = await Promise.all(
        Object.entries(readThrough).map(async ([member, endpoint]) => {
          const shown = await keysAt(endpoint, identity, prefix);
          return acknowledged.filter((key) => !shown.has(key)).map((key) => `${member} ${key}`);
        }),
      );
      return { acknowledged: acknowledged.length, unknown, lost: lost.flat(), gapMs };
    },
  };
}

async function keysAt(
  endpoint: string,
  identity: StackOutputs["identity"],
  prefix: string,
): Promise<Set<string>> {
  const client = clientOf(endpoint, identity);
  try {
    const options = { deadline: Date.now() + readMs };
    return new Set(await client.getAll().prefix(prefix).options(options).keys());
  } finally {
    client.close();
  }
}
