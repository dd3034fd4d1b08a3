/**
 * How a node is reached so that nobody else is: the machine proves itself with a key from the first
 * connection on.
 *
 *   user data with a first-contact key ─▶ instance ─▶ HostKey ─▶ FirstContact ─▶ all connections
 *
 * The first-contact key follows from the seed, the member and the machine that was there before,
 * and is used only where a machine is born (user data of a living one is ignored): two previews of
 * one commit show the same, no two machines share one, and that of a replaced machine is of no use
 * against its successor.
 */
import * as pulumi from "@pulumi/pulumi";
import type { types } from "@pulumi/command";
import type { ClusterContext } from "../clusterContext.ts";
import type { EtcdNode } from "../etcdNode.ts";
import { FirstContact } from "./firstContact.ts";
import { savedOutput } from "../recovery/savedState.ts";
import { firstHostKeyOf, HostKey, type HostKeySeed } from "./hostKey.ts";
import { sshConnection } from "./sshConnection.ts";
import { firstContactKeyIn, userDataOf } from "./userData.ts";

/** The user that opens a machine, and the private key; a secret. */
export interface Login {
  readonly user: string;
  readonly privateKey: pulumi.Input<string>;
}

export interface NodeAccess {
  /** The lasting host key, as it stands in known_hosts; known as soon as the machine exists. */
  readonly hostKey: pulumi.Output<string>;
  /** The same key, once the machine shows it: what waits for it may connect. */
  readonly shownHostKey: pulumi.Output<string>;
  /** For remote commands: waits for the first contact. */
  readonly connection: types.input.remote.ConnectionArgs;
}

/**
 * User data for a machine that is about to be made. Secret. Unknown in a preview until the seed is
 * drawn; before that the state must not be asked either: the engine dies of it when there is none.
 */
export function newUserData(
  { name }: ClusterContext,
  member: string,
  { seed }: HostKeySeed,
): pulumi.Output<string> {
  const made = seed.apply(async (drawn) => {
    const contact = {
      type: "pulumi-nodejs:dynamic/etcd:FirstContact",
      name: contactOf(name, member),
    };
    const before = await savedOutput(contact, "instanceId");
    return userDataOf(await firstHostKeyOf(drawn, member, before));
  });
  return pulumi.secret(made);
}

function contactOf(cluster: string, member: string): string {
  return `${cluster}-${member}-first-contact`;
}

/** How long a new machine may take to open SSH, in seconds. */
const bootTimeoutSeconds = 300;

/**
 * Makes the first contact with a member's machine, once its ports are open (`after`). `seed` is
 * in the state before the machine; see hostKey.ts.
 */
export function nodeAccess(
  { name, options }: ClusterContext,
  member: string,
  node: EtcdNode,
  login: Login,
  { seed, after }: { readonly seed: HostKeySeed; readonly after: readonly pulumi.Resource[] },
): NodeAccess {
  const instanceId = node.instance.id;
  const whenOpen = options.with({ dependsOn: [...after] });
  const lasting = new HostKey(
    `${name}-${member}-host-key`,
    { seed: seed.seed, instanceId },
    whenOpen,
  );
  const contact = new FirstContact(
    contactOf(name, member),
    {
      node: member,
      instanceId,
      host: node.privateIp,
      ...login,
      timeoutSeconds: bootTimeoutSeconds,
      firstHostKey: pulumi.unsecret(node.instance.userData.apply(firstContactKeyIn)),
      hostKey: lasting.publicKey,
      hostPrivateKey: lasting.privateKey,
    },
    whenOpen,
  );
  return {
    hostKey: lasting.publicKey,
    shownHostKey: contact.hostKey,
    connection: sshConnection(node.privateIp, contact.hostKey, login),
  };
}
