/** The programs on a machine of the lab that look at, join and retire its etcd. */
import { joinTicket } from "../../components/bootstrap/ticket.ts";
import { onMachine } from "./machines.ts";

/** Where it is run: a machine of the lab, with the ids that its cloud knows. */
export interface Newcomer {
  /** Its container. */
  readonly machine: string;
  readonly instanceId: string;
  /** Names of all members, its own among them. */
  readonly members: readonly string[];
  readonly domain: string;
}

export interface Look {
  readonly unit: { readonly active: string };
  readonly enabled: boolean;
  readonly disk: string;
  readonly memberId: string | null;
  readonly marker: object | null;
  readonly volume: string;
  readonly token: string;
  readonly aside: readonly string[];
  readonly words: readonly string[];
}

const folder = "/usr/local/lib/etcd-node";

/** What a node says of itself. */
export const look = async (machine: string): Promise<Look> =>
  JSON.parse(await onMachine(machine, `${folder}/etcd-look`)) as Look;

/** Ends etcd on it; what was done. */
export const retire = async (machine: string): Promise<readonly string[]> =>
  (JSON.parse(await onMachine(machine, `${folder}/etcd-retire`)) as { did: string[] }).did;

/** Lets it join as the member that `member add` listed; what was done. */
export async function join(to: Newcomer, memberId: string): Promise<readonly string[]> {
  const { machine, domain } = to;
  const { token, volume } = await look(machine);
  const members = await Promise.all(
    to.members.map(async (name) => {
      const host = `${name}.${domain}`;
      const found = await onMachine(machine, "getent", "ahostsv4", host);
      return [
        name,
        { peerUrl: `https://${host}:2380`, address: found.split(/\s/)[0] ?? "" },
      ] as const;
    }),
  );
  const ticket = joinTicket({
    clusterToken: token,
    machine: to.instanceId,
    volume,
    memberId,
    members: Object.fromEntries(members),
  });
  const said = await onMachine(
    ...[machine, "sh", "-c", `printf %s "$1" | ${folder}/etcd-join`, "sh"],
    JSON.stringify(ticket),
  );
  return (JSON.parse(said) as { did: string[] }).did;
}
