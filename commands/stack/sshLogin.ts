/** The key that opens a stack's machines. */
import { readFileSync } from "node:fs";
import * as path from "node:path";
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
  if (key?.secret || key?.value)
    return { key: await pulumi(stack, ["config", "get", "sshPrivateKey", ...stack.settings]) };
  const named = settings["etcd:sshPrivateKeyFile"]?.value;
  const file = named && path.resolve(projectDir, named); // as the program does
  const problem = file ? unreadable(file) : "neither it nor etcd:sshPrivateKey is set";
  if (file && !problem) return { file };
  if (process.env.SSH_AUTH_SOCK) return "agent";
  throw new Error(
    `etcd:sshPrivateKeyFile of the stack ${stack.name}: ${problem}, and there is no SSH agent ` +
      "either; bring the key here, or load it into an agent with ssh-add",
  );
}

function unreadable(file: string): string {
  try {
    readFileSync(file);
    return "";
  } catch (error) {
    return `the file cannot be read (${(error as NodeJS.ErrnoException).code}, ${file})`;
  }
}
