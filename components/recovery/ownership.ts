import * as pulumi from "@pulumi/pulumi";
import type { ChildOptions } from "../clusterContext.ts";
import { markComment, markTags } from "./marks.ts";
import { StackId } from "./stackId.ts";

/** What says in the cloud that a thing belongs to this stack. */
export interface Ownership {
  /** Drawn once in the life of a stack: part of both marks, and of etcd's cluster token. */
  readonly stackId: pulumi.Output<string>;
  /** Tags of everything in EC2; a Name and a Role beside them say which thing it is. */
  readonly tags: Readonly<Record<string, pulumi.Input<string>>>;
  /** Comment of every record at Cloudflare. */
  readonly comment: pulumi.Output<string>;
}

/**
 * The marks of everything that this stack makes. They are in the state before anything that bears
 * them, so that everything can be traced; `after` is what comes even before them.
 */
export function ownershipOf(
  name: string,
  zoneId: pulumi.Input<string>,
  options: ChildOptions,
  after: pulumi.Resource,
): Ownership {
  const stack = { project: pulumi.getProject(), stack: pulumi.getStack() };
  const { word: stackId } = new StackId(
    `${name}-incarnation`,
    { ...stack, zoneId },
    options.with({ dependsOn: [after] }),
  );
  return {
    stackId,
    tags: markTags({ ...stack, stackId }),
    comment: stackId.apply((word) => markComment({ ...stack, stackId: word })),
  };
}
