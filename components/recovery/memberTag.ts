/** Puts the tag Member on a member's machine and volume. */
import type * as pulumi from "@pulumi/pulumi";
import { Tag } from "@pulumi/aws/ec2/tag.js";
import type { Founding } from "../charter/founding.ts";
import type { ClusterContext } from "../clusterContext.ts";
import type { EtcdNode } from "../etcdNode.ts";
import { memberTagKey } from "./marks.ts";

/**
 * Tags a member's machine and volume with the word of the founding ("founded" for a cluster that is
 * older than such words). Made after the gate and the founding; etcd is started only after it. The
 * tags are never taken off: they go with the machine and the volume, which ignore them among their
 * own (`ignoreChanges`).
 */
export function memberTags(
  { name: cluster, options }: ClusterContext,
  member: string,
  node: EtcdNode,
  founding: Founding,
  gate: pulumi.Resource,
): pulumi.Resource[] {
  const value = founding.founding.apply((word) => word ?? "founded");
  const tagged = { machine: node.instance.id, volume: node.volume.id };
  return Object.entries(tagged).map(
    ([what, resourceId]) =>
      new Tag(
        `${cluster}-${member}-${what}-tag`,
        { resourceId, key: memberTagKey, value },
        options.with({ dependsOn: [gate], retainOnDelete: true }),
      ),
  );
}
