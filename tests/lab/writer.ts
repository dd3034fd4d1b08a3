/**
 * A client that keeps score: writes one key after the other, notes what was acknowledged, and in
 * the end reads every acknowledged key through every member. An error leaves a write unknown: it
 * counts neither as acknowledged nor as lost.
 */
import { Etcd3, type IOptions } from "etcd3";
import type { StackOutputs } from "../../commands/stack/stackOutputs.ts";

export interface Score {
  readonly acknowledged: number;
  /** Writes that ended with an error: they may be there or not. */
  readonly unknown: number;
  /** Acknowledged keys that a member does not show, as `<member> <key>`. */
  readonly lost: readonly string[];
  /** The longest time without an acknowledged write, in milliseconds. */
  readonly gapMs: number;
}

export interface Writer {
  /** Ends the writing, and reads. Rejects when a member cannot be read within 20 s. */
  stop(): Promise<Score>;
}

const deadlineMs = 2_000;
const pauseMs = 20;
const readMs = 20_000;

/** Writes until it is stopped, at most ten minutes long. */
export function startWriter({ endpoints, identity }: StackOutputs): Writer {
  const prefix = `written/${Date.now()}/`;
  const acknowledged: string[] = [];
  let unknown = 0;
  let gapMs = 0;
  let ended = false;
  const client = new Etcd3({ ...optionsFor(Object.values(endpoints), identity) });
  const writing = (async () => {
    const end = Date.now() + 600_000;
    let last = Date.now();
    for (let i = 0; !ended && Date.now() < end; i++) {
      const key = `${prefix}${String(i).padStart(6, "0")}`;
      try {
        await client
          .put(key)
          .value(String(i))
          .options({ deadline: Date.now() + deadlineMs });
        acknowledged.push(key);
        gapMs = Math.max(gapMs, Date.now() - last);
        last = Date.now();
      } catch {
        unknown++;
      }
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  })();
  return {
    async stop() {
      ended = true;
      await writing;
      client.close();
      const lost = await Promise.all(
        Object.entries(endpoints).map(async ([member, endpoint]) => {
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
  const client = new Etcd3(optionsFor([endpoint], identity));
  try {
    const options = { deadline: Date.now() + readMs };
    return new Set(await client.getAll().prefix(prefix).options(options).keys());
  } finally {
    client.close();
  }
}

function optionsFor(hosts: string[], identity: StackOutputs["identity"]): IOptions {
  return {
    hosts,
    ...(identity && {
      credentials: {
        rootCertificate: Buffer.from(identity.ca),
        privateKey: Buffer.from(identity.privateKey),
        certChain: Buffer.from(identity.certificate),
      },
    }),
  };
}
