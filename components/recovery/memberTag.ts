/**
 * The tag Member: what says in the world, outside every state, that a machine or a volume is, or
 * was, a member's. A state can be older than the world or lack things; what bears this tag is never
 * removed without a person's word.
 */
import type * as pulumi from "@pulumi/pulumi";
import { Tag } from "@pulumi/aws/ec2/tag.js";
import type { Founding } from "../charter/founding.ts";
import type { ClusterContext } from "../clusterContext.ts";
import type { EtcdNode } from "../etcdNode.ts";

/** Its key. Machines and volumes ignore it among their tags (`ignoreChanges`). */
export const memberTagKey = "Member";

/**
 * Tags a member's machine and volume with the word of the founding ("founded" for a cluster that is
 * older than such words). Made after the gate and the founding; etcd is started only after it. The
 * tags are never taken off: they go with the machine and the volume.
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
