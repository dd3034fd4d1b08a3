/**
 * Names and addresses of the fault bench. They exist only inside namespaces of its own, so they can
 * meet no network of the host.
 */
export const domain = "etcd.test";
/**
 * The declared members, where a test does not say others. `old` is a machine that is gone: nobody
 * has its address.
 */
export const names = ["a", "b", "c"] as const;

export const isFounder = (name: string) => names.some((founder) => founder === name);

const hosts: Readonly<Record<string, string>> = {
  a: "10.88.0.11",
  b: "10.88.0.12",
  c: "10.88.0.13",
  d: "10.88.0.14",
  e: "10.88.0.15",
  f: "10.88.0.16",
  g: "10.88.0.17",
  old: "10.88.0.99",
};
export const addressOf = (name: string): string => hosts[name] ?? "";

/** Where the tests themselves are: the machine that runs `pulumi up`. */
export const here = "10.88.0.1";
/** The authoritative servers, and the resolver that the nodes ask. */
export const nameservers = ["10.88.0.2", "10.88.0.3"] as const;
export const resolver = "10.88.0.53";
/** An address that is free for a stranger on the same network. */
export const stranger = "10.88.0.66";

/** How long a node's preflight waits for DNS before the unit tries again, in seconds. */
export const unitWaits = 1;
