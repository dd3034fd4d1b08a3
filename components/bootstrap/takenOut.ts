/**
 * Whether the etcd of a member that was taken out of `nodes` may be ended. The engine deletes its
 * things last, after it was removed from the cluster; where that was left out of the run, or is not
 * known, it still counts for the others' agreement, and its disk holds what they may need. Runs
 * inside dynamic providers.
 */
import { type Asking, credentialsOf } from "../health/asking.ts";
import { inWords, withClient } from "../health/memberClient.ts";
import type { DeclaredMember } from "../health/memberHealth.ts";

/** A member that was taken out. */
export interface TakenOut {
  readonly member: string;
  readonly peerUrl: string;
  /** Id of its machine. */
  readonly machine: string;
  /** Those that clients are sent to, and with what they are asked. */
  readonly serving: readonly DeclaredMember[];
  readonly operator?: Parameters<typeof credentialsOf>[0];
}

/** What a member's own list of members says: their peer URLs. */
export interface Listed {
  readonly by: DeclaredMember;
  readonly peerUrls: readonly string[];
}

export type Standing =
  | { readonly is: "removed" }
  /** `says`: the name of one that lists it. */
  | { readonly is: "a member"; readonly says: string }
  | { readonly is: "unknown"; readonly problems: readonly string[] };

/** Asks all who serve for their lists. Never throws. */
export async function standingOf({ peerUrl, serving, operator }: TakenOut): Promise<Standing> {
  const asking: Asking = { deadlineMs: 2000, credentials: credentialsOf(operator) };
  const problems: string[] = [];
  const lists = serving.map((by) =>
    withClient<readonly Listed[]>(
      by,
      asking,
      async (client) => {
        const { members } = await client.cluster.memberList({});
        return [{ by, peerUrls: members.flatMap(({ peerURLs }) => peerURLs) }];
      },
      (e) => {
        problems.push(`${by.name} (${by.endpoint}): ${inWords(e)}`);
        return [];
      },
    ),
  );
  return judgedBy(peerUrl, (await Promise.all(lists)).flat(), problems);
}

/**
 * What the lists say together. One of somebody whom another list does not name is out of date: it
 * was removed itself. Pure.
 */
export function judgedBy(
  peerUrl: string,
  lists: readonly Listed[],
  problems: readonly string[],
): Standing {
  const current = lists.filter(({ by }) =>
    lists.every(({ peerUrls }) => peerUrls.includes(by.peerUrl)),
  );
  const naming = current.find(({ peerUrls }) => peerUrls.includes(peerUrl));
  if (naming) return { is: "a member", says: naming.by.name };
  if (current.length) return { is: "removed" };
  const strangers = lists.map(({ by }) => `${by.name} is not in every list of members`);
  return { is: "unknown", problems: [...problems, ...strangers] };
}

/** Why it stays, and what to type. Pure. */
export function staysRefusal(
  { member, machine }: Pick<TakenOut, "member" | "machine">,
  standing: Exclude<Standing, { readonly is: "removed" }>,
): string {
  const stays = `${member} was taken out of nodes, but its machine (${machine}) and etcd stay: `;
  return standing.is === "a member"
    ? `${stays}${standing.says} says that it is still a member of the cluster. A run without ` +
        "--target and --exclude removes it first: pulumi up"
    : [
        `${stays}nobody can be asked whether it is still a member of the cluster:`,
        ...standing.problems,
        "Run pulumi up again when the others answer (npm run status names them).",
      ].join("\n  ");
}
