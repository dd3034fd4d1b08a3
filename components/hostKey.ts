/**
 * HostKey: the lasting SSH host key of one machine, in the state before the machine gets it (firstContact.ts brings it there).
 *
 *   create  makes it
 *   diff    another instance: a machine that was lost may have lost its key to somebody
 *   update  makes another one
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";

/** An ed25519 key pair, the private half as OpenSSH writes it, the public half as it stands in known_hosts. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/** A new key for an SSH server. */
export async function makeHostKey(): Promise<KeyPair> {
  const { default: ssh2 } = await import("ssh2");
  const made = ssh2.utils.generateKeyPairSync("ed25519");
  return { publicKey: made.public, privateKey: made.private };
}

interface Inputs {
  readonly instanceId: string;
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Inputs & KeyPair> = {
  async diff(_id, olds, news) {
    return { changes: olds.instanceId !== news.instanceId };
  },
  async create(inputs) {
    const key = await makeHostKey();
    return { id: `host-key-of-${inputs.instanceId}`, outs: { ...inputs, ...key } };
  },
  async update(_id, _olds, news) {
    return { outs: { ...news, ...await makeHostKey() } };
  },
};

/** The key that every connection but the first one pins. */
export class HostKey extends pulumi.dynamic.Resource {
  declare readonly publicKey: pulumi.Output<string>;
  /** Secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(name: string, args: { readonly instanceId: pulumi.Input<string> }, opts?: pulumi.CustomResourceOptions) {
    super(provider, name, { ...args, publicKey: undefined, privateKey: undefined }, { ...opts, additionalSecretOutputs: ["privateKey"] }, "etcd", "HostKey");
  }
}
