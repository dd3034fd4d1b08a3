import * as pulumi from "@pulumi/pulumi";
import { markComment, markTags } from "./marks.ts";

/** What says in the cloud that a thing belongs to this stack. */
export interface Ownership {
  /** Drawn once in the life of a stack: part of both marks, and of etcd's cluster token. */
  readonly stackId: pulumi.Output<string>;
  /** Tags of everything in EC2; a Name and a Role beside them say which thing it is. */
  readonly tags: Readonly<Record<string, pulumi.Input<string>>>;
  /** Comment of every record at Cloudflare. */
  readonly comment: pulumi.Output<string>;
  /** Where the things are, for those who look for them when they are deleted. */
  readonly home: Home;
}

/** See LeftoversArgs. */
export interface Home {
  readonly account: pulumi.Output<string>;
  readonly ownProvider: boolean;
}

/** Marks with this stack id. */
export function ownershipOf(stackId: pulumi.Output<string>, home: Home): Ownership {
  const stack = { project: pulumi.getProject(), stack: pulumi.getStack() };
  return {
    stackId,
    home,
    tags: markTags({ ...stack, stackId }),
    comment: stackId.apply((word) => markComment({ ...stack, stackId: word })),
  };
}
