/**
 * The word in etcd by which a cluster is recognised: reading and writing it. Runs inside a dynamic
 * provider.
 */
import type { Asking } from "./asking.ts";
import { hex, inWords, withClient } from "./memberClient.ts";
import type { DeclaredMember } from "./memberHealth.ts";
import { identityKey, type Sight } from "./memory.ts";

/**
 * What each member shows, those left out that answer nothing, or nothing that a majority stands
 * behind. Writes nothing.
 */
export async function sightsOf(
  members: readonly DeclaredMember[],
  asking: Asking,
): Promise<readonly Sight[]> {
  const sights = await Promise.all(
    members.map((member) => sightOf(member, asking).catch(() => undefined)),
  );
  return sights.filter((sight) => sight !== undefined);
}

/**
 * Writes the word, through the first member that takes it, and returns what stands there then: a
 * word that is there already stays, unless this one is to be written `anew`.
 *
 * @throws Error when no member takes it
 */
export async function writeIdentity(
  members: readonly DeclaredMember[],
  word: string,
  anew: boolean,
  asking: Asking,
): Promise<Sight> {
  let why = "";
  for (const member of members) {
    try {
      await withClient(member, asking, (client) => put(client, word, anew), rethrow);
      return await sightOf(member, asking);
    } catch (e) {
      why = inWords(e);
    }
  }
  throw new Error(
    `The cluster is healthy, but no member took its identity (${identityKey}): ${why}. Run ` +
      "pulumi up again.",
  );
}

type Client = Parameters<Parameters<typeof withClient>[2]>[0];

async function put(client: Client, word: string, anew: boolean): Promise<void> {
  const written = client.put(identityKey).value(word);
  if (anew) await written;
  // Asked first: a database that is full takes no write, though it would change nothing.
  else if ((await client.get(identityKey).string()) === null)
    await client.if(identityKey, "Create", "==", 0).then(written).commit();
}

async function sightOf(member: DeclaredMember, asking: Asking): Promise<Sight> {
  const { header, kvs } = await withClient(
    member,
    asking,
    (client) => client.get(identityKey).exec(),
    rethrow,
  );
  return {
    name: member.name,
    clusterId: hex(header.cluster_id),
    word: kvs[0]?.value.toString() ?? "",
    revision: Number(header.revision),
  };
}

function rethrow(error: unknown): never {
  throw error;
}
