/** Settings with nothing wrong, for tests to change in one place; what is not said is default. */
import ssh2 from "ssh2";
import type { EtcdClusterArgs } from "../../components/settings/clusterArgs.ts";
import type { RawConfig } from "../../components/settings/problems.ts";
import { clusterSchema } from "../../components/settings/schema.ts";

/** A private key that opens nothing. */
export const privateKey = ssh2.utils.generateKeyPairSync("ed25519").private;

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
