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
 *   update  waits; records of former members may still be there
 *   delete  nothing to do: the gate leaves nothing behind
 *
 * The records of a member that leaves are deleted after all else of the run, and where that fails,
 * at the end of the next one. So the gate remembers whom it expected, until no server names them.
 *
 * When it opened is an output: who changes members by what it let through looks again then, because
 * a run that was killed meanwhile has written nothing down (issue 14).
 */
import * as pulumi from "@pulumi/pulumi";
import { machineClock, poll } from "../engine/poll.ts";
import { resource } from "../engine/resource.ts";
import { compareAnswers, stillNamed, type Mismatch, type ServerAnswers } from "./dnsAnswers.ts";
import {
  questionsFor,
  serviceOf,
  type ExpectedDns,
  type NamedMember,
  type Service,
} from "./dnsExpectation.ts";
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

/** What a gate is to wait for, as the state holds it. */
export interface GateInputs {
  readonly expected: ExpectedDns;
  readonly nameservers: readonly string[];
  readonly recordIds?: readonly string[];
  readonly timeoutSeconds: number;
}

/** What the state holds of a gate that has opened. */
export interface GateOutputs extends GateInputs {
  /**
   * Members of before whose records were still served when it opened; undefined in older states.
   */
  readonly former?: readonly NamedMember[];
  /** ISO form; undefined in states of before. */
  readonly openedAt?: string;
}

/** Whose records may be there when a gate waits again, and need not. Pure. */
export function formerMembers(
  olds: Pick<GateOutputs, "expected" | "former"> | undefined,
  { members }: ExpectedDns,
): NamedMember[] {
  const expected = new Set(members.map(({ target }) => target));
  const before = [...(olds?.expected.members ?? []), ...(olds?.former ?? [])];
  const left = before.filter(({ target }) => !expected.has(target));
  return left.filter(({ target }, i) => i === left.findIndex((one) => one.target === target));
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

/** The servers to ask. A look-up that fails once is no reason to stop. */
async function serversOf(inputs: GateInputs): Promise<readonly NamedServer[]> {
  if (inputs.nameservers.length) return inputs.nameservers.map(configuredServer);
  return poll<readonly NamedServer[], unknown>({
    seconds: Math.min(15, inputs.timeoutSeconds),
    pause: 1000,
    look: () =>
      findNameservers(inputs.expected.domain, 2000).then(
        (found) => ({ found }),
        (still: unknown) => ({ still }),
      ),
    expired: (error) => {
      throw error;
    },
  });
}

/** What one round has shown. */
export interface DnsLook {
  readonly mismatches: readonly Mismatch[];
  /** Former members that a server still names. */
  readonly leaving: readonly NamedMember[];
}

async function round(
  { expected, former = [] }: GateOutputs,
  servers: readonly NamedServer[],
): Promise<DnsLook> {
  const answers = await askAll(expected, servers, 1000);
  return {
    mismatches: compareAnswers(expected, answers, former),
    leaving: stillNamed(expected, answers, former),
  };
}

/**
 * One round: how far the authoritative servers are from what is expected, now.
 * @throws Error when they cannot be found or asked within `limitMs`
 */
export async function lookAtDns(gate: GateOutputs, limitMs: number): Promise<DnsLook> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`the nameservers were not found and asked in ${limitMs / 1000} s`)),
      limitMs,
    );
  });
  const look = serversOf({ ...gate, timeoutSeconds: limitMs / 1000 }).then((servers) =>
    round(gate, servers),
  );
  try {
    return await Promise.race([look, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Waits until two rounds in a row show exactly the expected set, besides records of `former`
 * members; resolves with those of them that the last round still showed.
 */
export async function waitForDns(
  inputs: GateOutputs,
  say: (line: string) => void,
): Promise<readonly NamedMember[]> {
  const servers = await serversOf(inputs);
  return poll<readonly NamedMember[], readonly Mismatch[]>({
    seconds: inputs.timeoutSeconds,
    pause: (waitedMs) => (waitedMs < 10_000 ? 250 : Math.min(1000, waitedMs / 40)),
    look: async () => {
      let seen = await round(inputs, servers);
      if (!seen.mismatches.length) {
        await machineClock.sleep(150);
        seen = await round(inputs, servers);
      }
      return seen.mismatches.length ? { still: seen.mismatches } : { found: seen.leaving };
    },
    saying: {
      say,
      line: (mismatches, waited) => describeWaiting(mismatches, waited, inputs.timeoutSeconds),
      firstAfter: 4,
    },
    expired: (mismatches, waited) => {
      throw new Error(describeFailure(inputs.expected, mismatches, waited));
    },
  });
}

const gate = resource<GateInputs, GateOutputs>({
  type: "DnsReadiness",
  version: 2,
  computed: ["former", "openedAt"],
  check(_olds, { expected }) {
    // In preview an unknown address is a marker string; only what is known can be refused here.
    const members: unknown = expected?.members;
    return Array.isArray(members) && members.length === 0
      ? [
          {
            property: "expected",
            reason:
              "expected: at least one member is needed, or the gate would open on an " +
              "empty zone (got none)",
          },
        ]
      : [];
  },
  // The service and the ids came later: a state without them says the same as it always did.
  meaning: ({ expected, recordIds }) => [
    serviceOf(expected ?? {}),
    Array.isArray(recordIds) ? [...recordIds].sort() : (recordIds ?? []),
    expected?.domain,
    expected?.tls,
    expected?.port,
    Array.isArray(expected?.members)
      ? expected.members.map((m) => `${m.target} ${m.address}`).sort()
      : expected?.members,
  ],
  async make(inputs, { olds }) {
    const before = formerMembers(olds, inputs.expected);
    const former = await waitForDns({ ...inputs, former: before }, (line) => console.log(line));
    return { ...inputs, former, openedAt: new Date().toISOString() };
  },
  id: ({ expected: { service, domain } }) =>
    ["dns-readiness", service, domain].filter(Boolean).join("-"),
});

/**
 * Resolves once the exact set of SRV targets and addresses is visible on every authoritative
 * server, twice in a row.
 */
export class DnsReadiness extends pulumi.dynamic.Resource {
  /** When it opened last; ISO form. */
  declare readonly openedAt: pulumi.Output<string>;

  constructor(name: string, args: DnsReadinessArgs, opts?: pulumi.CustomResourceOptions) {
    super(...gate(name, { nameservers: [], ...args }, opts));
  }
}
