import type * as pulumi from "@pulumi/pulumi";
import type { Founding } from "../charter/founding.ts";
import type { ClusterContext } from "../clusterContext.ts";
import { bootstrapsOf, type Started } from "../membership/membersOfCluster.ts";
import type { Identity } from "../pki/clusterPki.ts";
import type { Settings } from "../settings/settings.ts";
import { ClusterHealth } from "./clusterHealth.ts";

/** Resolves once the members are one healthy cluster, after they are those declared. */
export function healthOfCluster(
  { name, options }: ClusterContext,
  settings: Settings,
  members: readonly { readonly declared: Declared }[],
  started: readonly Started[],
  { founding, operator, membership }: Given,
): ClusterHealth {
  return new ClusterHealth(
    `${name}-health`,
    {
      members: members.map(({ declared }) => declared),
      bootstraps: bootstrapsOf(started),
      founding: founding.founding.apply((word) => word ?? ""),
      acceptRestore: settings.acceptRestore,
      timeoutSeconds: settings.healthTimeout,
      identity: operator,
    },
    options.with({ dependsOn: [membership] }),
  );
}

interface Given {
  readonly founding: Founding;
  /** With what members are asked; undefined without TLS. */
  readonly operator: Identity | undefined;
  readonly membership: pulumi.Resource;
}

/** A member as the program declares it. */
export interface Declared {
  readonly name: string;
  readonly endpoint: pulumi.Output<string>;
  readonly peerUrl: string;
}
