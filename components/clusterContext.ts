import type * as pulumi from "@pulumi/pulumi";
import type { FoundedOnce } from "./charter/foundedOnce.ts";
import type { Claim } from "./claim/claim.ts";
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
  readonly foundedOnce: FoundedOnce;
}

/**
 * Options of resources: whose children they are, what is looked at before they are made, and what
 * they wait for.
 */
export class ChildOptions {
  readonly #parent: pulumi.Resource;
  readonly #heal: pulumi.ResourceHook;
  readonly #claim: Claim | undefined;

  /** `heal` runs last before a creation: removes what a killed run left of the thing. */
  constructor(parent: pulumi.Resource, heal: pulumi.ResourceHook, claim?: Claim) {
    this.#parent = parent;
    this.#heal = heal;
    this.#claim = claim;
  }

  /** Options of a resource, with more of its own. */
  with(more: pulumi.CustomResourceOptions = {}): pulumi.CustomResourceOptions {
    const claim = this.#claim;
    const own = more.hooks?.beforeCreate ?? [];
    const beforeCreate = [...(claim ? [claim.stands] : []), ...own, this.#heal];
    const hooks = { ...more.hooks, beforeCreate };
    if (!claim) return { ...more, parent: this.#parent, hooks };
    const dependsOn = [claim.record, ...([more.dependsOn ?? []].flat() as pulumi.Resource[])];
    return { ...more, parent: this.#parent, hooks, dependsOn };
  }

  /** Options for what is made once the names are claimed: each waits for the claim itself. */
  after(claim: Claim): ChildOptions {
    return new ChildOptions(this.#parent, this.#heal, claim);
  }

  /** Options for the children of a component inside this one. */
  within(parent: pulumi.Resource): ChildOptions {
    return new ChildOptions(parent, this.#heal, this.#claim);
  }

  /** Options of a component or of a look-up, which make nothing themselves. */
  get parentOnly(): { readonly parent: pulumi.Resource } {
    return { parent: this.#parent };
  }
}
