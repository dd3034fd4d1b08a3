/**
 * Relief: a guard of a machine that is itself replaced or renamed is deleted after its successor
 * was made (measured: `--replace` of it, another logical name, and the `up` after one that failed
 * between its deletion and the machine's). No machine leaves then, but a deletion is not told so.
 * So each guard notes in etcd that it is there, and a guard that finds another's note for the same
 * machine takes it away and goes, once. Runs inside dynamic providers.
 */
import type { Asking } from "./asking.ts";
import { first, forgoLeave } from "./leaving.ts";
import { withClient } from "./memberClient.ts";
import type { DeclaredMember } from "./memberHealth.ts";

/** A guard of a machine. */
export interface Guard {
  readonly member: string;
  /** Id of the machine. */
  readonly machine: string;
  /** Drawn when the guard is made. */
  readonly word: string;
}

/** How long a note is there, in seconds: an older state must not find it. */
const noteSeconds = 3600;

const noteKey = (member: string) => `_etcd-on-ec2/guard/${member}`;

/**
 * Notes that this guard is there, and takes back a leave that its machine still has: it stayed.
 * Asks the member itself, which does not answer yet where it has to be started first. Never throws.
 */
export async function comeOnGuard(
  { member, machine, word }: Guard,
  declared: DeclaredMember,
  asking: Asking,
): Promise<void> {
  await withClient(
    declared,
    asking,
    async (client) => {
      const { ID } = await client.leaseClient.leaseGrant({ TTL: noteSeconds, ID: 0 });
      const note = JSON.stringify({ machine, word });
      await client.put(noteKey(member)).value(note).lease(ID).exec();
      await forgoLeave(client, machine);
    },
    () => undefined,
  );
}

/** Whether another guard of the same machine has come. Believed once. Never throws. */
export async function isRelieved(
  { member, machine, word }: Guard,
  members: readonly DeclaredMember[],
  asking: Asking,
): Promise<boolean> {
  const key = noteKey(member);
  const { answer } = await first(members, asking, async (client) => {
    const note = await client.get(key).string();
    if (note === null) return false;
    const other = JSON.parse(note) as { readonly machine: string; readonly word: string };
    if (other.machine !== machine || other.word === word) return false;
    const taken = client.if(key, "Value", "==", note).then(client.delete().key(key)).commit();
    return (await taken).succeeded;
  });
  return answer === true;
}
