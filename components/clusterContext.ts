import * as pulumi from "@pulumi/pulumi";
import { Incarnation } from "./healing/incarnation.ts";
import { markComment, markTags } from "./healing/mark.ts";
import type { ClusterNames } from "./names.ts";

/**
 * What everything in one cluster is made with. It is handed down whole, in place of its parts.
 */
export interface ClusterContext {
  /** Logical name of the cluster, and prefix of all logical names in it. */
  readonly name: string;
  /** Its names in DNS. */
  readonly names: ClusterNames;
  readonly ownership: Ownership;
  readonly options: ChildOptions;
}

/** What says in the cloud that a thing belongs to this stack. */
export interface Ownership {
  /** Drawn once in the life of a stack: part of both marks, and of etcd's cluster token. */
  readonly stackId: pulumi.Output<string>;
  /** Tags of everything in EC2; a Name and a Role beside them say which thing it is. */
  readonly tags: Readonly<Record<string, pulumi.Input<string>>>;
  /** Comment of every record at Cloudflare. */
  readonly comment: pulumi.Output<string>;
}

/** Options of resources: whose children they are, and what is looked at before they are made. */
export class ChildOptions {
  readonly #parent: pulumi.Resource;
  readonly #beforeCreate: pulumi.ResourceHook;

  /** `beforeCreate` removes what a killed run left of the thing that is about to be made. */
  constructor(parent: pulumi.Resource, beforeCreate: pulumi.ResourceHook) {
    this.#parent = parent;
    this.#beforeCreate = beforeCreate;
  }

  /** Options of a resource, with more of its own. */
  with(more: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    const hooks = { ...more.hooks, beforeCreate: [this.#beforeCreate] };
    return { ...more, parent: this.#parent, hooks };
  }

  /** Options for the children of a component inside this one. */
  within(parent: pulumi.Resource): ChildOptions {
    return new ChildOptions(parent, this.#beforeCreate);
  }

  /** Options of a component or of a look-up, which make nothing themselves. */
  get plain(): { readonly parent: pulumi.Resource } {
    return { parent: this.#parent };
  }
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
  const incarnation = new Incarnation(
    `${name}-incarnation`,
    { ...stack, zoneId },
    options.with({ dependsOn: [after] }),
  );
  const stackId = incarnation.word;
  return {
    stackId,
    tags: markTags({ ...stack, incarnation: stackId }),
    comment: stackId.apply((word) => markComment({ ...stack, incarnation: word })),
  };
}
