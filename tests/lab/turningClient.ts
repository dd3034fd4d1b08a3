/**
 * A client of etcd as clients ought to be: every call has a short deadline, and what one member
 * does not take goes to the next at once. The etcd3 package's own fault handling waits longer and
 * longer, and then does not ask at all (its circuit breaker), so it is off (issue 14).
 */
import { noop } from "cockatiel";
import { Etcd3, type IOptions } from "etcd3";
import type { StackOutputs } from "../../commands/stack/stackOutputs.ts";

/** For each call, in milliseconds: half of etcd's election timeout. */
const deadlineMs = 500;
/** How long a member that took nothing is asked after all others, in milliseconds. */
const shunnedMs = 10_000;

type Identity = StackOutputs["identity"];

interface Way {
  readonly client: Etcd3;
  shunnedUntil: number;
}

export interface TurningClient {
  /** Asks the next member once. @throws what it said, or that it said nothing in time */
  put(key: string, value: string): Promise<void>;
  close(): void;
}

export function turningClient(endpoints: readonly string[], identity: Identity): TurningClient {
  const ways = endpoints.map((endpoint): Way => {
    return { client: clientOf(endpoint, identity), shunnedUntil: 0 };
  });
  let turn = 0;
  const next = () => {
    const now = Date.now();
    const good = ways.filter(({ shunnedUntil }) => shunnedUntil <= now);
    const asked = good.length > 0 ? good : ways;
    return asked[turn++ % asked.length] as Way;
  };
  return {
    async put(key, value) {
      const way = next();
      try {
        const deadline = Date.now() + deadlineMs;
        await way.client.put(key).value(value).options({ deadline });
        way.shunnedUntil = 0;
      } catch (error) {
        way.shunnedUntil = Date.now() + shunnedMs;
        throw error;
      }
    },
    close() {
      for (const { client } of ways) client.close();
    },
  };
}

/** One member's, with nothing between a call and its answer. */
export function clientOf(endpoint: string, identity: Identity): Etcd3 {
  const options: IOptions = {
    hosts: endpoint,
    faultHandling: { host: () => noop, global: noop },
    ...(identity && {
      credentials: {
        rootCertificate: Buffer.from(identity.ca),
        privateKey: Buffer.from(identity.privateKey),
        certChain: Buffer.from(identity.certificate),
      },
    }),
  };
  return new Etcd3(options);
}
