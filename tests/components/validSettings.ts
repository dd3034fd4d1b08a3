/** Settings with nothing wrong, for tests to change in one place; what is not said is default. */
import { generateKeyPairSync } from "node:crypto";
import type { EtcdClusterArgs } from "../../components/settings/clusterArgs.ts";
import type { RawConfig } from "../../components/settings/problems.ts";
import { clusterSchema } from "../../components/settings/schema.ts";
import { sshKey } from "../../components/settings/sshKey.ts";

/**
 * A private key in OpenSSH form that opens nothing. Not ssh2's own generator: it loses a leading
 * zero of the public half, so that every 256th key is one that nobody reads.
 */
export const privateKey = sshKey(
  generateKeyPairSync("ed25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  }).privateKey,
).privateKey;

/** All that has no default. */
const required = {
  domain: "etcd.test",
  zoneId: "0".repeat(32),
  nodes: { a: { zone: "us-east-1a" }, b: { zone: "us-east-1b" }, c: { zone: "us-east-1c" } },
  sshFrom: ["10.0.0.0/8"],
  clientsFrom: ["10.0.0.0/8"],
  sshPrivateKey: privateKey,
};

/** Arguments of the component: what has no default, and `change`. */
export function validArgs(change: Partial<EtcdClusterArgs> = {}): EtcdClusterArgs {
  return { ...required, ...change };
}

/**
 * Every setting as the CLI hands it over, numbers and booleans as text: the schema's defaults, what
 * has none, and `change`.
 */
export function validSettings(change: RawConfig = {}): RawConfig {
  const asGiven = (value: unknown) => (typeof value === "object" ? value : String(value));
  const defaults = Object.fromEntries(
    Object.entries(clusterSchema).map(([name, entry]) => [name, asGiven(entry.default)]),
  );
  return { ...defaults, ...required, ...change };
}
