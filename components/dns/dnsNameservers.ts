/**
 * Finding the servers that are authoritative for a domain, by following delegations down from the
 * root.
 *
 * A recursive resolver is never asked for the domain or anything below it: it would remember "no
 * such name" for the zone's negative TTL (1800 s at Cloudflare), and hide the records from the
 * nodes that ask it later (RFC 2308, RFC 8020). It is asked only for the addresses of the
 * nameservers themselves. Runs inside a dynamic provider: imports inside functions.
 */
import type { Answer as DnsRecord, Packet } from "dns-packet";
import { exchange, type Nameserver } from "./dnsQuery.ts";

export interface NamedServer extends Nameserver {
  /**
   * How messages name it: "ns1.example.com (192.0.2.1)", or the address when only that is known.
   */
  readonly label: string;
}

/** Reads `address` or `address:port` (port 53 by default), as `etcd:nameservers` lists them. */
export function configuredServer(text: string): NamedServer {
  const [address = "", port = "53"] = text.split(":");
  return { address, port: Number(port), label: text };
}

/**
 * All authoritative servers of `domain`: one whose address cannot be found is an error, because the
 * gate has to ask every one. `roots` are where the walk begins, a, c and e of the public root by
 * default; servers further down are asked at the same port.
 * @throws Error when the walk cannot go on, naming the zone reached, the servers asked, and
 *   `etcd:nameservers` as the way around.
 */
export async function findNameservers(
  domain: string,
  timeoutMs: number,
  roots: readonly Nameserver[] = publicRoots(),
): Promise<NamedServer[]> {
  let servers: readonly Nameserver[] = roots;
  let zone = "the root";
  for (let depth = 0; depth < 12; depth++) {
    const reply = await firstReply(servers, domain, timeoutMs);
    if (typeof reply === "string")
      throw stuck(
        domain,
        `the servers of ${zone} (${servers.map((s) => s.address).join(", ")}) gave no ` +
          `answer to go on with: ${reply}`,
      );
    const records: DnsRecord[] = [...(reply.answers ?? []), ...(reply.authorities ?? [])];
    const names = records
      .filter((r) => r.type === "NS")
      .map((r) => ({
        zone: plainName(r.name),
        server: plainName(String((r as { data?: unknown }).data)),
      }));
    const authoritative = (reply as { flag_aa?: boolean }).flag_aa === true;
    if (!names.length) {
      // Authoritative without NS: the domain lies inside the zone whose servers these are.
      if (authoritative && depth > 0) return label(servers);
      throw stuck(domain, `the servers of ${zone} name no nameserver for it`);
    }
    const next = await addressesOf(
      names.map((n) => n.server),
      reply,
      roots[0]?.port ?? 53,
    );
    if (next.unknown.length > 0)
      throw stuck(
        domain,
        `no address was found for ${next.unknown.join(", ")}, and every server of ` +
          `${names[0]?.zone} has to be asked`,
      );
    if (authoritative) return next.servers;
    servers = next.servers;
    zone = names[0]?.zone ?? zone;
  }
  throw stuck(domain, "the delegations do not end");
}

function publicRoots(): Nameserver[] {
  return ["198.41.0.4", "192.33.4.12", "192.203.230.10"].map((address) => ({ address, port: 53 }));
}

function stuck(domain: string, why: string): Error {
  return new Error(
    `The authoritative nameservers of ${domain} could not be found: ${why}. Name them ` +
      "in etcd:nameservers (addresses), or open port 53 from here.",
  );
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function label(servers: readonly Nameserver[]): NamedServer[] {
  return servers.map((s) => ({ ...s, label: (s as Partial<NamedServer>).label ?? s.address }));
}

async function firstReply(
  servers: readonly Nameserver[],
  domain: string,
  timeoutMs: number,
): Promise<Packet | string> {
  let why = "no server to ask";
  for (const server of servers) {
    const reply = await exchange(server, domain, "NS", timeoutMs);
    if (typeof reply === "string") {
      why = reply;
      continue;
    }
    const { rcode } = reply as Packet & { rcode: string };
    if (rcode === "NOERROR" || rcode === "NXDOMAIN") return reply;
    why = `answered ${rcode}`; // the next one may do better
  }
  return why;
}

/** Addresses of nameservers: glue from the reply where it has any, else by the usual resolver. */
async function addressesOf(
  names: readonly string[],
  reply: Packet,
  port: number,
): Promise<{ servers: NamedServer[]; unknown: string[] }> {
  const { resolve4 } = await import("node:dns/promises");
  const glue = (reply.additionals ?? [])
    .filter((r) => r.type === "A")
    .map((r) => ({ name: plainName(r.name), address: String((r as { data?: unknown }).data) }));
  const found = await Promise.all(
    [...new Set(names)].map(async (name) => {
      const known = glue.filter((g) => g.name === name).map((g) => g.address);
      const addresses = known.length ? known : await resolve4(name).catch((): string[] => []);
      return {
        name,
        servers: addresses.map((address) => ({ address, port, label: `${name} (${address})` })),
      };
    }),
  );
  return {
    servers: found.flatMap(({ servers }) => servers),
    unknown: found.filter(({ servers }) => servers.length === 0).map(({ name }) => name),
  };
}
