/** What a person may call a machine or a service of the lab, and which one that is. */
import { zone } from "./addresses.ts";
import { loadRecords } from "./cloudflare/store.ts";
import { FaultInputError } from "./faultInput.ts";
import { namespaceOf, namespaces } from "./network.ts";

/**
 * The lab's own name of what a person calls a machine: that name itself (instance id, ns1), also
 * as its container is called, its address or client URL, the full name of its A record or the first
 * part of it. Throws with the names there are.
 */
export async function machineName(called: string): Promise<string> {
  const plain = plainName(called);
  const names = await namespaces();
  if (names.includes(plain)) return plain;
  const records = loadRecords().filter(({ type }) => type === "A");
  const record = records.find(({ name }) => name === inZone(plain));
  const found = await namespaceOf(record?.content ?? plain);
  if (found !== undefined) return found;
  const nodes = await Promise.all(
    records.map(async ({ name, content }) => [await namespaceOf(content), name] as const),
  );
  throw new FaultInputError(noSuchMachine(called, names, nodes));
}

/** A name as the tables show it, without what stands around it. Pure. */
export function plainName(called: string): string {
  const bare = called
    .trim()
    .toLowerCase()
    .replace(/^https?:\/\//, "")
    .replace(/(:\d+)?\/?$/, "")
    .replace(/\.$/, "");
  return bare.replace(/^etcd-lab-/, "");
}

/** A name of the lab's zone in full: `c` is c.etcd.test. Pure. */
export function inZone(name: string): string {
  return name === zone.name || name.endsWith(`.${zone.name}`) ? name : `${name}.${zone.name}`;
}

/** Pure. `nodes`: machine and full name of those that have an address record. */
export function noSuchMachine(
  called: string,
  names: readonly string[],
  nodes: readonly (readonly [machine: string | undefined, name: string])[],
): string {
  const shown = names.map((name) => {
    const full = nodes.find(([machine]) => machine === name)?.[1];
    return full ? `${full.slice(0, -zone.name.length - 1)} (${name})` : name;
  });
  return (
    `machine: there is no ${called} in the lab; it runs ` +
    `${shown.length === 0 ? "nothing now" : shown.sort().join(", ")}.`
  );
}
