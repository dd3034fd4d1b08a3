import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { Founding } from "../charter/founding.ts";
import type { ClusterContext } from "../clusterContext.ts";
import type { Identity } from "../pki/clusterPki.ts";
import type { Settings } from "../settings/settings.ts";
import { ClusterHealth } from "./clusterHealth.ts";

/** A member whose etcd is being started. */
interface Started {
  readonly command: pulumi.Resource;
  /** Changes when the member was made or started anew: then health is asked again. */
  readonly digest: pulumi.Output<string>;
}

/** Resolves once the members are one healthy cluster, after every bootstrap. */
export function healthOfCluster(
  { name, options }: ClusterContext,
  settings: Settings,
  members: readonly { readonly declared: Declared }[],
  started: readonly Started[],
  operator: Identity | undefined,
  founding: Founding,
): ClusterHealth {
  const digests = pulumi.all(started.map(({ digest }) => digest));
  return new ClusterHealth(
    `${name}-health`,
    {
      members: members.map(({ declared }) => declared),
      bootstraps: digests.apply((all) => createHash("sha256").update(all.join()).digest("hex")),
      founding: founding.founding.apply((word) => word ?? ""),
      acceptRestore: settings.acceptRestore,
      timeoutSeconds: settings.healthTimeout,
      identity: operator,
    },
    options.with({ dependsOn: started.map(({ command }) => command) }),
  );
}

/** A member as the program declares it. */
export interface Declared {
  readonly name: string;
  readonly endpoint: pulumi.Output<string>;
  readonly peerUrl: string;
}
