import * as pulumi from "@pulumi/pulumi";
import type { ChildOptions } from "../clusterContext.ts";
import { awsAccountOf } from "../machine/awsAccount.ts";
import type { ClusterNames } from "../names.ts";
import { ownershipOf, type Ownership } from "../recovery/ownership.ts";
import { StackId } from "../recovery/stackId.ts";
import { hasOwnAws } from "../settings/account.ts";
import type { ClusterSettings } from "../settings/checkedSettings.ts";
import { Charter, charterOf } from "./charter.ts";
import { FoundedOnce } from "./foundedOnce.ts";

export interface WrittenCharter {
  readonly charter: Charter;
  /** The marks of everything that follows. */
  readonly ownership: Ownership;
  /** For the other records that decide a founding: they, too, are written once. */
  readonly foundedOnce: FoundedOnce;
}

/**
 * Writes the first two records that decide a founding: the stack id, part of every mark and of
 * etcd's cluster token, and the charter, what a founded cluster keeps. Marks are handed out only
 * while the settings agree with the charter, so whatever bears one waits for that. (The logical
 * names, incarnation and founders, are older than these words: they are part of the URN.)
 */
export function writeCharter(
  cluster: pulumi.Resource,
  name: string,
  names: ClusterNames,
  settings: ClusterSettings,
  options: ChildOptions,
): WrittenCharter {
  const foundedOnce = new FoundedOnce(name, names, cluster);
  const home = { account: awsAccountOf(cluster), ownProvider: hasOwnAws(cluster) };
  const stackId = new StackId(
    `${name}-incarnation`,
    {
      project: pulumi.getProject(),
      stack: pulumi.getStack(),
      renamedFrom: settings.renamedFrom,
      zoneId: settings.zoneId,
      keepData: settings.keepData === "volumes",
      ...home,
    },
    options.with({ hooks: { beforeCreate: [foundedOnce.noMachines] } }),
  );
  foundedOnce.watch({ stackId: stackId.word, zoneId: settings.zoneId });
  const charter = new Charter(
    `${name}-founders`,
    charterOf(settings),
    options.with({
      dependsOn: [stackId],
      hooks: { beforeCreate: [foundedOnce.noMembers], beforeUpdate: [foundedOnce.correction] },
    }),
  );
  return { charter, ownership: ownershipOf(charter.whileAgreed(stackId.word), home), foundedOnce };
}
