import { addresses, zone } from "../addresses.ts";
import type { NameServer } from "../faultKinds.ts";
import { rrsetsOf, standingAnswers } from "./answers.ts";
import type { Rrset } from "./answers.ts";
import { apiKey, apiPort, soaContent } from "./config.ts";

const zonePath = `/api/v1/servers/localhost/zones/${zone.name}.`;

/** The nameserver understood the change and refuses it; trying again will not help. */
export class RefusedChange extends Error {}

interface ApiRrset {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly records: readonly { readonly content: string }[];
}
interface ApiZone {
  readonly serial: number;
  readonly rrsets: readonly ApiRrset[];
}

/**
 * Makes the lab's zone on a nameserver that does not have it yet: SOA, nameservers and their
 * addresses. Done already, it changes nothing.
 */
export async function ensureZone(server: NameServer): Promise<void> {
  const found = await call(server, "GET", `${zonePath}?rrsets=false`);
  if (found.status === 200) return;
  if (found.status !== 404)
    throw new Error(
      `${server}: PowerDNS answers ${found.status} when asked for ${zone.name}: ${found.text}`,
    );
  const soa: Rrset = {
    name: zone.name,
    type: "SOA",
    ttl: zone.soaMinimum,
    contents: [soaContent(1)],
  };
  const made = await call(server, "POST", "/api/v1/servers/localhost/zones", {
    name: `${zone.name}.`,
    kind: "Native",
    nameservers: [],
    soa_edit_api: "INCREASE",
    rrsets: [soa, ...rrsetsOf(standingAnswers).values()].map(toApi),
  });
  if (made.status !== 201)
    throw new Error(
      `${server}: PowerDNS would not make the zone ${zone.name} (${made.status}): ${made.text}`,
    );
}

/** What a nameserver holds of the zone, without its SOA, by "name type", and the SOA's serial. */
export async function readZone(
  server: NameServer,
): Promise<{ serial: number; rrsets: Map<string, Rrset> }> {
  const found = await call(server, "GET", zonePath);
  if (found.status !== 200)
    throw new Error(
      `${server}: PowerDNS answers ${found.status} when asked for ${zone.name}: ${found.text}`,
    );
  const { serial, rrsets } = JSON.parse(found.text) as ApiZone;
  const sets = rrsets
    .filter((set) => set.type !== "SOA")
    .map((set): Rrset => ({
      name: set.name.replace(/\.$/, ""),
      type: set.type,
      ttl: set.ttl,
      contents: set.records.map((record) => record.content).sort(),
    }));
  return { serial, rrsets: new Map(sets.map((set) => [`${set.name} ${set.type}`, set])) };
}

/**
 * Puts a set of answers in place of what the nameserver has of that name and type; no contents
 * removes it. Throws RefusedChange when it never will.
 */
export async function writeRrset(server: NameServer, set: Rrset): Promise<void> {
  const answer = await call(server, "PATCH", zonePath, { rrsets: [toApi(set)] });
  if (answer.status === 204) return;
  const message =
    `${server}: PowerDNS answers ${answer.status} to a change of ${set.name} ${set.type}: ` +
    `${answer.text}`;
  throw answer.status === 422 || answer.status === 400
    ? new RefusedChange(message)
    : new Error(message);
}

function toApi(set: Rrset) {
  const identity = { name: `${set.name}.`, type: set.type };
  if (set.contents.length === 0) return { ...identity, changetype: "DELETE" };
  return {
    ...identity,
    ttl: set.ttl,
    changetype: "REPLACE",
    records: set.contents.map((content) => ({ content, disabled: false })),
  };
}

async function call(
  server: NameServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  try {
    const response = await fetch(`http://${addresses[server]}:${apiPort}${path}`, {
      method,
      headers: {
        "X-API-Key": apiKey,
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(2000),
    });
    return { status: response.status, text: (await response.text()).trim() };
  } catch (error) {
    const { message, cause } = error as Error & { cause?: Error };
    throw new Error(
      `${server}: PowerDNS at ${addresses[server]}:${apiPort} does not answer ` +
        `(${cause?.message ?? message})`,
    );
  }
}
