/**
 * Reads the stack's configuration and the SSH key it names: what a stack's file brings with it
 * beside the rules of any cluster. The only place that reads settings from Pulumi's configuration
 * and the disk.
 */
import { existsSync, readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { accountProblems, regionProblems } from "./account.ts";
import { factsOf } from "./fields.ts";
import { namespaceProblems } from "./namespaces.ts";
import { describeProblems, type Problem, type RawConfig } from "./problems.ts";
import { schema, type Values } from "./schema.ts";
import { checkSettings } from "./settings.ts";
import { yamlProblems } from "./stackFile.ts";
import { sshKey } from "./sshKey.ts";

type Name = keyof typeof schema;
const names = Object.keys(schema) as Name[];
const isName = (key: string): key is Name => Object.hasOwn(schema, key);

/**
 * The settings of the stack, all of them right: arguments for EtcdCluster.
 *
 * @throws pulumi.RunError with all problems, a line each: shown without a stack trace, before the
 * first resource is registered.
 */
export function readStackConfig(): Values {
  const { raw, problems: malformed } = rawConfig();
  const { values, problems } = checkStack(raw, isSecret);
  const config = pulumi.runtime.allConfig();
  const all = [
    ...namespaceProblems(config, pulumi.getProject(), isName),
    ...fileProblems(raw),
    ...malformed,
    ...problems,
    ...accountProblems(),
  ];
  // Zones that are wrong themselves lie in no region.
  if (!all.length) all.push(...regionProblems(values.nodes));
  if (all.length)
    throw new pulumi.RunError(
      `The configuration of stack ${pulumi.getStack()} cannot be ` +
        `used:\n${describeProblems(all, isSecret)}`,
    );
  return values;
}

/** Checks what a stack's file says, and reads the SSH key that it names. */
export function checkStack(
  raw: RawConfig,
  secret: (key: string) => boolean,
): { values: Values; problems: readonly Problem[] } {
  const { sshPrivateKeyFile = "", ...others } = raw;
  const file = String(sshPrivateKeyFile);
  const problems: Problem[] = Object.keys(raw)
    .filter((key) => !isName(key))
    .map((key) => ({
      field: key,
      rule: `unknown key; known are ${names.join(", ")}`,
      value: raw[key],
    }));
  const key = sshKeyOf(raw.sshPrivateKey ?? "", file);
  problems.push(...key.problems);
  for (const name of names) {
    if (factsOf(schema[name]).secret && raw[name] && !secret(name))
      problems.push({
        field: name,
        rule: `a secret is needed: pulumi config set --secret etcd:${name}`,
        value: "a plain text that is not shown",
      });
  }
  const settings = Object.entries({ ...others, sshPrivateKey: key.privateKey });
  const checked = checkSettings(Object.fromEntries(settings.filter(([name]) => isName(name))));
  // What is wrong with the key of a file has been said of the file.
  problems.push(...checked.problems.filter((p) => !file || p.field !== "sshPrivateKey"));
  return { values: checked.values, problems };
}

/** The private key: given, or in a file. */
function sshKeyOf(
  given: unknown,
  file: string,
): { privateKey: unknown; problems: readonly Problem[] } {
  const refused = (field: Name, rule: string, value: string, privateKey = given) => ({
    privateKey,
    problems: [{ field, rule, value }],
  });
  if (!file && given) return { privateKey: given, problems: [] };
  if (!file)
    return refused(
      "sshPrivateKey",
      "this (as a secret) or sshPrivateKeyFile is needed to reach the nodes",
      "",
    );
  if (file !== file.trim())
    return refused("sshPrivateKeyFile", "no spaces or line ends around the value", file);
  if (given)
    return refused("sshPrivateKeyFile", "only one of sshPrivateKey and sshPrivateKeyFile", file);
  try {
    const privateKey = readFileSync(file, "utf8");
    const { problem } = sshKey(privateKey);
    // The value is never part of the message: it is the secret.
    if (problem) return refused("sshPrivateKeyFile", problem, file);
    return { privateKey, problems: [] };
  } catch (e) {
    const { code } = e as NodeJS.ErrnoException;
    return refused("sshPrivateKeyFile", `the file cannot be read (${code})`, file);
  }
}

/** What can only be told from the stack's own file, where it lies beside the program. */
function fileProblems(raw: RawConfig): readonly Problem[] {
  const name = `Pulumi.${pulumi.getStack()}.yaml`;
  if (!existsSync(name)) return [];
  return yamlProblems({ name, text: readFileSync(name, "utf8") }, pulumi.getProject(), raw);
}

/** The project's keys; objects and lists arrive as JSON. */
function rawConfig(): { raw: RawConfig; problems: readonly Problem[] } {
  const prefix = `${pulumi.getProject()}:`;
  const raw: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [name, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    const byDefault: unknown = isName(key) ? schema[key].default : "";
    try {
      raw[key] = typeof byDefault === "object" ? JSON.parse(text) : text;
    } catch {
      problems.push({
        field: key,
        rule:
          `${Array.isArray(byDefault) ? "a list" : "an object"} is needed; set it with ` +
          "`pulumi config set --path`",
        value: text,
      });
    }
  }
  return { raw, problems };
}

/**
 * Whether the stack's file holds a key encrypted; without a namespace it is the project's. The SDK
 * knows it, but its types do not say so.
 */
function isSecret(key: string): boolean {
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return isConfigSecret(key.includes(":") ? key : `${pulumi.getProject()}:${key}`);
}
