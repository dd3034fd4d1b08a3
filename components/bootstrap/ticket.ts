/**
 * The ticket for the first start of one member: a file for root alone that lets etcd start once on
 * an empty disk (cookbooks/etcd/files/ticket.py reads it). It names one machine and one volume, so
 * a machine that was made anew, or a disk that was emptied later, starts nothing. The bootstrap
 * brings one to found; the node's etcd-join takes one to join. Pure.
 */
import type { Founder } from "../charter/founding.ts";

interface FirstStart {
  /** `initial-cluster-token`. */
  readonly clusterToken: string;
  /** All that it starts with by name, this one included; `address` is private. */
  readonly members: Readonly<
    Record<string, { readonly peerUrl: string; readonly address: string }>
  >;
  /** Id of the EC2 instance, and of its data volume. */
  readonly machine: string;
  readonly volume: string;
  /** Tells tickets apart; the same inputs give the same one. */
  readonly nonce: string;
}

/** To found the cluster together with `members`. */
export interface Ticket extends FirstStart {
  readonly kind: "found";
}

/** To join a living cluster; `members` is the list that `member add` returned. */
export interface JoinTicket extends FirstStart {
  readonly kind: "join";
  /** The id that `member add` gave, in hexadecimal. */
  readonly memberId: string;
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
  const members = Object.entries(founders).map(
    ([name, { address }]) => [name, { peerUrl: peerUrl(name), address }] as const,
  );
  return {
    kind: "found",
    clusterToken,
    members: byName(Object.fromEntries(members)),
    machine,
    volume,
    nonce: nonceOf(clusterToken, machine, volume),
  };
}

/**
 * The ticket of a member that `member add` has just listed as `memberId`, for its machine and
 * volume. The same one may be handed over again until the member has a log.
 */
export function joinTicket({
  clusterToken,
  machine,
  volume,
  memberId,
  members,
}: Omit<JoinTicket, "kind" | "nonce">): JoinTicket {
  return {
    kind: "join",
    clusterToken,
    memberId,
    members: byName(members),
    machine,
    volume,
    nonce: nonceOf(clusterToken, machine, volume, memberId),
  };
}

function byName<T>(members: Readonly<Record<string, T>>): Record<string, T> {
  const sorted = Object.entries(members).sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(sorted);
}

function nonceOf(...words: readonly string[]): string {
  // Not imported above: what joins runs as text inside a dynamic provider.
  const { createHash } = process.getBuiltinModule("node:crypto");
  return createHash("sha256").update(words.join(" ")).digest("hex").slice(0, 16);
}
