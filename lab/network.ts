import { existsSync, readFileSync } from "node:fs";
import { addresses } from "./addresses.ts";
import { forwardRefusal, overlapRefusal } from "./hostRoutes.ts";
import type { HostRoute } from "./hostRoutes.ts";
import { run, runAsRoot } from "./shell.ts";

const { bridge, gateway, prefixLength } = addresses;

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
}
interface AddressedLink {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}

/** Name of the network namespace of a machine or service. */
export function namespaceName(name: string): string {
  return `etcd-lab-${name}`;
}

/** Where the namespace of a machine or service can be joined, for `podman run --network ns:…`. */
export function namespacePath(name: string): string {
  return `/run/netns/${namespaceName(name)}`;
}

/**
 * The fixed MAC of an address: a new machine on an old address is then reachable at once instead of
 * after a stale ARP entry's 8 to 28 s.
 */
export function macOf(address: string): string {
  return ["0a", "58", ...octets(address)].join(":");
}

/**
 * Throws, with one line to print, when addresses.cidr overlaps a route of this host or the host's
 * firewall would drop bridged traffic.
 */
export async function checkNetwork(): Promise<void> {
  const routes = JSON.parse(await run("ip", ["-j", "-4", "route", "show"])) as HostRoute[];
  const overlap = overlapRefusal(routes, addresses.cidr, bridge);
  if (overlap) throw new Error(overlap);
  const blocked = forwardRefusal(
    readOptional("/proc/sys/net/bridge/bridge-nf-call-iptables"),
    await filterRules(),
    bridge,
  );
  if (blocked) throw new Error(blocked);
}

/**
 * Makes the lab's bridge with the gateway's address; done already, it does nothing. Throws as
 * checkNetwork does.
 */
export async function startNetwork(): Promise<void> {
  await checkNetwork();
  const present = (await addressedLinks()).find((link) => link.ifname === bridge);
  const held = present?.addr_info[0]?.local;
  if (held !== undefined && held !== gateway) {
    throw new Error(
      `${bridge} carries ${held} of a lab that was started with another LAB_CIDR; take ` +
        "that one down first (npm run down), or set LAB_CIDR as it was.",
    );
  }
  await batch([
    ...(present ? [] : [`link add ${bridge} type bridge forward_delay 0`]),
    // A bridge takes the smallest MAC of its ports unless it has one of its own: it would change
    // whenever a machine comes or goes.
    ...(present ? [] : [`link set ${bridge} address ${macOf(gateway)}`]),
    ...(held ? [] : [`addr add ${gateway}/${prefixLength} dev ${bridge}`]),
    `link set ${bridge} up`,
  ]);
}

/**
 * Removes every namespace of the lab and the bridge. Containers must be gone before. Nothing there:
 * does nothing.
 */
export async function stopNetwork(): Promise<void> {
  for (const name of await namespaces()) await removeNamespace(name);
  if ((await links()).some((link) => link.ifname === bridge))
    await runAsRoot("ip", ["link", "delete", bridge]);
}

/**
 * Makes the namespace of one machine or service and plugs it into the bridge: eth0 with `address`,
 * its fixed MAC, the gateway as default route. Called again for a sound one it changes nothing; a
 * broken one is made anew. Returns the path to give to podman. Throws when another namespace holds
 * the address.
 */
export async function makeNamespace(name: string, address: string): Promise<string> {
  const namespace = namespaceName(name);
  const port = portOf(address);
  const existing = (await links()).find((link) => link.ifname === port);
  if (existing?.ifalias !== undefined && existing.ifalias !== namespace) {
    throw new Error(
      `${address} belongs to ${existing.ifalias}; remove that before ${namespace} can have it.`,
    );
  }
  const path = namespacePath(name);
  if (existing && existsSync(path) && (await holds(namespace, address))) return path;
  await removeNamespace(name);
  await batch([
    // left by a run that was killed between two steps
    ...(existing && existing.ifalias === undefined ? [`link delete ${port}`] : []),
    `netns add ${namespace}`,
    `link add ${port} type veth peer name eth0 address ${macOf(address)} netns ${namespace}`,
    // The alias carries the whole name, for which an interface name (15 characters) is too short.
    `link set ${port} alias ${namespace} master ${bridge} up`,
  ]);
  await batch(
    [
      "link set lo up",
      `addr add ${address}/${prefixLength} dev eth0`,
      "link set eth0 up",
      `route add default via ${gateway}`,
    ],
    ["-n", namespace],
  );
  return path;
}

/**
 * Sets the firewall of a machine's namespace, a table at a time, in iptables-restore's form. It is
 * set from outside, before the machine's first process, and holds whatever runs there (only root in
 * the machine could change it). IPv6, which the lab's VPC has not, is off.
 */
export async function setFirewall(name: string, tables: string): Promise<void> {
  await runAsRoot(
    "nsenter",
    [
      `--net=${namespacePath(name)}`,
      "--",
      "sh",
      "-c",
      "[ ! -e /proc/sys/net/ipv6/conf/eth0/disable_ipv6 ] || echo 1 > " +
        "/proc/sys/net/ipv6/conf/eth0/disable_ipv6; exec iptables-restore --wait=10",
    ],
    { input: tables },
  );
}

/**
 * Throws, with one line to print, when this host's kernel or iptables cannot do what machines'
 * firewalls need; tried in a namespace that is gone afterwards.
 */
export async function checkFirewall(tables: string): Promise<void> {
  await runAsRoot("unshare", ["--net", "--", "iptables-restore", "--wait=10"], {
    input: tables,
  }).catch((error: Error) => {
    throw new Error(
      "the lab cannot run on this host: its iptables cannot make the firewall of a " +
        "machine (connection tracking, DNAT, TTL); load nf_conntrack, nf_nat and xt_HL, " +
        `or use another kernel\n${error.message}`,
    );
  });
}

/**
 * Removes a namespace and its cable. Nothing there: does nothing. A container still in it keeps its
 * processes, without a network.
 */
export async function removeNamespace(name: string): Promise<void> {
  const namespace = namespaceName(name);
  // The cable first: the kernel removes it with the namespace too, but later, and the same address
  // may be wanted again at once.
  const port = (await links()).find((link) => link.ifalias === namespace);
  await batch([
    ...(port ? [`link delete ${port.ifname}`] : []),
    ...(existsSync(namespacePath(name)) ? [`netns delete ${namespace}`] : []),
  ]);
}

/**
 * Plugs a machine or service out of the bridge ("down") or in again ("up"): the other side sees
 * silence, not a refusal.
 */
export async function setLink(name: string, state: "up" | "down"): Promise<void> {
  const port = (await links()).find((link) => link.ifalias === namespaceName(name));
  if (!port) throw new Error(`${name} has no cable on ${bridge}; ${await knownNames()}`);
  await runAsRoot("ip", ["link", "set", port.ifname, state]);
}

/** Names of all namespaces the lab has made, without the prefix. */
export async function namespaces(): Promise<string[]> {
  const prefix = namespaceName("");
  const list = JSON.parse((await run("ip", ["-j", "netns", "list"])) || "[]") as {
    readonly name: string;
  }[];
  return list
    .map((entry) => entry.name)
    .filter((entry) => entry.startsWith(prefix))
    .map((entry) => entry.slice(prefix.length));
}

/** Name of the machine or service at an address, without the prefix; undefined where none is. */
export async function namespaceOf(address: string): Promise<string | undefined> {
  if (!/^\d+(\.\d+){3}$/.test(address)) return undefined;
  const port = (await links()).find((link) => link.ifname === portOf(address));
  return port?.ifalias?.slice(namespaceName("").length);
}

async function knownNames(): Promise<string> {
  const names = await namespaces();
  return names.length === 0
    ? "the lab has no machines now."
    : `these have one: ${names.join(", ")}.`;
}

/**
 * Host side of a cable. With the address in hexadecimal the name is as long as the kernel allows,
 * and unique.
 */
function portOf(address: string): string {
  return `etcdlab${octets(address).join("")}`;
}

function octets(address: string): string[] {
  return address.split(".").map((octet) => Number(octet).toString(16).padStart(2, "0"));
}

async function holds(namespace: string, address: string): Promise<boolean> {
  // Its state does not count: a machine that a fault has cut off must stay as it is.
  const eth0 = (await addressedLinks(["-n", namespace])).find((link) => link.ifname === "eth0");
  return eth0?.addr_info.some((info) => info.local === address) ?? false;
}

async function links(): Promise<Link[]> {
  return JSON.parse(await run("ip", ["-j", "link", "show"])) as Link[];
}

async function addressedLinks(where: readonly string[] = []): Promise<AddressedLink[]> {
  return JSON.parse(
    await runAsRoot("ip", [...where, "-j", "-4", "addr", "show"]),
  ) as AddressedLink[];
}

/** Several `ip` commands in one process. */
async function batch(lines: readonly string[], where: readonly string[] = []): Promise<void> {
  if (lines.length > 0)
    await runAsRoot("ip", [...where, "-batch", "-"], { input: `${lines.join("\n")}\n` });
}

/**
 * The host's filter rules; undefined where there is no iptables, and then nothing of iptables can
 * be in the way.
 */
async function filterRules(): Promise<string | undefined> {
  const iptables = ["/usr/sbin/iptables", "/sbin/iptables"].find((file) => existsSync(file));
  return iptables ? runAsRoot(iptables, ["-S"]) : undefined;
}

function readOptional(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
