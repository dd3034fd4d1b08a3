/**
 * What the reconciler knows when it decides: what the program declares, what etcd lists, what each
 * member answers, and what each machine is. Data only; `plan` judges it, `observe` fills it in.
 */
import type { DeclaredMember } from "../health/memberHealth.ts";

/** A member as the program declares it, with the machine and the disk that it has. */
export interface WantedMember extends DeclaredMember {
  /** Private address. */
  readonly address: string;
  /** Id of its EC2 instance, and of its data volume. */
  readonly machine: string;
  readonly volume: string;
  /** The only SSH host key that is believed. */
  readonly hostKey: string;
}

/** A voter, as it was written down when the members were last as declared. */
export interface Joined {
  /** Member ID, in hexadecimal. */
  readonly id: string;
  readonly machine: string;
  readonly volume: string;
  /** When it was first written down as a voter; ISO form. */
  readonly since: string;
}

/** An entry of etcd's member list. */
export interface ListedMember {
  /** In hexadecimal. */
  readonly id: string;
  /** "" for one that never started. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly learner: boolean;
}

/** An alarm that etcd has raised, and that stays until somebody disarms it. */
export interface Alarm {
  /** In hexadecimal: of the member that it is about. */
  readonly memberId: string;
  /** NOSPACE or CORRUPT. */
  readonly alarm: string;
}

/** What one member's etcd answers. */
export interface Answer {
  readonly name: string;
  /** Why there is no answer, else "". All that follows is empty then. */
  readonly error: string;
  readonly clusterId: string;
  readonly memberId: string;
  /** "" without a leader. */
  readonly leaderId: string;
  readonly learner: boolean;
  /** Raft index that it has applied; the leader's is how far the cluster is. */
  readonly applied: number;
  /** All alarms that it knows of, its own and others'. */
  readonly alarms: readonly Alarm[];
  /** The member list as it sees it, linearizably; undefined from a learner, or without a quorum. */
  readonly list: readonly ListedMember[] | undefined;
}

/** What a machine is, as it says over SSH (the node's etcd-look). */
export interface MachineSight {
  /** Why it could not be asked, else "". All that follows is empty then. */
  readonly problem: string;
  /** ActiveState of etcd's unit: active, activating, inactive, failed, … */
  readonly unit: string;
  /** How often systemd has started it again since somebody did. */
  readonly restarts: number;
  readonly enabled: boolean;
  /** Whether the data directory holds a member; "unmounted": the data volume is not there. */
  readonly disk: "member" | "empty" | "unmounted" | "";
  /** Size of the database there, and of what is being copied to its place. */
  readonly bytes: number;
  /** Member ID of the last join on this disk, or of the ticket that waits there; "" for none. */
  readonly joinedAs: string;
  /** A ticket for a first start that waits on the machine. */
  readonly ticket: "found" | "join" | "";
  /** Names of members that its own resolver does not answer for, with what it says. */
  readonly unresolved: readonly string[];
  /** The last words of its etcd or preflight. */
  readonly words: readonly string[];
}

/** Everything one look shows. */
export interface Situation {
  /** Members as the program declares them. */
  readonly declared: readonly WantedMember[];
  /** Members that the program declared once, and that have not been seen gone. */
  readonly former: readonly WantedMember[];
  /** By name, as last done; undefined until the members were as declared once. */
  readonly done: Readonly<Record<string, Joined>> | undefined;
  /** Member that may join anew although its disk holds data of a member. */
  readonly rejoin: string;
  /** Whether a run has ended well with it: who is listed is not removed for it a second time. */
  readonly rejoinUsed: boolean;
  /** Answers of declared and former members. */
  readonly answers: readonly Answer[];
  /** By name, of declared and former members. */
  readonly machines: Readonly<Record<string, MachineSight>>;
  /** Why the cluster that answers is not the one that is remembered, else "". */
  readonly stranger: string;
}
