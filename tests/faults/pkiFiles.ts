/** A member's certificates, at the paths that its configuration names. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parse } from "yaml";
import type { Pair } from "./certificates.ts";
import type { Machine } from "./network.ts";

type Security = Record<"cert-file" | "key-file" | "trusted-ca-file", string>;

/**
 * Writes the CA and the pair for both kinds of connection, or for one. Each file is replaced whole,
 * as a renewal would.
 */
export async function writePki(
  machine: Machine,
  ca: string,
  pair: Pair | undefined,
  kinds: readonly ("client" | "peer")[] = ["client", "peer"],
): Promise<void> {
  const config = parse(
    await fs.readFile(path.join(machine.root, "etc/etcd/etcd.yaml"), "utf8"),
  ) as Record<string, Security>;
  for (const kind of kinds) {
    const security = config[`${kind}-transport-security`];
    if (!security || !pair)
      throw new Error(
        `machine ${machine.name}: no ${kind}-transport-security in its etcd.yaml, or no ` +
          "certificate for it",
      );
    for (const [file, text] of [
      [security["trusted-ca-file"], ca],
      [security["key-file"], pair.key],
      [security["cert-file"], pair.cert],
    ] as const) {
      const at = path.join(machine.root, file);
      await fs.mkdir(path.dirname(at), { recursive: true });
      await fs.writeFile(`${at}.new`, text, { mode: 0o600 });
      await fs.rename(`${at}.new`, at);
    }
  }
}
