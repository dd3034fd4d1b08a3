import type * as pulumi from "@pulumi/pulumi";
import type { FoundedOnce } from "./charter/foundedOnce.ts";
import type { Ownership } from "./recovery/ownership.ts";
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
  /** Keeps the records that decide a founding from being written a second time. */
  readonly once: FoundedOnce;
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
    const beforeCreate = [this.#beforeCreate, ...(more.hooks?.beforeCreate ?? [])];
    const hooks = { ...more.hooks, beforeCreate };
    return { ...more, parent: this.#parent, hooks };
  }

  /** Options for the children of a component inside this one. */
  within(parent: pulumi.Resource): ChildOptions {
    return new ChildOptions(parent, this.#beforeCreate);
  }

  /** Options of a component or of a look-up, which make nothing themselves. */
  get parentOnly(): { readonly parent: pulumi.Resource } {
    return { parent: this.#parent };
  }
}
