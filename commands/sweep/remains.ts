/** What bears a stack's marks in EC2 and at Cloudflare, and is not in its state. */
import type { Filter } from "@aws-sdk/client-ec2";
import { cloudflareApi } from "../../components/recovery/cloudflareApi.ts";
import { inWords, type ListedRecord } from "../../components/recovery/cloudflareLeftovers.ts";
import { ec2Client } from "../../components/recovery/ec2Client.ts";
import { kinds } from "../../components/recovery/ec2Things.ts";
import { type Found, wordsOf } from "../../components/recovery/leftoversAtDestroy.ts";
import { markComment, markTags, memberTagKey } from "../../components/recovery/marks.ts";
import type { SweptStack } from "./sweptStack.ts";

/** One thing that remains. */
export interface Remain {
  readonly id: string;
  /** The life of the stack that it is of. */
  readonly stackId: string;
  readonly words: string;
  /** What is counted: "instance", "volume", "DNS record" and so on. */
  readonly word: string;
  /** Whether it is, was or may be a member, or may hold the data of one. */
  readonly mayHold: boolean;
  /** Ids of what uses it. */
  readonly users: readonly string[];
  readonly of: { readonly thing: Found } | { readonly record: ListedRecord };
}

const isStackId = (word: string | undefined): word is string => /^[0-9a-f]{12}$/.test(word ?? "");

/** All that remains, of every life of the stack. */
export async function findRemains(stack: SweptStack): Promise<Remain[]> {
  const things = await thingsInEc2(stack);
  const vouched = new Set([...things.map(({ stackId }) => stackId), stack.stackId ?? ""]);
  const records = await recordsAtCloudflare(stack, vouched);
  return [...records, ...things].filter(({ id }) => !stack.known.has(id));
}

async function thingsInEc2({ project, stack, setting }: SweptStack): Promise<Remain[]> {
  const { Incarnation: _, ...tags } = markTags({ project, stack, stackId: "" });
  const filters: Filter[] = Object.entries(tags).map(([key, value]) => ({
    Name: `tag:${key}`,
    Values: [value],
  }));
  const ec2 = await ec2Client(setting);
  try {
    const found: Found[] = [];
    for (const kind of kinds)
      found.push(...(await kind.find(ec2, filters)).map((thing) => ({ ...thing, kind })));
    return found.flatMap((thing) => {
      const stackId = thing.tags.Incarnation;
      return isStackId(stackId) ? [remainOf(thing, stackId)] : []; // else it is somebody else's
    });
  } catch (e) {
    throw new Error(`EC2 could not be asked for what remains: ${(e as Error).message}`);
  } finally {
    ec2.destroy();
  }
}

/** Pure. A machine that a killed run launched has neither the tag nor a second disk. */
export function remainOf(thing: Found, stackId: string): Remain {
  const { kind, tags, disks = [], status } = thing;
  const member = tags[memberTagKey];
  const about = [
    status,
    member === undefined ? "" : `${memberTagKey}=${member}`,
    thing.users.length ? `used by ${thing.users.join(", ")}` : "",
  ];
  return {
    id: thing.id,
    stackId,
    words: [wordsOf(thing), ...about.filter(Boolean)].join(", "),
    word: kind.word,
    mayHold: kind.holdsData && (member !== undefined || kind.word === "volume" || disks.length > 0),
    users: thing.users,
    of: { thing },
  };
}

/**
 * A name of project and stack that is too long is cut in comments: then only lives count that
 * something else vouches for.
 */
async function recordsAtCloudflare(
  { project, stack, zoneId, setting }: SweptStack,
  vouched: ReadonlySet<string>,
): Promise<Remain[]> {
  const api = cloudflareApi(setting, "for what remains");
  const start = markComment({ project, stack, stackId: "" });
  const cut = !start.includes(`${project}/${stack} `);
  const remains: Remain[] = [];
  const perPage = 100;
  for (let page = 1, last = perPage; last === perPage; page++) {
    const query = new URLSearchParams({
      "comment.startswith": start.trim(),
      per_page: String(perPage),
      page: String(page),
    });
    const listed = (await api.call(
      "GET",
      `zones/${zoneId}/dns_records?${query}`,
    )) as ListedRecord[];
    last = listed.length;
    for (const record of listed) {
      const comment = record.comment ?? "";
      const stackId = comment.slice(start.length);
      if (!comment.startsWith(start) || !isStackId(stackId)) continue;
      if (cut && !vouched.has(stackId)) continue;
      remains.push({
        id: record.id,
        stackId,
        words: inWords(record),
        word: "DNS record",
        mayHold: false,
        users: [],
        of: { record },
      });
    }
  }
  return remains;
}
