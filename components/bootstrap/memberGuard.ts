import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../clusterContext.ts";
import type { EtcdMember, EtcdMemberArgs } from "../etcdMember.ts";
import type { Declared } from "../health/healthOfCluster.ts";
import { MemberShutdown } from "./memberShutdown.ts";

/**
 * The guard of a member's end. It is deleted after what depends on it, the client record and the
 * bootstrap, and before what it depends on: the gate, because nothing runs that the gate did not
 * let start, and the member's own records directly, because the gate stays when one member goes.
 */
export function memberGuard(
  { name: cluster, names, ownership, options }: ClusterContext,
  { name, node, access }: EtcdMember,
  members: readonly Declared[],
  gate: pulumi.Resource,
  { settings, login, pki }: EtcdMemberArgs,
): MemberShutdown {
  return new MemberShutdown(
    `${cluster}-${name}-shutdown`,
    {
      node: name,
      // Whether its client record is there still: if not, this is a destroy.
      domain: names.domain,
      tls: names.tls,
      zoneId: settings.zoneId,
      comment: ownership.comment,
      // Where etcd is stopped.
      host: node.privateIp,
      ...login,
      // The lasting key, once the machine shows it.
      hostKey: access.shownHostKey,
      // Another machine is another guard: so this one is asked before its machine goes.
      instanceId: node.instance.id,
      volumeId: node.volume.id,
      // Whom it asks.
      members,
      operator: pki?.operator,
    },
    options.with({ dependsOn: [gate, ...node.records] }),
  );
}
