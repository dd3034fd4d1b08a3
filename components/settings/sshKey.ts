import ssh2 from "ssh2";

/**
 * The public half of a private key in OpenSSH form, or why there is none. The message never
 * contains the key. Pure.
 */
export function sshPublicKey(privateKey: string): { publicKey: string; problem: string } {
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) {
    const locked = /passphrase/i.test(parsed.message);
    return {
      publicKey: "",
      problem: locked
        ? "a key without passphrase is needed: nobody is there to type it"
        : "a private key in OpenSSH or PEM form is needed",
    };
  }
  if (!parsed.isPrivateKey())
    return { publicKey: "", problem: "the private half is needed; this is a public key" };
  if (!["ssh-ed25519", "ssh-rsa"].includes(parsed.type))
    return {
      publicKey: "",
      problem: `an ed25519 or RSA key is needed, EC2 takes no other (this is ${parsed.type})`,
    };
  return { publicKey: `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`, problem: "" };
}
