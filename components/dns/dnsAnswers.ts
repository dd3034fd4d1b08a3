/**
 * How far the answers of nameservers are from what DNS must say. Pure: no network, no clock.
 *
 * etcd reads its peers from DNS once, at its first start, and silently drops a target without an
 * address (etcd issues 5909, 3553): "most of the records" is therefore the dangerous state, and
 * every comparison here is exact.
 */
import { isCloudflareProxy } from "./cloudflareProxy.ts";
import {
  serviceOf,
  srvName,
  type ExpectedDns,
  type NamedMember,
  type Question,
  type Service,
} from "./dnsExpectation.ts";

/** One server's answer to one question. */
export interface Answer {
  /**
   * `records`: some of the type asked; `empty`: the name exists without them; `silent`: nothing
   * came back, over UDP and TCP.
   */
  readonly outcome: "records" | "empty" | "NXDOMAIN" | "SERVFAIL" | "REFUSED" | "other" | "silent";
  /** The AA bit: without it something in between answered. */
  readonly authoritative: boolean;
  readonly targets: readonly { readonly target: string; readonly port: number }[];
  readonly addresses: readonly string[];
  /** In words, for `other` and `silent`. */
  readonly detail: string;
}

export interface ServerAnswers {
  /** How messages name the server. */
  readonly server: string;
  readonly answers: readonly (Question & { readonly answer: Answer })[];
}

export type MismatchKind =
  | "not published"
  | "on some servers only"
  | "target without address"
  | "wrong address"
  | "stale target"
  | "duplicate target"
  | "wrong port"
  | "both server kinds"
  | "both client kinds"
  | "server silent"
  | "SERVFAIL"
  | "refused"
  | "no authority"
  | "proxied address";

export interface Mismatch {
  readonly kind: MismatchKind;
  /** Name and type of the record. */
  readonly record: string;
  readonly server: string;
  /** What is wrong with it, with what was wanted and what came. */
  readonly problem: string;
}

/** What comes of a record that should not be as it is, for those who read it. */
function consequences(service: Service) {
  return service === "client"
    ? {
        otherKind: "clients merge both and would speak to members without the right protocol",
        duplicate: "clients would open two connections to it",
        stale: "clients would try it in vain",
        address: "clients",
      }
    : {
        otherKind: "etcd would merge both and form no cluster",
        duplicate: "etcd exits on a duplicate",
        stale: "etcd would wait for it",
        address: "peers",
      };
}

/**
 * All differences between what is wanted and what the servers said; none means this round was
 * complete and exact, but for SRV records of `former` members: the engine deletes those only at the
 * end of the run in which a member leaves, so they may be there or not.
 */
export function compareAnswers(
  expected: ExpectedDns,
  servers: readonly ServerAnswers[],
  former: readonly NamedMember[] = [],
): Mismatch[] {
  return servers.flatMap((server) => {
    const silent = server.answers.find((a) => a.answer.outcome === "silent");
    // A server that is down would otherwise fill the message with a line for every record.
    if (silent && server.answers.every((a) => a.answer.outcome === "silent")) {
      return [
        {
          kind: "server silent" as const,
          record: "every record",
          server: server.server,
          problem: silent.answer.detail,
        },
      ];
    }
    return server.answers.flatMap(
      (asked) =>
        unusable(asked, server.server) ??
        (asked.type === "SRV"
          ? compareSrv(expected, servers, server, asked, former)
          : compareHost(expected, servers, server, asked)),
    );
  });
}

/** Those of the former members that a server still names. */
export function stillNamed(
  expected: ExpectedDns,
  servers: readonly ServerAnswers[],
  former: readonly NamedMember[],
): NamedMember[] {
  const targets = servers
    .flatMap(({ answers }) => answers.filter(({ name }) => name === srvName(expected)))
    .flatMap(({ answer }) => answer.targets.map(({ target }) => target));
  return former.filter(({ target }) => targets.includes(target));
}

/** An answer that says nothing about the record, whatever it contains. */
function unusable(asked: Question & { answer: Answer }, server: string): Mismatch[] | undefined {
  const of = (kind: MismatchKind, problem: string): Mismatch[] => [
    { kind, record: `${asked.name} ${asked.type}`, server, problem },
  ];
  switch (asked.answer.outcome) {
    case "silent":
      return of("server silent", asked.answer.detail);
    case "SERVFAIL":
      return of("SERVFAIL", "SERVFAIL: the server cannot serve the zone at the moment");
    case "REFUSED":
      return of("refused", "REFUSED: this server does not serve the zone");
    case "other":
      return of("refused", asked.answer.detail);
    default:
      return asked.answer.authoritative
        ? undefined
        : of(
            "no authority",
            "answered without authority (AA bit off): something between here and the " +
              "nameserver answers in its place",
          );
  }
}

function compareSrv(
  expected: ExpectedDns,
  servers: readonly ServerAnswers[],
  server: ServerAnswers,
  asked: Question & { answer: Answer },
  former: readonly NamedMember[],
): Mismatch[] {
  const record = `${asked.name} SRV`;
  const found: Mismatch[] = [];
  const say = (kind: MismatchKind, problem: string) =>
    found.push({ kind, record, server: server.server, problem });
  const seen = asked.answer.targets;
  const service = serviceOf(expected);
  const then = consequences(service);
  if (asked.name !== srvName(expected)) {
    if (seen.length)
      say(
        `both ${service} kinds`,
        `exists beside ${srvName(expected)}: ${then.otherKind}; remove it`,
      );
    return found;
  }
  for (const { target } of expected.members) {
    const here = seen.filter((s) => s.target === target);
    if (here.length > 1)
      say(
        "duplicate target",
        `lists ${target} ${here.length} times ` +
          `(${here.map((h) => `port ${h.port}`).join(", ")}): ${then.duplicate}; ` +
          "remove all but one",
      );
    else if (here[0] && here[0].port !== expected.port)
      say("wrong port", `points ${target} to port ${here[0].port}, wanted ${expected.port}`);
    else if (!here[0]) {
      const others = whoHas(servers, asked, (a) => a.targets.some((t) => t.target === target));
      if (others)
        say("on some servers only", `lacks ${target}:${expected.port}, which ${others} has`);
      else
        say(
          "not published",
          asked.answer.outcome === "NXDOMAIN"
            ? `NXDOMAIN, wanted ${target}:${expected.port}`
            : `lacks ${target}:${expected.port}`,
        );
    }
  }
  const wanted = expected.members.map((m) => m.target);
  const left = (target: string) =>
    former.some((one) => one.target === target) &&
    seen.every((s) => s.target !== target || s.port === expected.port);
  const extras = seen.map((s) => s.target).filter((t) => !wanted.includes(t) && !left(t));
  for (const extra of new Set(extras)) {
    say("stale target", `names ${extra}, which is no member: ${then.stale}; remove it`);
  }
  return found;
}

function compareHost(
  expected: ExpectedDns,
  servers: readonly ServerAnswers[],
  server: ServerAnswers,
  asked: Question & { answer: Answer },
): Mismatch[] {
  const record = `${asked.name} ${asked.type}`;
  const seen = asked.answer.addresses;
  const one = (kind: MismatchKind, problem: string): Mismatch[] => [
    { kind, record, server: server.server, problem },
  ];
  const wanted = expected.members.find((m) => m.target === asked.name)?.address ?? "";
  if (asked.type === "AAAA")
    return seen.length
      ? one(
          "wrong address",
          `${seen.join(", ")}: ${consequences(serviceOf(expected)).address} would try an ` +
            "address the member does not have; remove it",
        )
      : [];
  if (seen.length === 1 && seen[0] === wanted) return [];
  if (seen.length) {
    const proxied = seen.some(isCloudflareProxy);
    return one(
      proxied ? "proxied address" : "wrong address",
      proxied
        ? `${seen.join(", ")} is Cloudflare's proxy, wanted ${wanted}: etcd cannot be ` +
            `proxied; set the record to "DNS only"`
        : `${seen.join(", ")}, wanted ${wanted}`,
    );
  }
  const others = whoHas(servers, asked, (a) => a.addresses.includes(wanted));
  const outcome = asked.answer.outcome === "NXDOMAIN" ? "NXDOMAIN" : "no address";
  const missing = `${outcome}, wanted ${wanted}`;
  if (others) return one("on some servers only", `${missing}, which ${others} has`);
  const named = server.answers.some(
    (a) => a.type === "SRV" && a.answer.targets.some((t) => t.target === asked.name),
  );
  return one(named ? "target without address" : "not published", missing);
}

/**
 * The other servers that gave the wanted answer to the same question, in words; empty when none
 * did.
 */
function whoHas(
  servers: readonly ServerAnswers[],
  question: Question,
  wanted: (answer: Answer) => boolean,
): string {
  return servers
    .filter((s) =>
      s.answers.some(
        (a) => a.name === question.name && a.type === question.type && wanted(a.answer),
      ),
    )
    .map((s) => s.server)
    .join(" and ");
}
