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
import { resource } from "../engine/resource.ts";
import { directDialler } from "./dialler.ts";
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

const contacts = resource<Contact, Outputs>({
  type: "FirstContact",
  meaning: ({ instanceId, hostKey }) => [instanceId, hostKey],
  async make(inputs) {
    await takeOver(inputs, directDialler(inputs.host), (line) => console.log(line));
    return { instanceId: inputs.instanceId, hostKey: inputs.hostKey };
  },
  id: ({ instanceId }) => `first-contact-${instanceId}`,
});

/** Resolved once the machine shows its lasting key. */
export class FirstContact extends pulumi.dynamic.Resource {
  /** The lasting key, in force: what later connections pin. */
  declare readonly hostKey: pulumi.Output<string>;

  constructor(name: string, args: FirstContactArgs, opts?: pulumi.CustomResourceOptions) {
    const privateKey = pulumi.secret(args.privateKey);
    const hostPrivateKey = pulumi.secret(args.hostPrivateKey);
    super(...contacts(name, { ...args, privateKey, hostPrivateKey }, opts));
  }
}
