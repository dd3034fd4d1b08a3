/**
 * What DNS must say before etcd may start, and before clients may look for it. Pure: no network, no
 * clock.
 */
import { clientSrvName, serverSrvName } from "../names.ts";

/**
 * Whose SRV records: `server` is what etcd reads its peers from, `client` what clients find the
 * members by.
 */
export type Service = "server" | "client";

/** What DNS has to say of a member: its full name and its private address. */
export interface NamedMember {
  readonly target: string;
  readonly address: string;
}

/** The set that has to be visible: every member by name and address, and nobody else. */
export interface ExpectedDns {
  /** @default "server" */
  readonly service?: Service | undefined;
  readonly domain: string;
  /** Chooses the SRV kind, such as `_etcd-server-ssl._tcp` or `_etcd-server._tcp`. */
  readonly tls: boolean;
  readonly port: number;
  readonly members: readonly NamedMember[];
}

export interface Question {
  readonly name: string;
  readonly type: "SRV" | "A" | "AAAA";
}

/** Whose records an expectation is about. */
export function serviceOf({ service }: Pick<ExpectedDns, "service">): Service {
  return service ?? "server";
}

/** Name of the SRV record that is wanted, or of the kind that must not exist beside it. */
export function srvName(expected: ExpectedDns, kind: "wanted" | "other" = "wanted"): string {
  const tls = expected.tls === (kind === "wanted");
  return serviceOf(expected) === "client"
    ? clientSrvName(expected.domain, tls)
    : serverSrvName(expected.domain, tls);
}

/** Everything one server is asked in one round. */
export function questionsFor(expected: ExpectedDns): Question[] {
  // The kind with TLS comes first, wanted or not.
  const kinds = expected.tls ? (["wanted", "other"] as const) : (["other", "wanted"] as const);
  const srv = kinds.map((kind): Question => ({ name: srvName(expected, kind), type: "SRV" }));
  const hosts = expected.members.flatMap((m): Question[] => [
    { name: m.target, type: "A" },
    { name: m.target, type: "AAAA" },
  ]);
  return [...srv, ...hosts];
}
