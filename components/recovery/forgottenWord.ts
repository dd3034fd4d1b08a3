/**
 * The word of a founding whose record the state has lost (`pulumi state delete`): once members have
 * come and gone it follows from no disks any more, but the tags of members, which the state has as
 * resources of their own, bear it (issue 14).
 */
import { memberTagKey } from "./marks.ts";
import { type Saved, stateBefore } from "./savedState.ts";

/** Undefined where the state has the record, or does not know the word. Never rejects. */
export async function forgottenWord(record: string, cluster: string): Promise<string | undefined> {
  const saved = await stateBefore();
  return saved && wordIn(saved, record, cluster);
}

/** Pure. */
export function wordIn(saved: Saved, record: string, cluster: string): string | undefined {
  if (Object.keys(saved).some((urn) => urn.endsWith(`::${record}`))) return undefined;
  const words = Object.entries(saved).flatMap(([urn, { type, outputs }]) => {
    const isOurs = type === "aws:ec2/tag:Tag" && urn.includes(`::${cluster}-`);
    return isOurs && outputs.key === memberTagKey ? [outputs.value] : [];
  });
  const [word, ...others] = new Set(words);
  if (others.length > 0 || typeof word !== "string") return undefined;
  return /^[0-9a-f]{8}$/.test(word) ? word : undefined;
}
