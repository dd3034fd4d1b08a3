/** Nameservers of the lab's zone. The publisher serves ns1 at once and ns2 late. */
export const nameServers = ["ns1", "ns2"] as const;
export type NameServer = (typeof nameServers)[number];

/** What a parameter of a fault may hold; faultInput.ts reads each. */
export type Form =
  | "name"
  | "recordType"
  | "content"
  | "server"
  | "machine"
  | "text"
  | "seconds"
  | "count"
  | "status"
  | "service"
  | "method"
  | "drop"
  | "apiName"
  | "when";

export interface Parameter {
  readonly form: Form;
  readonly required: boolean;
  readonly says: string;
}

export interface FaultKind {
  readonly says: string;
  readonly parameters: Readonly<Record<string, Parameter>>;
}

const need = <F extends Form>(form: F, says: string) => ({ form, required: true, says }) as const;
const may = <F extends Form>(form: F, says: string) => ({ form, required: false, says }) as const;

const someServer = may("server", "ns1 or ns2; both unless given");

/**
 * Every fault the lab can make, with its parameters: the table behind `npm run lab -- fault`, its
 * help, and the control interface.
 */
export const faultKinds = {
  "dns-lag": {
    says: "Changes of records reach a nameserver late.",
    parameters: {
      seconds: need("seconds", "how late, from the change; 2 for ns2 when no fault is set"),
      server: may("server", "ns2 unless given"),
    },
  },
  withhold: {
    says: "A record is accepted by the API and not published.",
    parameters: {
      name: need("name", "full name, such as c.etcd.test"),
      type: need("recordType", "A, AAAA, CNAME, SRV or TXT"),
      server: someServer,
      content: may(
        "content",
        "only the record with this content; for SRV the target alone will do",
      ),
    },
  },
  falsify: {
    says: "A record is published with another content.",
    parameters: {
      name: need("name", "full name, such as c.etcd.test"),
      type: need("recordType", "A, AAAA, CNAME, SRV or TXT"),
      content: need("content", "what is published; for SRV 'priority weight port target'"),
      instead: may(
        "content",
        "only in place of the record with this content; of all of that name and type unless given",
      ),
      server: someServer,
    },
  },
  extra: {
    says: "An answer is published that the API knows nothing of: stale or duplicate records.",
    parameters: {
      name: need("name", "full name, such as _etcd-server-ssl._tcp.etcd.test"),
      type: need("recordType", "A, AAAA, CNAME, SRV or TXT"),
      content: need("content", "what is published; for SRV 'priority weight port target'"),
      server: someServer,
    },
  },
  "server-down": {
    says: "A nameserver is silent: queries get no answer at all.",
    parameters: { server: need("server", "ns1 or ns2") },
  },
  servfail: {
    says: "A nameserver answers SERVFAIL.",
    parameters: { server: need("server", "ns1 or ns2") },
  },
  "ssh-late": {
    says: "Machines started from now on open SSH late.",
    parameters: { seconds: need("seconds", "how late after the start of the machine") },
  },
  "api-fault": {
    says: "The next requests to an API fail.",
    parameters: {
      service: may("service", "cloudflare (default)"),
      method: may("method", "only this method"),
      path: may("text", "only requests whose path contains this"),
      body: may("text", "only requests whose body contains this, such as the name of a record"),
      times: may("count", "how many requests, 1 unless given"),
      status: may("status", "answer with this HTTP status instead of doing anything"),
      retryAfter: may("seconds", "value of the Retry-After header sent with status"),
      drop: may("drop", "before-write or after-write: cut the connection without an answer"),
    },
  },
  "ec2-fault": {
    says:
      "The next calls of one action at EC2 fail. It stays in the list until it is " +
      "switched off, used up or not.",
    parameters: {
      action: need("apiName", "such as RunInstances"),
      code: may(
        "apiName",
        "EC2's error code, such as RequestLimitExceeded or " +
          "InsufficientInstanceCapacity; needed unless when=after",
      ),
      times: may("count", "how many calls, 1 unless given; clients try again by themselves"),
      zone: may(
        "text",
        "only calls for this availability zone, by its name or through a subnet or interface in it",
      ),
      when: may(
        "when",
        "before (default): nothing is done; after: the call takes effect and the " +
          "connection is cut without an answer",
      ),
    },
  },
  kill: {
    says: "A machine loses power at once. It happens once and is not in the list of faults.",
    parameters: { machine: need("machine", "node, full name, private address or instance id") },
  },
  pause: {
    says: "A machine stands still: connections to it open, nothing answers.",
    parameters: { machine: need("machine", "node, full name, private address or instance id") },
  },
  partition: {
    says: "A machine or nameserver is cut from the network.",
    parameters: {
      machine: need(
        "machine",
        "node, full name, private address, instance id, ns1, ns2 or resolver",
      ),
    },
  },
} as const satisfies Record<string, FaultKind>;

export type FaultName = keyof typeof faultKinds;

type ValueOf<F> = F extends "seconds" | "count" | "status"
  ? number
  : F extends "server"
    ? NameServer
    : F extends "drop"
      ? "before-write" | "after-write"
      : F extends "when"
        ? "before" | "after"
        : string;
type RequiredOf<P> = {
  readonly [K in keyof P as P[K] extends { required: true } ? K : never]: P[K] extends {
    form: infer F;
  }
    ? ValueOf<F>
    : never;
};
type OptionalOf<P> = {
  readonly [K in keyof P as P[K] extends { required: false } ? K : never]?: P[K] extends {
    form: infer F;
  }
    ? ValueOf<F>
    : never;
};

/** One fault of a given kind, its parameters typed from the table above. */
export type FaultOf<K extends FaultName> = { readonly kind: K } & RequiredOf<
  (typeof faultKinds)[K]["parameters"]
> &
  OptionalOf<(typeof faultKinds)[K]["parameters"]>;

/** One fault, ready to act on. */
export type Fault = { [K in FaultName]: FaultOf<K> }[FaultName];

/** The faults of one kind among several. */
export function faultsOf<K extends FaultName>(faults: readonly Fault[], kind: K): FaultOf<K>[] {
  return faults.filter(
    (fault): fault is Extract<Fault, { kind: K }> => fault.kind === kind,
  ) as FaultOf<K>[];
}
