/**
 * The arguments of a cluster, checked in its constructor. What is known only later, because another
 * resource gives it, is checked as soon as it is, with the same rules and words.
 */
import * as pulumi from "@pulumi/pulumi";
import { accountProblems, hasOwnAws, isStandIn, regionProblems } from "./account.ts";
import type { EtcdClusterArgs } from "./clusterArgs.ts";
import { describeProblems, isLater, type Problem, type RawConfig } from "./problems.ts";
import { checkSettings, type CheckedSettings, type Settings } from "./settings.ts";
import { warnings } from "./warnings.ts";

/** Settings whose keys are kept as secrets. */
export interface ClusterSettings extends Settings {
  readonly sshPrivateKey: pulumi.Output<string>;
}

/** Arguments that have been looked at, not yet refused. */
export interface CheckedArgs extends CheckedSettings {
  /**
   * Inputs of the component, for policies to judge; no secrets. Empty when the arguments are to be
   * refused.
   */
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly args: RawConfig;
}

/**
 * Looks at the arguments, before there is a component to refuse them on; `checkedSettings` goes on
 * with it.
 */
export function checkArgs(args: EtcdClusterArgs): CheckedArgs {
  const checked = checkSettings(args as unknown as RawConfig);
  const { settings } = checked;
  const inputs = settings && {
    domain: settings.domain,
    nodes: Object.keys(settings.nodes),
    etcdVersion: settings.etcdVersion,
    etcdChecksums: settings.etcdChecksums,
    etcdSha256: settings.etcdSha256,
  };
  return { ...checked, inputs: inputs ?? {}, args: args as unknown as RawConfig };
}

/**
 * The settings of a cluster, with all defaults. Says what is allowed and may be unwise.
 *
 * @throws pulumi.ResourceError on `cluster` with all problems, a line each
 */
export function checkedSettings(cluster: pulumi.Resource, given: CheckedArgs): ClusterSettings {
  const { settings } = given;
  const problems = [
    ...given.problems,
    ...accountProblems(),
    // A provider in the options has a region of its own.
    ...(settings && !hasOwnAws(cluster) ? regionProblems(settings.nodes) : []),
  ];
  if (!settings || problems.length) throw refusal(problems, cluster);
  for (const warning of warnings(settings, isStandIn())) void pulumi.log.warn(warning, cluster);
  return whenKnown(cluster, given.args, settings);
}

function refusal(problems: readonly Problem[], on: pulumi.Resource, secret = false) {
  return new pulumi.ResourceError(
    `The arguments of this cluster cannot be used:\n${describeProblems(problems, () => secret)}`,
    on,
    true,
  );
}

/**
 * What is known stays as it is; every other setting becomes an Output that checks it. Long, because
 * every setting that may be an Output is named once.
 */
function whenKnown(cluster: pulumi.Resource, args: RawConfig, settings: Settings): ClusterSettings {
  /** Checks all arguments again, with what is known now in its place. */
  const check = async <T>(
    given: pulumi.Output<unknown>,
    known: RawConfig,
    pick: (settings: Settings) => pulumi.Input<T>,
  ): Promise<T> => {
    const again = checkSettings({ ...args, ...known });
    if (!again.settings) throw refusal(again.problems, cluster, await pulumi.isSecret(given));
    return pick(again.settings) as T;
  };
  const later = (
    value: pulumi.Input<string>,
    known: (value: string) => RawConfig,
    pick: (settings: Settings) => pulumi.Input<string>,
  ): pulumi.Input<string> => {
    if (!isLater(value)) return value;
    const output = pulumi.output(value);
    return output.apply((text) => check(output, known(text), pick));
  };
  const sources = (key: "sshFrom" | "clientsFrom") =>
    settings[key].map((source, i) =>
      later(
        source,
        (text) => ({ [key]: settings[key].with(i, text) }),
        (again) => again[key][i]!,
      ),
    );
  const { subnets, sshPrivateKey } = settings;
  return {
    ...settings,
    zoneId: later(
      settings.zoneId,
      (zoneId) => ({ zoneId }),
      (again) => again.zoneId,
    ),
    kmsKeyId: later(
      settings.kmsKeyId,
      (kmsKeyId) => ({ kmsKeyId }),
      (again) => again.kmsKeyId,
    ),
    ami: later(
      settings.ami,
      (ami) => ({ ami }),
      (again) => again.ami,
    ),
    subnets: Object.fromEntries(
      Object.entries(subnets).map(([zone, subnet]) => [
        zone,
        later(
          subnet,
          (text) => ({ subnets: { ...subnets, [zone]: text } }),
          (again) => again.subnets[zone]!,
        ),
      ]),
    ),
    sshFrom: sources("sshFrom"),
    clientsFrom: sources("clientsFrom"),
    // Read as what it is known to be, it may be handed on in another form.
    sshPrivateKey: pulumi.secret(
      later(
        sshPrivateKey,
        (text) => ({ sshPrivateKey: text }),
        (again) => again.sshPrivateKey,
      ),
    ),
    sshPublicKey: isLater(sshPrivateKey)
      ? pulumi.unsecret(
          pulumi.output(
            later(
              sshPrivateKey,
              (text) => ({ sshPrivateKey: text }),
              (again) => again.sshPublicKey,
            ),
          ),
        )
      : settings.sshPublicKey,
    authority: authorityOf(settings, check),
  };
}

/** Certificate and key are judged together, so both are known when the later one is. */
function authorityOf(
  { authority }: Settings,
  check: <T>(
    given: pulumi.Output<unknown>,
    known: RawConfig,
    pick: (settings: Settings) => pulumi.Input<T>,
  ) => Promise<T>,
): Settings["authority"] {
  if (!authority) return undefined;
  const { certificate, privateKey } = authority;
  if (!isLater(certificate) && !isLater(privateKey))
    return { certificate, privateKey: pulumi.secret(privateKey) };
  const both = pulumi.all([certificate, privateKey]);
  const judged = both.apply(([caCertificate, caPrivateKey]) =>
    check(both, { caCertificate, caPrivateKey }, (again) => again.authority),
  );
  return {
    certificate: pulumi.unsecret(judged.apply((known) => (known?.certificate ?? "") as string)),
    privateKey: pulumi.secret(judged.apply((known) => (known?.privateKey ?? "") as string)),
  };
}
