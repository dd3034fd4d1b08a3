/**
 * How a node is reached so that nobody else is: the machine proves itself with a key from the first
 * connection on.
 *
 *   user data with a first-contact key ─▶ instance ─▶ HostKey ─▶ FirstContact ─▶ all connections
 *
 * The first-contact key is made anew at every run and used only where a machine is born (user data
 * of a living one is ignored), so no two machines share one, and that of a machine that was
 * replaced is of no use against its successor.
 */
import * as pulumi from "@pulumi/pulumi";
import type { types } from "@pulumi/command";
import type { EtcdNode } from "../etcdNode.ts";
import { FirstContact } from "./firstContact.ts";
import { HostKey, type HostKeySeed, makeHostKey } from "./hostKey.ts";
import { sshConnection } from "./sshConnection.ts";
import { firstContactKeyIn, userDataOf } from "./userData.ts";

export interface NodeAccess {
  /** The lasting host key, as it stands in known_hosts, once it is in force. */
  readonly hostKey: pulumi.Output<string>;
  /** For remote commands: waits for the first contact. */
  readonly connection: types.input.remote.ConnectionArgs;
}

/** User data for a machine that is about to be made. Secret. */
export function newUserData(): pulumi.Output<string> {
  return pulumi.secret(makeHostKey().then(userDataOf));
}

/**
 * Makes the first contact with a node's machine. `seed` is in the state before the machine; see
 * hostKey.ts.
 */
export function nodeAccess(
  name: string,
  node: EtcdNode,
  seed: HostKeySeed,
  login: { readonly user: string; readonly privateKey: pulumi.Input<string> },
  opts: pulumi.CustomResourceOptions,
): NodeAccess {
  const instanceId = node.instance.id;
  const lasting = new HostKey(`${name}-host-key`, { seed: seed.seed, instanceId }, opts);
  const contact = new FirstContact(
    `${name}-first-contact`,
    {
      node: node.member,
      instanceId,
      host: node.privateIp,
      ...login,
      timeoutSeconds: 300,
      firstHostKey: pulumi.unsecret(node.instance.userData.apply(firstContactKeyIn)),
      hostKey: lasting.publicKey,
      hostPrivateKey: lasting.privateKey,
    },
    opts,
  );
  return {
    hostKey: contact.hostKey,
    connection: sshConnection(node.privateIp, contact.hostKey, login.user, login.privateKey),
  };
}
