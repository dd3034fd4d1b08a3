/** Tickets as the bootstrap brings them. The bench has no data volumes. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { foundingTicket } from "../../components/bootstrap/ticket.ts";
import type { Machine } from "./network.ts";
import { addressOf, domain, names } from "./places.ts";
import { paths } from "./unit.ts";

/** Puts a founder's ticket for the instance `id` on a machine, for a cluster with TLS. */
export async function giveTicket(
  { name, root }: Machine,
  id: string,
  among: readonly string[] = names,
): Promise<void> {
  const founders = Object.fromEntries(
    among.map((n) => [n, { address: addressOf(n), machine: n === name ? id : "", volume: "" }]),
  );
  const ticket = foundingTicket(
    founders,
    { member: name, machine: id, volume: "" },
    `etcd-${domain}`,
    (member) => `https://${member}.${domain}:2380`,
  );
  await fs.writeFile(path.join(root, paths.ticket), JSON.stringify(ticket), { mode: 0o600 });
}
