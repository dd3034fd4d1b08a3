/**
 * What is done about things that bear the stack's mark when the resources that look for them are
 * deleted. A deletion is told neither why it happens (a destroy, `up --replace`, a change of the
 * program) nor what else the state knows, so it looks at the world:
 *
 *   - clients are still sent to the members: this is no destroy, nothing is touched
 *   - an instance or a volume, which can be a member or hold its data: named, never removed
 *   - what nothing uses and can hold no data: removed
 */
import { isClientSrvName } from "../names.ts";
import { inWords, type ListedRecord } from "./cloudflareLeftovers.ts";
import { poll } from "../engine/poll.ts";
import type { Setting } from "../engine/resource.ts";
import { ec2Client } from "./ec2Client.ts";
import { askForMark, kinds, type Kind, removals, tagFilters, type Thing } from "./ec2Things.ts";

/** A thing that bears the mark, with its kind. */
export interface Found extends Thing {
  readonly kind: Kind;
}

/**
 * All that bears these tags, of all kinds or of some, in the order in which EC2 lets them go.
 * @throws Error when EC2 cannot be asked, or the tags do not hold a mark
 */
export async function findTagged(
  tags: Readonly<Record<string, string>>,
  types: readonly string[],
  setting: Setting,
): Promise<Found[]> {
  const filters = tagFilters({ tags });
  if (!askForMark(filters))
    throw new Error("without the tag Incarnation nothing can be told to be ours");
  const ec2 = await ec2Client(setting);
  try {
    const found: Found[] = [];
    for (const kind of kinds) {
      if (types.length && !types.includes(kind.type)) continue;
      const things = await kind.find(ec2, filters).catch((e: Error) => {
        throw new Error(
          `EC2 could not be asked for a leftover ${kind.word}: ${e.name}: ${e.message}`,
        );
      });
      found.push(...things.map((thing) => ({ ...thing, kind })));
    }
    return found;
  } finally {
    ec2.destroy();
  }
}

/**
 * The record by which clients still find a member, one host's or any: as long as it is there, the
 * cluster is in service. A destroy withdraws these records before anything else. Pure.
 */
export function serviceRecord(
  records: readonly ListedRecord[],
  host?: string,
): ListedRecord | undefined {
  return records.find(
    ({ name, type, data }) =>
      type === "SRV" && isClientSrvName(name) && (!host || data?.target === host),
  );
}

/**
 * What may go without a word: it holds nothing, and nothing uses it but what goes before it. An
 * interface whose address one of our records names is not free, whatever EC2 says. Pure.
 */
export function sortFound(
  found: readonly Found[],
  records: readonly ListedRecord[],
): { unused: Found[]; kept: { thing: Found; why: string }[] } {
  const unused: Found[] = [];
  const kept: { thing: Found; why: string }[] = [];
  for (const thing of found) {
    const users = thing.users.filter((user) => !unused.some(({ id }) => id === user));
    const record = records.find(({ type, content }) => type === "A" && content === thing.address);
    if (thing.kind.holdsData)
      kept.push({ thing, why: "it may hold a member's data, so it is left to you" });
    else if (users.length) kept.push({ thing, why: `in use by ${users.join(", ")}` });
    else if (record) kept.push({ thing, why: `${inWords(record)} names its address` });
    else unused.push(thing);
  }
  return { unused, kept };
}

/** A thing in words, with its node's name. Pure. */
export const wordsOf = ({ kind, id, name }: Found): string =>
  `the ${kind.word} ${id}${name ? ` (${name})` : ""}`;

/**
 * Removes what is unused, and returns it in words, beside a line and a command for each thing that
 * is left. What is held by something that goes is tried again for 30 s.
 */
export async function removeUnused(
  found: readonly Found[],
  records: readonly ListedRecord[],
  setting: Setting,
): Promise<{ removed: string[]; left: string[] }> {
  const { unused, kept } = sortFound(found, records);
  const removed: string[] = [];
  const left: string[] = [];
  const ec2 = await ec2Client(setting);
  try {
    const region = await ec2.config.region();
    const line = (thing: Found, why: string) =>
      `${wordsOf(thing)}: ${why}\n    aws ec2 ${thing.kind.command} ${thing.id} --region ${region}`;
    for (const { thing, why } of kept) left.push(line(thing, why));
    for (const thing of unused) {
      try {
        await letGo(async () => removals[thing.kind.type]?.(ec2, thing.id));
        removed.push(wordsOf(thing));
      } catch (e) {
        left.push(line(thing, `${(e as Error).name}: ${(e as Error).message}`));
      }
    }
    return { removed, left };
  } finally {
    ec2.destroy();
  }
}

/**
 * EC2 sees a little later that what held a thing is gone. What is gone itself counts as removed.
 */
export async function letGo(remove: () => Promise<unknown>): Promise<void> {
  const outcome = await poll<Error | undefined, Error>({
    seconds: 30,
    pause: 1000,
    async look() {
      try {
        await remove();
        return { found: undefined };
      } catch (e) {
        const { name } = e as Error;
        if (/NotFound/.test(name)) return { found: undefined };
        if (/InUse|DependencyViolation|InvalidParameterValue|IncorrectState/.test(name))
          return { still: e as Error };
        return { found: e as Error };
      }
    },
    expired: (error) => error,
  });
  if (outcome) throw outcome;
}

/** The wording around what is left, or could not even be looked for. Pure. */
export function leftoversError(lines: readonly string[]): Error {
  const error = new Error(
    `What earlier runs left behind was not removed:\n  ${lines.join("\n  ")}\n` +
      "`pulumi stack --show-ids` lists what the state knows: leave that alone. Mend the rest, or " +
      "remove what nobody needs with the command below it, and run `pulumi destroy` again. To " +
      "give up on the stack and look after its things yourself: pulumi stack rm --force",
  );
  error.stack = ""; // the SDK prints it where a deletion fails
  return error;
}
