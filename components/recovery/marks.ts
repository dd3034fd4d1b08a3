/**
 * What marks a thing in the cloud as ours: project, stack, and the stack id. The id is
 * random and written into the state before anything else is made, so whatever bears
 * it and is not in the state was made by a run that was killed. Pure.
 */

export interface Mark {
  readonly project: string;
  readonly stack: string;
  readonly stackId: string;
}

/**
 * Key of the tag that a member's machine and volume bear, outside every state, from before its
 * first start on; its value is the word of the founding. What bears it is never removed without a
 * person's word.
 */
export const memberTagKey = "Member";

/**
 * The mark as comment of a DNS record: 100 characters at most on Cloudflare's free plan, so a long
 * stack name is cut, the stack id never.
 */
export function markComment({ project, stack, stackId }: Mark): string {
  return `pulumi ${`${project}/${stack}`.slice(0, 70)} ${stackId}`;
}

/** The mark that a comment holds, of any stack; its names may have been cut. */
export function markOf(comment: string): Mark | undefined {
  const [, project, stack, stackId] = /^pulumi ([^/ ]+)\/(.*) ([0-9a-f]{12})$/.exec(comment) ?? [];
  return project && stack && stackId ? { project, stack, stackId } : undefined;
}

/**
 * The mark as tags of a thing in EC2, the stack id perhaps not known yet; a Name and a Role
 * beside it say which thing.
 */
export function markTags<Word>({
  project,
  stack,
  stackId,
}: {
  project: string;
  stack: string;
  stackId: Word;
}): { Project: string; Stack: string; Incarnation: Word } {
  return { Project: project, Stack: stack, Incarnation: stackId };
}
