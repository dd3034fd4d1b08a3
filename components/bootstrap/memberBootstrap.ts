import * as pulumi from "@pulumi/pulumi";
import * as remote from "@pulumi/command/remote/index.js";
import type { ClusterContext } from "../clusterContext.ts";
import type { Settings } from "../settings/settings.ts";
import { clusterToken, type Founding } from "../charter/founding.ts";
import type { EtcdNode } from "../etcdNode.ts";
import type { Identity } from "../pki/clusterPki.ts";
import { loginCheck } from "../ssh/loginCheck.ts";
import type { NodeAccess } from "../ssh/nodeAccess.ts";
import { bootstrapOf, launcher } from "./chefBootstrap.ts";
import { foundingTicket } from "./ticket.ts";

/** Beside the converge: SSH that opens late, in seconds. */
const sshAllowanceSeconds = 400;

export interface MemberBootstrapArgs {
  readonly member: string;
  readonly node: EtcdNode;
  readonly access: NodeAccess;
  readonly identity: Identity | undefined;
  readonly founding: Founding;
  /** The cookbook as packCookbook makes it. */
  readonly cookbook: pulumi.Input<string>;
  readonly settings: Settings;
  /** What comes before etcd may be started. */
  readonly after: readonly pulumi.Resource[];
}

export interface MemberBootstrap {
  readonly command: remote.Command;
  /** Changes when the machine was made anew, stopped for another type, or bootstrapped. */
  readonly digest: pulumi.Output<string>;
}

/**
 * Chef on one machine, over SSH. It returns when etcd is being started, or waits to be
 * joined to the cluster (the node's etcd-join), and waits for no other member.
 */
export function memberBootstrap(
  context: ClusterContext,
  { member, node, access, identity, founding, cookbook, settings, after }: MemberBootstrapArgs,
): MemberBootstrap {
  const { name, names, ownership, options } = context;
  const prepared = pulumi
    .all([
      pulumi.all([node.privateIp, node.volume.id, node.instance.id]),
      pulumi.all([founding.recorded, founding.founding]),
      pulumi.all([ownership.stackId, cookbook]),
      pulumi.output(identity),
    ])
    .apply(([[address, volumeId, machine], [founders, word], [stackId, archive], pki]) => {
      const token = clusterToken(names.domain, stackId, word);
      return bootstrapOf({
        name: member,
        domain: names.domain,
        tls: names.tls,
        address,
        founders: Object.fromEntries(
          Object.entries(founders).map(([founder, { address }]) => [founder, address]),
        ),
        volumeId,
        token,
        ticket: foundingTicket(founders, { member, machine, volume: volumeId }, token, (name) =>
          names.peerUrl(name),
        ),
        etcdVersion: settings.etcdVersion,
        etcdMirror: settings.etcdMirror,
        etcdChecksums: settings.etcdChecksums,
        etcdSha256: settings.etcdSha256,
        chef: settings.chef,
        pki,
        cookbook: archive,
        timeoutSeconds: settings.bootstrapTimeout,
        dnsTimeoutSeconds: settings.dnsTimeout,
      });
    });
  const timeout = `${settings.bootstrapTimeout + sshAllowanceSeconds}s`;
  const letsUsIn = [loginCheck(context, member, access.connection)];
  const command = new remote.Command(
    `${name}-${member}-bootstrap`,
    {
      connection: access.connection,
      create: launcher,
      update: launcher,
      stdin: pulumi.secret(prepared.stdin),
      addPreviousOutputInEnv: false,
      triggers: [node.instance.id, node.volume.id],
    },
    options.with({
      dependsOn: [...after],
      additionalSecretOutputs: ["stdin"],
      customTimeouts: { create: timeout, update: timeout },
      hooks: { beforeCreate: letsUsIn, beforeUpdate: letsUsIn },
    }),
  );
  const { id, instanceType } = node.instance;
  return {
    command,
    // The digest of a secret tells nothing of it, and health's own state need not be hidden.
    digest: pulumi.unsecret(pulumi.interpolate`${id} ${instanceType} ${prepared.digest}`),
  };
}
