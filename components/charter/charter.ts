/**
 * Charter: what the cluster is founded with, written down at the first `up`, before anything in the
 * cloud is made. What decides a first start is given out only while the settings agree with it.
 *
 *   check   refuses two machines that change their type
 *   diff    a change of what a founded cluster keeps
 *   create  writes down; see foundedOnce.ts for who may
 *   update  writes down a correction; foundedOnce.ts refuses it once a member may have started
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import type { NodeSettings, Settings } from "../settings/settings.ts";
import { foundedRefusals, typeRefusals, type CharterInputs } from "./refusals.ts";

/** What the settings say that a founded cluster keeps. */
export function charterOf(settings: Settings): CharterArgs {
  const { nodes, subnets } = settings;
  const ofEach = <T>(pick: (node: NodeSettings) => T): Record<string, T> =>
    Object.fromEntries(Object.entries(nodes).map(([name, node]) => [name, pick(node)]));
  const placeOf = ({ zone }: NodeSettings) =>
    pulumi.interpolate`${zone} ${subnets[zone] ?? "in the default subnet"}`;
  return {
    nodes: Object.keys(nodes),
    domain: settings.domain,
    zoneId: settings.zoneId,
    tls: settings.tls,
    authority: settings.authority?.certificate ?? "",
    etcdVersion: settings.etcdVersion,
    sshPublicKey: settings.sshPublicKey,
    kmsKeyId: settings.kmsKeyId,
    places: pulumi.all(ofEach(placeOf)),
    instanceTypes: ofEach((node) => node.instanceType),
  };
}

/** See CharterInputs for each. */
export type CharterArgs = {
  readonly [Key in keyof CharterInputs]-?: pulumi.Input<CharterInputs[Key]>;
};

const charters = resource<CharterInputs, CharterInputs>({
  type: "Founders",
  check: typeRefusals,
  // Not what may change, such as types: an update would make all outputs unknown in a preview.
  due: (olds, news) => foundedRefusals(olds, news).length > 0,
  make: async (inputs) => inputs,
  id: () => "founders",
});

/** The record. Its type keeps the name it has in the states of living clusters. */
export class Charter extends pulumi.dynamic.Resource {
  readonly #declared: CharterArgs;
  readonly #written: Record<string, pulumi.Output<unknown>>;

  constructor(name: string, args: CharterArgs, opts?: pulumi.CustomResourceOptions) {
    super(...charters(name, { ...args }, opts));
    this.#declared = args;
    const outputs = this as unknown as Record<string, pulumi.Output<unknown>>;
    this.#written = Object.fromEntries(Object.keys(args).map((key) => [key, outputs[key]!]));
  }

  /**
   * The value, while the settings are what is written down. `--target` and `--exclude` can leave
   * the charter itself out of a run: then nobody asks its check, and its outputs are the old ones.
   * Rejects with every reason.
   */
  whileAgreed<T>(value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> {
    const both = pulumi.all([pulumi.output(this.#written), pulumi.output(this.#declared)]);
    const agreed = both.apply(([written, declared]) => {
      const reasons = foundedRefusals(written as CharterInputs, declared as CharterInputs);
      if (reasons.length === 0) return;
      throw new pulumi.RunError(
        `${reasons.map(({ reason }) => reason).join("\n")}\n  The charter of this cluster is ` +
          "left out of this run (--target, --exclude), so it cannot judge the change either.",
      );
    });
    return pulumi.all([agreed, value]).apply(([, given]) => given);
  }
}
