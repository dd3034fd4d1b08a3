/**
 * What is remembered of the cluster that was healthy, and whether it is the one that answers now.
 * Members that were emptied come back under the same cluster ID, healthy and without a key
 * (measured), so health alone says nothing about the data. Pure.
 */

/** Where the founding word stands in etcd: written once, when the cluster is first healthy. */
export const identityKey = "_etcd-on-ec2/identity";

/** What was seen when the cluster was last found healthy. */
export interface Memory {
  /** Hexadecimal. */
  readonly clusterId: string;
  /** What stood under `identityKey`. */
  readonly word: string;
  /** etcd's revision then: it never goes back. */
  readonly revision: number;
  /** When that was, in ISO form. */
  readonly healthyAt: string;
}

/** What outputs remember; undefined where they are older than such memory. */
export function memoryIn(outputs: Partial<Memory> | undefined): Memory | undefined {
  const { clusterId, word, revision, healthyAt } = outputs ?? {};
  if (!clusterId || !word || revision === undefined || !healthyAt) return undefined;
  return { clusterId, word, revision, healthyAt };
}

/** By what a cluster is recognised. */
export interface Recognition {
  /** The founding word of this stack's cluster; "" in states that are older than such words. */
  readonly founding: string;
  /** Undefined until it has been healthy once under a release that remembers. */
  readonly known?: Memory | undefined;
}

/** What one member shows of the cluster that it serves, read with a majority. */
export interface Sight {
  readonly name: string;
  readonly clusterId: string;
  /** "" when nothing stands under `identityKey`. */
  readonly word: string;
  readonly revision: number;
}

/** A cluster that is not the one that is remembered. */
export interface Stranger {
  /** The members that show it. */
  readonly members: readonly string[];
  /** Each cluster ID that they show, once. */
  readonly clusterIds: readonly string[];
  /** What differs, a sentence each. */
  readonly differences: readonly string[];
  /** When the remembered one was healthy; undefined when only its founding word is known. */
  readonly healthyAt: string | undefined;
}

/** Undefined when nothing that is seen speaks against what is remembered. */
export function strangerAmong(
  sights: readonly Sight[],
  recognition: Recognition,
): Stranger | undefined {
  const members = new Map<string, string[]>();
  const strange = sights.filter((sight) => differencesOf(sight, recognition).length > 0);
  for (const sight of strange)
    for (const difference of differencesOf(sight, recognition))
      members.set(difference, [...(members.get(difference) ?? []), sight.name]);
  if (strange.length === 0) return undefined;
  return {
    members: strange.map(({ name }) => name),
    clusterIds: [...new Set(strange.map(({ clusterId }) => clusterId))],
    differences: [...members].map(([difference, names]) => `${names.join(", ")}: ${difference}`),
    healthyAt: recognition.known?.healthyAt,
  };
}

function differencesOf(sight: Sight, { founding, known }: Recognition): string[] {
  const expected = known ? known.word : founding;
  const differences: string[] = [];
  if (known && sight.clusterId !== known.clusterId)
    differences.push(`the cluster ID is ${sight.clusterId}; it was ${known.clusterId}`);
  if (known && !sight.word)
    differences.push(`nothing stands under ${identityKey}; it was ${known.word}`);
  if (expected && sight.word && sight.word !== expected)
    differences.push(
      `under ${identityKey} stands ${sight.word}; ` +
        (known ? `it was ${expected}` : `this stack's cluster was founded as ${expected}`),
    );
  if (known && sight.revision < known.revision)
    differences.push(`the revision is ${sight.revision}; it was ${known.revision}`);
  return differences;
}

/** In one sentence, without a number that changes. */
export function sentenceOf({ healthyAt }: Stranger): string {
  return healthyAt
    ? `not the cluster that was healthy at ${healthyAt}`
    : "not the cluster that this stack founded";
}

/**
 * What is said when it is met: what differs, what that may mean, and what to type. `used`: whether
 * `etcd:acceptRestore` is set to this very cluster, but has let one through before.
 */
export function refusalOf(stranger: Stranger, acceptRestore: string, used: boolean): string {
  return [
    `This is ${sentenceOf(stranger)}. Nothing was written to it:`,
    ...stranger.differences.map((difference) => `  ${difference}`),
    "  Members' data were emptied or restored from a backup, or another cluster answers at their " +
      "addresses.",
    "  Keep all disks, stop what writes, and look: npm run etcdctl -- get --prefix '' --keys-only",
    `  ${wayPast(stranger, acceptRestore, used)}`,
  ].join("\n");
}

/** What to type where it is meant all the same; see refusalOf. */
export function wayPast({ clusterIds }: Stranger, acceptRestore = "", used = false): string {
  const [seen = "", ...others] = clusterIds;
  const setting = "etcd:acceptRestore";
  if (others.length)
    return `They are in several clusters (${clusterIds.join(", ")}): bring them together first.`;
  if (used)
    return (
      `${setting} has let a cluster through before. If this one is meant, too: pulumi config rm ` +
      `${setting}, pulumi up (it says this again), then pulumi config set ${setting} ${seen}`
    );
  return (
    `If it is what you want to go on with: pulumi config set ${setting} ${seen}, then pulumi up` +
    (acceptRestore ? ` (it is set to ${acceptRestore})` : "")
  );
}
