/**
 * DnsReadiness: the gate. Its creation *is* the waiting; nothing that depends on it starts before
 * the exact set of records is visible on every authoritative server, twice in a row (etcd issue
 * 5909: half of DNS makes two clusters). A second one waits for the records that clients look up,
 * so that `up` ends when a client's resolver gets an answer, and not "no such name", which it would
 * remember for the zone's negative TTL.
 *
 *   check   refuses an input that would make the gate meaningless
 *   diff    another expected set, a record made anew, or a new meaning of the gate (`version`):
 *           waits again; other deadlines or servers do not
 *   create  waits
 *   update  waits
 *   delete  nothing to do: the gate leaves nothing behind
 */
import * as pulumi from "@pulumi/pulumi";
import { compareAnswers, type Mismatch, type ServerAnswers } from "./dnsAnswers.ts";
import { questionsFor, serviceOf, type ExpectedDns, type Service } from "./dnsExpectation.ts";
import { configuredServer, findNameservers, type NamedServer } from "./dnsNameservers.ts";
import { ask, unanswered } from "./dnsQuery.ts";
import { describeFailure, describeWaiting } from "./dnsWording.ts";

export interface DnsReadinessArgs {
  /**
   * Whose SRV records (those of the servers by default), the domain, the kind of SRV, and every
   * member by its full name and private address.
   */
  readonly expected: pulumi.Input<{
    service?: Service;
    domain: string;
    tls: boolean;
    port: number;
    members: pulumi.Input<{ target: string; address: pulumi.Input<string> }>[];
  }>;
  /**
   * `address` or `address:port` of every authoritative server. @default found by walking down from
   * the root zone
   */
  readonly nameservers?: pulumi.Input<string[]>;
  /**
   * Ids of the records: one that was made anew is waited for again, though it says the same.
   * @default none, so that only another expected set is waited for
   */
  readonly recordIds?: pulumi.Input<pulumi.Input<string>[]>;
  /** How long the gate waits, in seconds. */
  readonly timeoutSeconds: pulumi.Input<number>;
}

interface Inputs {
  readonly expected: ExpectedDns;
  readonly nameservers: readonly string[];
  readonly recordIds?: readonly string[];
  readonly timeoutSeconds: number;
  /** Raised when the meaning of the gate changes, so that stored state is checked again. */
  readonly version: number;
}

/**
 * Polls every 250 ms for the first ten seconds, then up to every second; a complete round is
 * confirmed 150 ms later.
 */
function pauseAfter(waitedMs: number, complete: boolean): number {
  return complete ? 150 : waitedMs < 10_000 ? 250 : Math.min(1000, waitedMs / 40);
}

async function askAll(
  expected: ExpectedDns,
  servers: readonly NamedServer[],
  timeoutMs: number,
): Promise<ServerAnswers[]> {
  return Promise.all(
    servers.map(async (server): Promise<ServerAnswers> => {
      const [first, ...rest] = questionsFor(expected);
      if (!first) return { server: server.label, answers: [] };
      const opening = await ask(server, first, timeoutMs);
      // A server that is down is asked one question a round, not all of them.
      const others =
        opening.outcome === "silent"
          ? rest.map((q) => ({ ...q, answer: unanswered(opening.detail) }))
          : await Promise.all(
              rest.map(async (q) => ({ ...q, answer: await ask(server, q, timeoutMs) })),
            );
      return { server: server.label, answers: [{ ...first, answer: opening }, ...others] };
    }),
  );
}

/** Tries again for a while: a look-up that fails once is no reason to stop. */
async function patiently<T>(find: () => Promise<T>, ms: number): Promise<T> {
  const deadline = Date.now() + ms;
  for (;;) {
    try {
      return await find();
    } catch (e) {
      if (Date.now() > deadline) throw e;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/**
 * Waits until two rounds in a row show exactly the expected set; resolves with the names of the
 * servers asked.
 */
export async function waitForDns(inputs: Inputs, say: (line: string) => void): Promise<string[]> {
  const started = Date.now();
  const waited = () => Date.now() - started;
  const queryTimeoutMs = 1000;
  const servers = inputs.nameservers.length
    ? inputs.nameservers.map(configuredServer)
    : await patiently(
        () => findNameservers(inputs.expected.domain, 2000),
        Math.min(15, inputs.timeoutSeconds) * 1000,
      );
  let inARow = 0;
  let saidAt = 0;
  for (;;) {
    const mismatches: Mismatch[] = compareAnswers(
      inputs.expected,
      await askAll(inputs.expected, servers, queryTimeoutMs),
    );
    inARow = mismatches.length ? 0 : inARow + 1;
    if (inARow === 2) return servers.map((s) => s.label);
    if (mismatches.length && waited() >= inputs.timeoutSeconds * 1000)
      throw new Error(describeFailure(inputs.expected, mismatches, waited() / 1000));
    if (mismatches.length && waited() - saidAt >= (saidAt ? 15_000 : 4_000)) {
      saidAt = waited();
      say(describeWaiting(mismatches, waited() / 1000, inputs.timeoutSeconds));
    }
    await new Promise((resolve) =>
      setTimeout(resolve, pauseAfter(waited(), mismatches.length === 0)),
    );
  }
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs> = {
  async check(_olds, news) {
    // In preview an unknown address is a marker string; only what is known can be refused here.
    const members: unknown = news.expected?.members;
    const failures =
      Array.isArray(members) && members.length === 0
        ? [
            {
              property: "expected",
              reason:
                "expected: at least one member is needed, or the gate would open on an " +
                "empty zone (got none)",
            },
          ]
        : [];
    return { inputs: news, failures };
  },
  async diff(_id, olds, news) {
    const meaning = (i: Inputs) =>
      JSON.stringify([
        i.version,
        // Both came later: a state without them says the same as it always did.
        serviceOf(i.expected ?? {}),
        Array.isArray(i.recordIds) ? [...i.recordIds].sort() : (i.recordIds ?? []),
        i.expected?.domain,
        i.expected?.tls,
        i.expected?.port,
        Array.isArray(i.expected?.members)
          ? i.expected.members.map((m) => `${m.target} ${m.address}`).sort()
          : i.expected?.members,
      ]);
    return { changes: meaning(olds) !== meaning(news) };
  },
  async create(inputs) {
    await waitForDns(inputs, (line) => console.log(line));
    const { domain, service } = inputs.expected;
    return { id: ["dns-readiness", service, domain].filter(Boolean).join("-"), outs: inputs };
  },
  async update(_id, _olds, news) {
    await waitForDns(news, (line) => console.log(line));
    return { outs: news };
  },
};

/**
 * Resolves once the exact set of SRV targets and addresses is visible on every authoritative
 * server, twice in a row.
 */
export class DnsReadiness extends pulumi.dynamic.Resource {
  constructor(name: string, args: DnsReadinessArgs, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { nameservers: [], ...args, version: 1 }, opts, "etcd", "DnsReadiness");
  }
}
