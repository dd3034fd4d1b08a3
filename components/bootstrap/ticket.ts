/**
 * The ticket for the first start of one member: a file for root alone that lets etcd start once on
 * an empty disk (cookbooks/etcd/files/ticket.py reads it). It names one machine and one volume, so
 * a machine that was made anew, or a disk that was emptied later, starts nothing. Pure.
 */
import { createHash } from "node:crypto";
import type { Founder } from "../charter/founding.ts";

export interface Ticket {
  /** To found the cluster together with `members`. */
  readonly kind: "found";
  /** `initial-cluster-token`. */
  readonly clusterToken: string;
  /** All founders, this one included. */
  readonly members: Readonly<
    Record<string, { readonly peerUrl: string; readonly address: string }>
  >;
  /** Id of the EC2 instance, and of its data volume. */
  readonly machine: string;
  readonly volume: string;
  /** Tells tickets apart; the same inputs give the same one. */
  readonly nonce: string;
}

/** The ticket of a founder on the machine and the volume that it was recorded with, else none. */
export function foundingTicket(
  founders: Readonly<Record<string, Founder>>,
  { member, machine, volume }: Readonly<Record<"member" | "machine" | "volume", string>>,
  clusterToken: string,
  peerUrl: (member: string) => string,
): Ticket | undefined {
  const recorded = founders[member];
  if (recorded?.machine !== machine || recorded.volume !== volume) return undefined;
  const members = Object.entries(founders)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, { address }]) => [name, { peerUrl: peerUrl(name), address }] as const);
  const nonce = createHash("sha256").update([clusterToken, machine, volume].join(" "));
  return {
    kind: "found",
    clusterToken,
    members: Object.fromEntries(members),
    machine,
    volume,
    nonce: nonce.digest("hex").slice(0, 16),
  };
}
