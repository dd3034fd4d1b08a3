import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { clusterToken, type Founding } from "../charter/founding.ts";
import type { ClusterContext } from "../clusterContext.ts";
import type { DnsReadiness } from "../dns/dnsReadiness.ts";
import type { EtcdMember } from "../etcdMember.ts";
import type { Identity } from "../pki/clusterPki.ts";
import type { Settings } from "../settings/settings.ts";
import type { Login } from "../ssh/nodeAccess.ts";
import { savedLeavers } from "./leavers.ts";
import { Membership } from "./membership.ts";

/** A member whose machine was bootstrapped. */
export interface Started {
  readonly command: pulumi.Resource;
  /** Changes when the machine was made or bootstrapped anew. */
  readonly digest: pulumi.Output<string>;
}

/** Makes etcd's members the declared ones, after every bootstrap. */
export function membersOfCluster(
  { name, names, ownership, options }: ClusterContext,
  settings: Settings,
  members: readonly EtcdMember[],
  started: readonly Started[],
  { gate, founding, login, operator }: Given,
): Membership {
  const token = pulumi
    .all([ownership.stackId, founding.founding])
    .apply(([stackId, word]) => clusterToken(names.domain, stackId, word));
  return new Membership(
    `${name}-membership`,
    {
      members: members.map(({ name: member, endpoint, peerUrl, node, access }) => ({
        name: member,
        endpoint,
        peerUrl,
        address: node.privateIp,
        machine: node.instance.id,
        volume: node.volume.id,
        // Once the machine shows it: what connects before would meet the key of the first contact.
        hostKey: access.shownHostKey,
      })),
      // Asked only once the stack has a state, as for the founding's word.
      leavers: ownership.stackId.apply(() =>
        savedLeavers(
          name,
          members.map((member) => member.name),
          names,
        ),
      ),
      openedAt: gate.openedAt,
      bootstraps: bootstrapsOf(started),
      founding: founding.founding.apply((word) => word ?? ""),
      clusterToken: token,
      acceptRestore: settings.acceptRestore,
      rejoin: settings.rejoin,
      stack: ownership.comment,
      ...login,
      operator,
      timeoutSeconds: settings.healthTimeout,
    },
    options.with({ dependsOn: started.map(({ command }) => command) }),
  );
}

interface Given {
  /** The one for the peers. */
  readonly gate: DnsReadiness;
  readonly founding: Founding;
  readonly login: Login;
  /** With what members are asked; undefined without TLS. */
  readonly operator: Identity | undefined;
}

/** One digest of all bootstraps: another one is a reason to look at the members again. */
export function bootstrapsOf(started: readonly Started[]): pulumi.Output<string> {
  return pulumi
    .all(started.map(({ digest }) => digest))
    .apply((all) => createHash("sha256").update(all.join()).digest("hex"));
}
