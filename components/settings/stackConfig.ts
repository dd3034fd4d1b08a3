/**
 * Reads the stack's configuration and the SSH key it names. The only place that touches Pulumi's
 * configuration and the disk.
 */
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { regionOf } from "./addressRules.ts";
import { readAuthority } from "./authority.ts";
import {
  describeProblems,
  notShown,
  textOf,
  unknownKeys,
  type Problem,
  type RawConfig,
} from "./problems.ts";
import { readSettings, type Settings } from "./settings.ts";
import { sshPublicKey } from "./sshKey.ts";

const objects = ["nodes", "subnets", "etcdSha256", "chef"];
const lists = ["sshFrom", "clientsFrom", "nameservers"];
const texts = [
  "domain",
  "zoneId",
  "tls",
  "caCertificate",
  "caPrivateKey",
  "certificateDays",
  "renewBeforeDays",
  "publicAddress",
  "openToTheWorld",
  "kmsKeyId",
  "ami",
  "architecture",
  "instanceType",
  "dataVolumeGb",
  "sshUser",
  "sshPrivateKey",
  "sshPrivateKeyFile",
  "etcdVersion",
  "etcdMirror",
  "etcdChecksums",
  "ttl",
  "dnsTimeout",
  "bootstrapTimeout",
  "healthTimeout",
];

/** Every key of the project's configuration that the program reads. */
export const settingNames: readonly string[] = [...objects, ...lists, ...texts];

export interface StackConfig {
  readonly settings: Settings;
  readonly sshPrivateKey: pulumi.Output<string>;
  /** The public half in OpenSSH form, for EC2. */
  readonly sshPublicKey: string;
  /** The CA that was brought, if one was. */
  readonly authority:
    { readonly certificate: string; readonly privateKey: pulumi.Output<string> } | undefined;
}

/**
 * @throws pulumi.RunError with all problems, a line each: shown without a stack trace, before the
 * first resource is registered.
 */
export function readStackConfig(): StackConfig {
  const problems: Problem[] = [];
  const raw = rawConfig(problems);
  unknownKeys(raw, settingNames, "", problems);
  const { settings, problems: found } = readSettings(raw);
  problems.push(...found, ...otherRegion(settings));
  const key = readKey(raw, problems);
  const authority = readAuthority(raw, settings.tls, isSecret("caPrivateKey"), problems);
  if (problems.length)
    throw new pulumi.RunError(
      `The configuration of stack ${pulumi.getStack()} cannot be ` +
        `used:\n${describeProblems(problems, isSecret)}`,
    );
  if (!settings.tls)
    pulumi.log.warn(
      "tls: false leaves everything to whoever reaches ports 2379 and 2380: they read, " +
        "write and join unseen, and nothing is encrypted on its way",
    );
  if (settings.etcdChecksums === "mirror")
    pulumi.log.warn(
      "etcdChecksums: mirror believes the SHA256SUMS of etcd:etcdMirror; a mirror that " +
        "is tampered with would not be noticed",
    );
  if (settings.dnsTimeout < settings.ttl)
    pulumi.log.warn(
      `dnsTimeout: ${settings.dnsTimeout} s are less than ttl, ${settings.ttl} s: a ` +
        "resolver that remembers addresses from before a destroy may hold them for longer " +
        "than a node waits",
    );
  if (settings.openToTheWorld)
    pulumi.log.warn(
      "openToTheWorld: sshFrom and clientsFrom may hold networks of strangers, and do; " +
        "whoever is in clientsFrom reads and writes everything unless etcd asks for " +
        "certificates",
    );
  return {
    settings,
    sshPrivateKey: pulumi.secret(key.privateKey),
    sshPublicKey: key.publicKey,
    authority: authority && {
      certificate: authority.certificate,
      privateKey: pulumi.secret(authority.privateKey),
    },
  };
}

/** AWS would say only that it knows no such zone, and after other things were made. */
function otherRegion({ nodes }: Settings): Problem[] {
  const region = new pulumi.Config("aws").get("region");
  const zone = Object.values(nodes)[0]?.zone ?? "";
  return region && regionOf(zone) && regionOf(zone) !== region
    ? [
        {
          field: "nodes",
          rule:
            `their zones lie in ${regionOf(zone)}, and aws:region is another; set one of ` +
            "the two",
          value: region,
        },
      ]
    : [];
}

function rawConfig(problems: Problem[]): RawConfig {
  const prefix = `${pulumi.getProject()}:`;
  const raw: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(pulumi.runtime.allConfig())) {
    if (!name.startsWith(prefix)) continue;
    const key = name.slice(prefix.length);
    if (!objects.includes(key) && !lists.includes(key)) {
      raw[key] = text;
      continue;
    }
    try {
      raw[key] = JSON.parse(text);
    } catch {
      problems.push({
        field: key,
        rule:
          `${objects.includes(key) ? "an object" : "a list"} is needed; set it with ` +
          "`pulumi config set --path`",
        value: text,
      });
    }
  }
  return raw;
}

function readKey(raw: RawConfig, problems: Problem[]): { privateKey: string; publicKey: string } {
  const file = textOf(raw, "sshPrivateKeyFile", problems);
  let privateKey = typeof raw.sshPrivateKey === "string" ? raw.sshPrivateKey : "";
  if (!privateKey && !file) {
    problems.push({
      field: "sshPrivateKey",
      rule: "this (as a secret) or sshPrivateKeyFile is needed to reach the nodes",
      value: "",
    });
    return { privateKey: "", publicKey: "" };
  }
  if (privateKey && file)
    problems.push({
      field: "sshPrivateKeyFile",
      rule: "only one of sshPrivateKey and sshPrivateKeyFile",
      value: file,
    });
  if (!privateKey) {
    try {
      privateKey = readFileSync(file, "utf8");
    } catch (e) {
      problems.push({
        field: "sshPrivateKeyFile",
        rule: `the file cannot be read (${(e as NodeJS.ErrnoException).code})`,
        value: file,
      });
      return { privateKey: "", publicKey: "" };
    }
  }
  if (!file && !isSecret("sshPrivateKey")) {
    problems.push({
      field: "sshPrivateKey",
      rule: "a secret is needed: pulumi config set --secret etcd:sshPrivateKey",
      value: "a plain text that is not shown",
    });
  }
  const parsed = sshPublicKey(privateKey);
  // The value is never part of the message: it is the secret.
  if (parsed.problem)
    problems.push({
      field: file ? "sshPrivateKeyFile" : "sshPrivateKey",
      rule: parsed.problem,
      value: file || notShown,
    });
  return { privateKey, publicKey: parsed.publicKey };
}

/**
 * Whether the stack's file holds a key encrypted. The SDK knows it, but its types do not say so.
 */
function isSecret(key: string): boolean {
  const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };
  return isConfigSecret(`${pulumi.getProject()}:${key}`);
}
