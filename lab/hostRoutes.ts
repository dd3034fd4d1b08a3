/** One IPv4 route as `ip -j -4 route show` prints it; fields not used here are left out. */
export interface HostRoute {
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
}

/** Networks offered instead of one that is taken, in the order they are tried. */
const candidates = [
  "10.213.0.0/16",
  "10.214.0.0/16",
  "172.29.0.0/16",
  "172.23.0.0/16",
  "10.77.0.0/16",
];

/**
 * First and last address of "a.b.c.d/n" or a single address, as numbers. Undefined for "default"
 * and for what is no IPv4 network.
 */
export function rangeOf(network: string): { first: number; last: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(network);
  if (!match) return undefined;
  const octets = match.slice(1, 5).map(Number);
  const bits = match[5] === undefined ? 32 : Number(match[5]);
  if (octets.some((o) => o > 255) || bits > 32 || bits === 0) return undefined;
  const address = octets.reduce((sum, octet) => sum * 256 + octet, 0);
  const size = 2 ** (32 - bits);
  const first = Math.floor(address / size) * size;
  return { first, last: first + size - 1 };
}

/**
 * The routes that share an address with `cidr`. The default route and the lab's own bridge are no
 * obstacle.
 */
export function overlapping(
  routes: readonly HostRoute[],
  cidr: string,
  ownBridge: string,
): HostRoute[] {
  const wanted = rangeOf(cidr);
  if (!wanted) throw new Error(`${cidr} is no IPv4 network`);
  return routes.filter((route) => {
    if (route.dev === ownBridge) return false;
    const taken = rangeOf(route.dst);
    return taken !== undefined && taken.first <= wanted.last && wanted.first <= taken.last;
  });
}

/**
 * One line that refuses `cidr` because of the host's routes and offers another; undefined when
 * nothing overlaps.
 */
export function overlapRefusal(
  routes: readonly HostRoute[],
  cidr: string,
  ownBridge: string,
): string | undefined {
  const found = overlapping(routes, cidr, ownBridge)[0];
  if (!found) return undefined;
  const via = found.gateway ? ` via ${found.gateway}` : "";
  const route = `${found.dst}${via}${found.dev ? ` dev ${found.dev}` : ""}`;
  const free = candidates.find(
    (candidate) => overlapping(routes, candidate, ownBridge).length === 0,
  );
  const next = free
    ? `run again with LAB_CIDR=${free}, which is free here`
    : "run again with LAB_CIDR set to a private /16 that is free here";
  return `LAB_CIDR: ${cidr} overlaps this host's route ${route}; ${next}.`;
}

/**
 * What keeps machines on one bridge from reaching each other: with br_netfilter bridged packets
 * pass the host's FORWARD chain, and Docker sets that chain's policy to DROP. Returns the line to
 * print, or undefined when bridged traffic passes.
 *
 * @param callIptables content of /proc/sys/net/bridge/bridge-nf-call-iptables, undefined where
 *   br_netfilter is not loaded
 * @param rules output of `iptables -S`, undefined where there is no iptables
 */
export function forwardRefusal(
  callIptables: string | undefined,
  rules: string | undefined,
  bridge: string,
): string | undefined {
  if (callIptables?.trim() !== "1" || rules === undefined) return undefined;
  const lines = rules.split("\n").map((line) => line.trim());
  if (!lines.includes("-P FORWARD DROP")) return undefined;
  if (lines.some((line) => line.includes(bridge) && line.endsWith("-j ACCEPT"))) return undefined;
  const chain = lines.includes("-N DOCKER-USER") ? "DOCKER-USER" : "FORWARD";
  return (
    "Bridged traffic passes this host's FORWARD chain, whose policy is DROP (Docker " +
    "sets that), so the lab's machines could not reach each other. " +
    `Let them through, then run again: iptables -I ${chain} -i ${bridge} -o ${bridge} -j ACCEPT`
  );
}
