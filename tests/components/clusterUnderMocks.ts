/** One cluster of any shape, built under mocks, and what it registered. */
import assert from "node:assert/strict";
import type * as pulumi from "@pulumi/pulumi";
import type { EtcdClusterArgs } from "../../components/settings/clusterArgs.ts";
import {
  promiseOf,
  recordResources,
  settled,
  type Anew,
  type LookUp,
  type Registered,
} from "./mocks.ts";
import { validArgs } from "./validSettings.ts";

export interface BuiltCluster {
  readonly registered: readonly Registered[];
  readonly lookUps: readonly LookUp[];
  /** What each resource says it depends on besides the claim, by name. */
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
  /** The options of each, by name. */
  readonly options: ReadonlyMap<string, pulumi.CustomResourceOptions>;
  /** Names of those that say that they depend on the claim. */
  readonly claimed: ReadonlySet<string>;
  /** The one resource of this name; fails when there is none. */
  one(name: string): Registered;
}

/** Members of these one-letter names, spread over three availability zones. */
export function nodesNamed(letters: string): Record<string, { zone: string }> {
  return Object.fromEntries(
    [...letters].map((name, i) => [name, { zone: `us-east-1${"abc"[i % 3]}` }]),
  );
}

/**
 * Builds a cluster named "etcd" with arguments that differ from the usual ones, and resources whose
 * outputs do.
 */
export async function buildCluster(
  changed: Partial<EtcdClusterArgs>,
  anew: Anew = {},
): Promise<BuiltCluster> {
  const lookUps: LookUp[] = [];
  const registered = await recordResources(lookUps, anew);
  const dependencies = new Map<string, readonly string[]>();
  const options = new Map<string, pulumi.CustomResourceOptions>();
  const claimed = new Set<string>();
  const { EtcdCluster } = await import("../../components/etcdCluster.ts");
  const args = validArgs({ clientsFrom: ["10.1.0.0/16"], nameservers: ["10.0.0.53"], ...changed });
  new EtcdCluster("etcd", args, { transformations: [noting(dependencies, options, claimed)] });
  await settled();
  return {
    registered,
    lookUps,
    dependencies,
    options,
    claimed,
    one(name) {
      const found = registered.filter((resource) => resource.name === name);
      assert.equal(found.length, 1, `${name} in ${registered.map((r) => r.name).join(", ")}`);
      return found[0]!;
    },
  };
}

/** Options are no part of what mocks see; a transformation on the component sees its children's. */
function noting(
  dependencies: Map<string, readonly string[]>,
  options: Map<string, pulumi.CustomResourceOptions>,
  claimed: Set<string>,
): pulumi.ResourceTransformation {
  return ({ name, opts }) => {
    options.set(name, opts);
    const on = [opts.dependsOn ?? []].flat() as pulumi.Resource[];
    void Promise.all(on.map((resource) => promiseOf(resource.urn))).then((urns) => {
      const names = urns.map((urn) => urn.split("::").at(-1) ?? "");
      if (names.includes("etcd-claim")) claimed.add(name);
      dependencies.set(
        name,
        names.filter((other) => other !== "etcd-claim"),
      );
    });
    return undefined;
  };
}
