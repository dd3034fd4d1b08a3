/**
 * What the security groups of an instance let through, and its way to the metadata service, as
 * rules for iptables-restore. Pure.
 */

/** One rule of a group, for one source (inbound) or destination (outbound). */
export interface GroupRule {
  readonly direction: "in" | "out";
  /** tcp, udp, icmp, another protocol's number, or "-1" for all. */
  readonly protocol: string;
  /**
   * Ports from and to, or type and code with icmp; -1 is any. Absent where the protocol has none.
   */
  readonly from?: number;
  readonly to?: number;
  /** An IPv4 network, or the members of a group. */
  readonly peer: { readonly cidr: string } | { readonly groupId: string };
}

/**
 * All that EC2 says about groups: the rules of each, and the addresses of the interfaces that are
 * in it.
 */
export interface Groups {
  readonly rules: ReadonlyMap<string, readonly GroupRule[]>;
  readonly addresses: ReadonlyMap<string, readonly string[]>;
}

/**
 * What never depends on a group in EC2: the VPC's resolver, and the metadata service, which is at
 * 169.254.169.254 for machines only.
 */
export interface AlwaysReachable {
  readonly resolver: string;
  /** Where the metadata service listens. */
  readonly gateway: string;
  readonly metadataPort: number;
}

/**
 * The tables of an instance in these groups. What is not allowed is dropped without an answer, as
 * in EC2; what belongs to a connection that was allowed passes in both directions. An instance in
 * no group gets nothing and gets nowhere. Answers of the metadata service come with a time to live
 * of `hopLimit`, so that they end at the machine itself where that is 1.
 */
export function firewallTables(
  groupIds: readonly string[],
  groups: Groups,
  hopLimit: number,
  { resolver, gateway, metadataPort }: AlwaysReachable,
): string {
  const rules = groupIds.flatMap((id) => groups.rules.get(id) ?? []);
  const lines = (direction: "in" | "out") =>
    rules.filter((rule) => rule.direction === direction).flatMap((rule) => allow(rule, groups));
  return [
    "*filter",
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    "-A INPUT -i lo -j ACCEPT",
    "-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    ...unique(lines("in")),
    "-A INPUT -j DROP",
    "-A OUTPUT -o lo -j ACCEPT",
    "-A OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
    `-A OUTPUT -d ${resolver}/32 -j ACCEPT`,
    `-A OUTPUT -d ${gateway}/32 -p tcp -m tcp --dport ${metadataPort} -j ACCEPT`,
    ...unique(lines("out")),
    "-A OUTPUT -j DROP",
    "COMMIT",
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":INPUT ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    // PREROUTING for containers on the machine, which have the machine's address outside.
    ...["OUTPUT", "PREROUTING"].map(
      (chain) =>
        `-A ${chain} -d 169.254.169.254/32 -p tcp -m tcp --dport 80 -j DNAT ` +
        `--to-destination ${gateway}:${metadataPort}`,
    ),
    "COMMIT",
    "*mangle",
    ":PREROUTING ACCEPT [0:0]",
    ":INPUT ACCEPT [0:0]",
    ":FORWARD ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    `-A PREROUTING -s ${gateway}/32 -p tcp -m tcp --sport ${metadataPort} -j TTL ` +
      `--ttl-set ${hopLimit}`,
    "COMMIT",
    "",
  ].join("\n");
}

function allow(rule: GroupRule, { addresses }: Groups): string[] {
  const { peer, direction } = rule;
  const networks =
    "cidr" in peer
      ? [peer.cidr]
      : (addresses.get(peer.groupId) ?? []).map((address) => `${address}/32`);
  return networks.map(
    (network) =>
      `-A ${direction === "in" ? "INPUT -s" : "OUTPUT -d"} ${network}${protocol(rule)} -j ACCEPT`,
  );
}

function protocol({ protocol: name, from = -1, to = -1 }: GroupRule): string {
  if (name === "-1") return "";
  if (name === "icmp")
    return ` -p icmp${from < 0 ? "" : ` -m icmp --icmp-type ${from}${to < 0 ? "" : `/${to}`}`}`;
  const ports =
    (name === "tcp" || name === "udp") && from >= 0 ? ` -m ${name} --dport ${from}:${to}` : "";
  return ` -p ${name}${ports}`;
}

/** Sorted, so that the same rules in another order are no change. */
function unique(lines: readonly string[]): string[] {
  return [...new Set(lines)].sort();
}
