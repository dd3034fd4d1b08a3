/** The key that opens a stack's machines. */
import { readFileSync } from "node:fs";
import * as path from "node:path";
import { sshKey } from "../../components/settings/sshKey.ts";
import { projectDir } from "../../lab/paths.ts";
import { pulumi } from "./pulumiAnswer.ts";
import type { StackAccess } from "./stackAccess.ts";

/** A file, the key itself, or whatever the SSH agent holds. */
export type SshLogin = { readonly file: string } | { readonly key: string } | "agent";

/**
 * Finds the key that the stack's settings name. A file that is not on this machine is replaced by
 * the SSH agent, if there is one. Throws, saying what to do, when nothing opens the machines.
 */
export async function sshLogin(stack: StackAccess): Promise<SshLogin> {
  const settings = JSON.parse(
    await pulumi(stack, ["config", "--json", ...stack.settings]),
  ) as Record<string, { readonly value?: string; readonly secret: boolean } | undefined>;
  const key = settings["etcd:sshPrivateKey"];
  if (key?.secret || key?.value) {
    const given = await pulumi(stack, ["config", "get", "sshPrivateKey", ...stack.settings]);
    return { key: sshKey(given).privateKey || given };
  }
  const named = settings["etcd:sshPrivateKeyFile"]?.value;
  const file = named && path.resolve(projectDir, named); // as the program does
  const read = file ? loginBy(file) : "neither it nor etcd:sshPrivateKey is set";
  if (typeof read !== "string") return read;
  if (process.env.SSH_AUTH_SOCK) return "agent";
  throw new Error(
    `etcd:sshPrivateKeyFile of the stack ${stack.name}: ${read}, and there is no SSH agent ` +
      "either; bring the key here, or load it into an agent with ssh-add",
  );
}

/** The file, or its key where ssh may not read it as it stands; or why it cannot be read. */
export function loginBy(file: string): Exclude<SshLogin, "agent"> | string {
  try {
    const given = readFileSync(file, "utf8");
    const { privateKey } = sshKey(given);
    return privateKey && privateKey !== given ? { key: privateKey } : { file };
  } catch (error) {
    return `the file cannot be read (${(error as NodeJS.ErrnoException).code}, ${file})`;
  }
}
