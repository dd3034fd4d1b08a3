/** What cloud-init is told at a machine's first boot. Pure. */
import type { KeyPair } from "./hostKey.ts";

/**
 * User data with the host key of the first contact: the one secret in it. Whoever reads user data
 * (ec2:DescribeInstanceAttribute, any process on the machine) could pass for the machine until
 * firstContact.ts has replaced the key; afterwards it is worth nothing. cloud-init writes it before
 * sshd starts, and removes keys that were baked into the image.
 */
export function userDataOf({ publicKey, privateKey }: KeyPair): string {
  return [
    "#cloud-config",
    // cloud-init must not map the node's own name to 127.0.1.1: peers would be told that address.
    "manage_etc_hosts: false",
    "ssh_keys:",
    `  ed25519_public: ${publicKey}`,
    "  ed25519_private: |",
    ...privateKey
      .trim()
      .split("\n")
      .map((line) => `    ${line}`),
    "",
  ].join("\n");
}

/** The public half of the key that user data brought, "" where it brought none. */
export function firstContactKeyIn(userData: string | undefined): string {
  return /^ {2}ed25519_public: (ssh-ed25519 [A-Za-z0-9+/=]+)$/m.exec(userData ?? "")?.[1] ?? "";
}
