/** What a reconciliation is given, and what comes of it. */
import type { Asking } from "../health/asking.ts";
import type { Recognition, Stranger } from "../health/memory.ts";
import type { MemberAccess } from "../ssh/memberAccess.ts";
import type { Joined, WantedMember } from "./situation.ts";

/** How members and their machines are reached. */
export interface Reaching {
  readonly asking: Asking;
  readonly accessTo: (member: WantedMember) => MemberAccess;
}

export interface Reconciling {
  /** Members that are to be. */
  readonly declared: readonly WantedMember[];
  /** Members that were declared once, and are not known to be gone. */
  readonly former: readonly WantedMember[];
  /** The voters as last written down; undefined for a cluster that never was. */
  readonly done: Readonly<Record<string, Joined>> | undefined;
  /** Member that may join anew although its disk holds data; "" for none. */
  readonly rejoin: string;
  /** Whether a run has ended well with it before. */
  readonly rejoinUsed: boolean;
  /** `initial-cluster-token`. */
  readonly clusterToken: string;
  /** The stack's mark, for whoever finds this one at work. */
  readonly stack: string;
  /** How long one step may take, in seconds: time runs anew when something was done. */
  readonly timeoutSeconds: number;
  /** How long this run keeps others out after its last look, in seconds. @default a minute */
  readonly leaseSeconds?: number;
  /** By what the cluster is recognised before anything is changed. */
  readonly recognition: Recognition;
  /** Why another cluster is refused; "" lets it through. */
  readonly refusal: (stranger: Stranger) => string;
  readonly reaching: Reaching;
  /** Takes a line for whoever watches the run. */
  readonly say: (line: string) => void;
}

/** The members as they are at the end. */
export interface Reconciled {
  /** In hexadecimal. */
  readonly clusterId: string;
  /** All voters, by name. */
  readonly done: Readonly<Record<string, Joined>>;
  /** Former members whose machines still answer. */
  readonly former: readonly WantedMember[];
}

/** What a reconciliation that fails throws: what it has done is not lost with it. */
export interface Unreconciled extends Error {
  /** The voters by name, as last seen; undefined when nobody answered. */
  readonly done: Readonly<Record<string, Joined>> | undefined;
}
