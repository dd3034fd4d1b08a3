/**
 * Host keys of SSH, ed25519: one for the first contact, which a machine is born with; and its
 * lasting one. Both are made of one seed: of the first, with the member's name; of the other, with
 * the instance's id. Nothing is drawn at a run, or no two previews of one commit would be the same.
 *
 *   HostKeySeed  create draws it; it never changes; it is in the state before any machine and until
 *                after the last
 *   HostKey      the key that follows from both; create and update work it out
 *
 * A destroy that is killed has often taken HostKey out of the state while the machine still lives
 * and shows that key: worked out again it is the same, and every machine has another
 * (tests/lab/kills).
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";

/** The private half as OpenSSH writes it, the public half as it stands in known_hosts. */
export interface KeyPair {
  readonly publicKey: string;
  readonly privateKey: string;
}

/**
 * The lasting key of one machine: its ed25519 seed is an HMAC of the instance's id under the
 * cluster's seed.
 */
export async function hostKeyOf(seed: string, instanceId: string): Promise<KeyPair> {
  const { createHmac } = await import("node:crypto");
  return keyPairOf(
    createHmac("sha256", Buffer.from(seed, "hex")).update(`ssh host key of ${instanceId}`).digest(),
  );
}

/**
 * The key that the next machine of a member is born with. `before` is the machine that made contact
 * last, "" for none: its successor gets another key, so that whoever read the user data of the one
 * cannot stand in for the other.
 */
export async function firstHostKeyOf(
  seed: string,
  member: string,
  before: string,
): Promise<KeyPair> {
  const { createHmac } = await import("node:crypto");
  return keyPairOf(
    createHmac("sha256", Buffer.from(seed, "hex"))
      .update(`first SSH host key of ${member} after ${before}`)
      .digest(),
  );
}

/**
 * The key pair of an ed25519 seed, any 32 bytes. Not by ssh2's generator: it draws its own seed,
 * and cuts zeros off the public half, so that one key in 256 is none to sshd.
 */
export async function keyPairOf(own: Buffer): Promise<KeyPair> {
  const { createPrivateKey, createPublicKey } = await import("node:crypto");
  // RFC 8410
  const pkcs8 = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), own]);
  const point = createPublicKey(createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" }))
    .export({ format: "der", type: "spki" })
    .subarray(-32);
  // OpenSSH reads ed25519 keys in other forms from 9.6 on only, so in its own (its PROTOCOL.key):
  // lengths before texts, padded with 1, 2, 3 …
  const text = (value: string | Buffer) => {
    const bytes = Buffer.from(value as string);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  const publicHalf = Buffer.concat([text("ssh-ed25519"), text(point)]);
  const check = own.subarray(0, 4);
  const secret = Buffer.concat([
    check,
    check,
    publicHalf,
    text(Buffer.concat([own, point])),
    text(""),
  ]);
  const padded = Buffer.concat([
    secret,
    Buffer.from([1, 2, 3, 4, 5, 6, 7].slice(0, (8 - (secret.length % 8)) % 8)),
  ]);
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    text("none"),
    text("none"),
    text(""),
    Buffer.from([0, 0, 0, 1]),
    text(publicHalf),
    text(padded),
  ]).toString("base64");
  return {
    publicKey: `ssh-ed25519 ${publicHalf.toString("base64")}`,
    privateKey:
      "-----BEGIN OPENSSH PRIVATE " +
      `KEY-----\n${(whole.match(/.{1,70}/g) ?? []).join("\n")}\n-----END OPENSSH PRIVATE ` +
      "KEY-----\n",
  };
}

const seeds = resource<object, { seed: string }>({
  type: "HostKeySeed",
  computed: ["seed"],
  secrets: ["seed"],
  async make() {
    const { randomBytes } = await import("node:crypto");
    return { seed: randomBytes(32).toString("hex") };
  },
  id: () => "host-key-seed",
});

/** What all host keys of a cluster are made of. */
export class HostKeySeed extends pulumi.dynamic.Resource {
  /** 32 bytes in hexadecimal; secret. */
  declare readonly seed: pulumi.Output<string>;

  constructor(name: string, opts?: pulumi.CustomResourceOptions) {
    super(...seeds(name, {}, opts));
  }
}

interface Inputs {
  readonly seed: string;
  readonly instanceId: string;
}

const keys = resource<Inputs, KeyPair & { readonly instanceId: string }>({
  type: "HostKey",
  computed: ["publicKey", "privateKey"],
  secrets: ["privateKey"],
  meaning: ({ instanceId }) => instanceId,
  async make({ seed, instanceId }) {
    return { instanceId, ...(await hostKeyOf(seed, instanceId)) };
  },
  id: ({ instanceId }) => `host-key-of-${instanceId}`,
});

/** The key that every connection but the first one pins. */
export class HostKey extends pulumi.dynamic.Resource {
  declare readonly publicKey: pulumi.Output<string>;
  /** Secret. */
  declare readonly privateKey: pulumi.Output<string>;

  constructor(
    name: string,
    args: { readonly seed: pulumi.Input<string>; readonly instanceId: pulumi.Input<string> },
    opts?: pulumi.CustomResourceOptions,
  ) {
    super(...keys(name, { ...args, seed: pulumi.secret(args.seed) }, opts));
  }
}
