/**
 * FirstContact: the first connection to a new machine, over which it gets its lasting host key.
 *
 *   diff    another instance or another key: a first contact again
 *   create  connects, hands the key over, and sees it in force
 *   update  the same
 *   delete  nothing
 *
 * The machine proves itself by the key that came with its user data, or by its lasting one: then an
 * earlier run got that far and was killed before the state knew. Both are known from the state
 * only. No other key is ever accepted, and nothing is sent before.
 */
import * as pulumi from "@pulumi/pulumi";
import { takeOver, type Contact } from "./takeOver.ts";

export interface FirstContactArgs {
  /** Name of the member, for messages. */
  readonly node: string;
  readonly instanceId: pulumi.Input<string>;
  readonly host: pulumi.Input<string>;
  readonly user: string;
  /** The private key that opens the machine. */
  readonly privateKey: pulumi.Input<string>;
  /** Public half of the key in the user data. */
  readonly firstHostKey: pulumi.Input<string>;
  /** The lasting key, both halves. */
  readonly hostKey: pulumi.Input<string>;
  readonly hostPrivateKey: pulumi.Input<string>;
  /** How long the machine may take to open SSH, in seconds. */
  readonly timeoutSeconds: number;
}

interface Outputs {
  readonly instanceId: string;
  readonly hostKey: string;
}

const provider: pulumi.dynamic.ResourceProvider<Contact, Outputs> = {
  async diff(_id, olds, news) {
    return { changes: olds.instanceId !== news.instanceId || olds.hostKey !== news.hostKey };
  },
  async create(inputs) {
    await takeOver(inputs, (line) => console.log(line));
    return {
      id: `first-contact-${inputs.instanceId}`,
      outs: { instanceId: inputs.instanceId, hostKey: inputs.hostKey },
    };
  },
  async update(_id, _olds, news) {
    await takeOver(news, (line) => console.log(line));
    return { outs: { instanceId: news.instanceId, hostKey: news.hostKey } };
  },
};

/** Resolved once the machine shows its lasting key. */
export class FirstContact extends pulumi.dynamic.Resource {
  /** The lasting key, in force: what later connections pin. */
  declare readonly hostKey: pulumi.Output<string>;

  constructor(name: string, args: FirstContactArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      {
        ...args,
        privateKey: pulumi.secret(args.privateKey),
        hostPrivateKey: pulumi.secret(args.hostPrivateKey),
      },
      opts,
      "etcd",
      "FirstContact",
    );
  }
}
