/**
 * The SSH key of the nodes, in a form that everything behind it reads: ssh2, the command provider
 * (Go's x/crypto/ssh) and ssh itself, of any age. No message contains the key. Pure.
 */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";
import ssh2 from "ssh2";

/** A key, or why it cannot be used. */
export interface SshKey {
  /** As given where all can read it so, because the state holds it; else written anew. */
  readonly privateKey: string;
  /** In OpenSSH form, for EC2; "" where there is a problem. */
  readonly publicKey: string;
  readonly problem: string;
}

const unreadable = "a private key in OpenSSH or PEM form is needed";
const locked = "a key without passphrase is needed: nobody is there to type it";

/** Reads a private key in OpenSSH form, or in PEM (PKCS 1 or 8). */
export function sshKey(given: string): SshKey {
  if (/^\s*PuTTY-User-Key-File/.test(given))
    return refused(`${unreadable}, and this is PuTTY's: puttygen FILE -O private-openssh -o KEY`);
  // Go finds the first line of a key only at the start of a line.
  if (/(^|\n)-----BEGIN /.test(given)) {
    const asGiven = read(given);
    if (!asGiven.unknown) return asGiven;
  }
  const tidy = `${given.trim().replace(/[^\S\n]+$/gm, "")}\n`;
  const asTidy = read(tidy);
  if (!asTidy.unknown) return asTidy;
  if (tidy.includes("-----BEGIN ENCRYPTED PRIVATE KEY-----")) return refused(locked);
  return /-----BEGIN PRIVATE KEY-----/.test(tidy) ? converted(tidy) : refused(unreadable);
}

const refused = (problem: string): SshKey => ({ privateKey: "", publicKey: "", problem });

/** Reads a form that ssh2 knows; `unknown` says that it is none. */
function read(privateKey: string): SshKey & { readonly unknown?: true } {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error)
    return /passphrase/i.test(parsed.message)
      ? refused(locked)
      : { ...refused(unreadable), unknown: true };
  if (!parsed.isPrivateKey()) return refused("the private half is needed; this is a public key");
  if (!["ssh-ed25519", "ssh-rsa"].includes(parsed.type)) return otherKind(parsed.type);
  const bits =
    parsed.type === "ssh-rsa"
      ? createPublicKey(parsed.getPublicPEM()).asymmetricKeyDetails?.modulusLength
      : undefined;
  if (bits !== undefined && bits < 2048)
    return refused(
      `an RSA key of 2048 bits or more is needed, or an ed25519 key (this one has ${bits} bits); ` +
        "ssh-keygen -t ed25519 -N '' -f KEY makes one",
    );
  const publicKey = `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`;
  return { privateKey, publicKey, problem: "" };
}

const otherKind = (kind: string) =>
  refused(`an ed25519 or RSA key is needed, EC2 takes no other (this is ${kind})`);

/** A key in PKCS 8, which ssh2 does not read, nor ssh before 9.6 where it is ed25519. */
function converted(pem: string): SshKey {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    return refused(unreadable);
  }
  if (key.asymmetricKeyType === "rsa")
    return read(key.export({ format: "pem", type: "pkcs1" }).toString());
  return key.asymmetricKeyType === "ed25519"
    ? read(openSshForm(key))
    : otherKind(String(key.asymmetricKeyType));
}

/**
 * An ed25519 key in OpenSSH's own form (PROTOCOL.key). Always the same text for the same key, where
 * ssh-keygen puts random numbers: another text would look like a change at every `up`.
 */
function openSshForm(key: KeyObject): string {
  const { d = "", x = "" } = key.export({ format: "jwk" });
  const [seed, point] = [Buffer.from(d, "base64url"), Buffer.from(x, "base64url")];
  const kind = field("ssh-ed25519");
  const check = point.subarray(0, 4); // twice the same four bytes: read without a passphrase
  const secret = Buffer.concat([
    ...[check, check, kind, field(point), field(Buffer.concat([seed, point])), field("")],
  ]);
  const padding = Buffer.from(Array.from({ length: -secret.length & 7 }, (_, i) => i + 1));
  const whole = Buffer.concat([
    Buffer.from("openssh-key-v1\0"),
    ...[field("none"), field("none"), field(""), Buffer.from([0, 0, 0, 1])],
    field(Buffer.concat([kind, field(point)])),
    field(Buffer.concat([secret, padding])),
  ]);
  const lines = whole.toString("base64").match(/.{1,70}/g) ?? [];
  const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} OPENSSH PRIVATE KEY-----`);
  return [begin, ...lines, end, ""].join("\n");
}

/** Bytes with their length before them. */
function field(content: string | Buffer): Buffer {
  const bytes = Buffer.from(content as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
