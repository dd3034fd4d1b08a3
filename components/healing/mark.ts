/**
 * What marks a thing in the cloud as ours: project, stack, and the stack's incarnation. The
 * incarnation is random and written into the state before anything else is made, so whatever bears
 * it and is not in the state was made by a run that was killed. Pure.
 */

export interface Mark {
  readonly project: string;
  readonly stack: string;
  readonly incarnation: string;
}

/**
 * The mark as comment of a DNS record: 100 characters at most on Cloudflare's free plan, so a long
 * stack name is cut, the incarnation never.
 */
export function markComment({ project, stack, incarnation }: Mark): string {
  return `pulumi ${`${project}/${stack}`.slice(0, 70)} ${incarnation}`;
}

/**
 * The mark as tags of a thing in EC2, the incarnation perhaps not known yet; a Name and a Role
 * beside it say which thing.
 */
export function markTags<Word>({
  project,
  stack,
  incarnation,
}: {
  project: string;
  stack: string;
  incarnation: Word;
}): { Project: string; Stack: string; Incarnation: Word } {
  return { Project: project, Stack: stack, Incarnation: incarnation };
}
