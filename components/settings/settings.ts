/**
 * The settings of a cluster, checked as a whole: every problem at once, each with field, rule and
 * value received. Pure; it looks at form only, never at the network.
 */
import type * as pulumi from "@pulumi/pulumi";
import * as v from "valibot";
import { archiveDigests } from "./etcdReleases.ts";
import { factsOf, objectOf } from "./fields.ts";
import { isLater, notShown, type Problem, type RawConfig } from "./problems.ts";
import { problemsTogether } from "./rulesTogether.ts";
import { clusterSchema, schema, type Values } from "./schema.ts";
import { sshKey } from "./sshKey.ts";

/** What differs between nodes. */
export interface NodeSettings {
  /** Availability zone, such as us-east-1a. */
  readonly zone: string;
  readonly instanceType: string;
}

/** The Chef client; with preinstalled only the product matters. */
export type ChefSettings = {
  readonly [Name in keyof Values["chef"]]-?: NonNullable<Values["chef"][Name]>;
};
const chefVersion = "18.8.54";

/** How long certificates last, and when they are renewed. */
export type CertificateSettings = Pick<Values, "certificateDays" | "renewBeforeDays">;

/** A CA that was brought, PEM. */
export interface BroughtAuthority {
  readonly certificate: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
}

type Combined = "nodes" | "chef" | "instanceType" | "caCertificate" | "caPrivateKey";

/**
 * Checked settings, each as schema.ts describes it, with its default filled in. What another
 * resource gives is an Output here.
 */
export interface Settings extends Omit<Values, Combined> {
  /** Sorted by name; each with a type of its own. */
  readonly nodes: Readonly<Record<string, NodeSettings>>;
  readonly chef: ChefSettings;
  /** Public half of sshPrivateKey in OpenSSH form, for EC2. */
  readonly sshPublicKey: pulumi.Input<string>;
  /** The CA that was brought, if one was. */
  readonly authority: BroughtAuthority | undefined;
  // etcdSha256: digest of each architecture's archive; empty where the mirror's list is believed.
}

export interface CheckedSettings {
  /** Undefined exactly when there are problems. */
  readonly settings: Settings | undefined;
  /** What was given, with defaults; of use only when there are no problems. */
  readonly values: Values;
  readonly problems: readonly Problem[];
}

const whole = objectOf(clusterSchema);

/** Settings whose values no message shows. */
const secrets = Object.entries(schema)
  .filter(([, entry]) => factsOf(entry).secret)
  .map(([name]) => name);

/** Checks all settings, and fills in the defaults. */
export function checkSettings(raw: RawConfig): CheckedSettings {
  const parsed = v.safeParse(whole, raw);
  const issues = parsed.issues ?? [];
  const values = parsed.output as Values;
  const wrongType = new Set(
    issues.filter(({ kind }) => kind === "schema").map(({ path }) => path?.[0]?.key),
  );
  const problems = [
    ...issues.map(problemOf),
    ...problemsTogether(values, (setting) => !wrongType.has(setting)),
  ];
  return { settings: problems.length ? undefined : settingsOf(values), values, problems };
}

function problemOf({ message, input, path }: v.BaseIssue<unknown>): Problem {
  const keys = (path ?? []).map(({ key }) => key);
  const field = keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  const hidden = secrets.includes(String(keys[0])) && input !== "" && input !== undefined;
  return { field: field.replace(/^\./, ""), rule: message, value: hidden ? notShown : input };
}

function settingsOf(values: Values): Settings {
  const { nodes, chef, instanceType, caCertificate, caPrivateKey, ...others } = values;
  const given = Object.keys(values.etcdSha256).length > 0;
  const key = typeof values.sshPrivateKey === "string" ? sshKey(values.sshPrivateKey) : undefined;
  return {
    ...others,
    nodes: Object.fromEntries(
      Object.keys(nodes)
        .sort()
        .map((name) => [
          name,
          { zone: nodes[name]!.zone, instanceType: nodes[name]!.instanceType ?? instanceType },
        ]),
    ),
    // In this order: their text is part of what decides on a new bootstrap.
    chef: {
      product: chef.product,
      version: chef.version ?? chefVersion,
      packageUrl: chef.packageUrl,
      packageSha256: chef.packageSha256,
    },
    etcdMirror: values.etcdMirror.replace(/\/+$/, ""),
    etcdSha256:
      values.etcdChecksums === "mirror"
        ? {}
        : given
          ? values.etcdSha256
          : archiveDigests(values.etcdVersion),
    sshPrivateKey: key?.privateKey ?? values.sshPrivateKey,
    sshPublicKey: key?.publicKey ?? "",
    authority: authorityOf(caCertificate, caPrivateKey),
  };
}

function authorityOf(
  certificate: pulumi.Input<string>,
  privateKey: pulumi.Input<string>,
): BroughtAuthority | undefined {
  const present = isLater(certificate) || isLater(privateKey) || certificate || privateKey;
  if (!present) return undefined;
  return {
    certificate: typeof certificate === "string" ? `${certificate.trim()}\n` : certificate,
    privateKey: typeof privateKey === "string" ? privateKey.trim() : privateKey,
  };
}
