/**
 * Charter: what a cluster keeps, written down at the first `up`, before anything in the cloud is
 * made. What decides a first start is given out only while the settings agree with it. Members come
 * and go: it names those of the last `up`, and where each is, so that one that came later keeps its
 * place, too, and a name that comes back is free to lie elsewhere.
 *
 *   check   refuses two machines that change their type
 *   diff    a change of what a founded cluster keeps, or other members
 *   create  writes down; see foundedOnce.ts for who may
 *   update  writes down other members, or a correction; foundedOnce.ts refuses that one once a
 *           member may have started
 *   delete  nothing
 *
 * None of its outputs feeds anything: in a preview of an update all of them are unknown.
 */
import * as pulumi from "@pulumi/pulumi";
import { ifKnown } from "../engine/known.ts";
import { resource } from "../engine/resource.ts";
import type { NodeSettings, Settings } from "../settings/settings.ts";
import {
  foundedRefusals,
  hasOtherMembers,
  leftOutRefusals,
  typeRefusals,
  type CharterInputs,
} from "./refusals.ts";

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
  due: (olds, news) => hasOtherMembers(olds, news) || foundedRefusals(olds, news).length > 0,
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
   * the charter itself out of a run: then nobody asks its hook, and its outputs are the old ones.
   * Rejects with every reason. In a preview it is as known as it is by itself.
   */
  whileAgreed<T>(value: pulumi.Input<T>): pulumi.Output<pulumi.Unwrap<T>> {
    // The URN is always known, and says that whatever holds the value depends on the charter.
    const agreed = pulumi.all([this.urn, agreement(this.#written, this.#declared)]);
    return pulumi.all([agreed, value]).apply(([, given]) => given);
  }
}

/**
 * Resolves where the settings are what was written down, or that is unknown: a charter that is made
 * or updated has hooks that judge. Else rejects with every reason: what is kept changes, or there
 * are other members, whom a part of the program would leave half-way.
 */
export async function agreement(
  written: Readonly<Record<string, pulumi.Input<unknown>>>,
  declared: CharterArgs,
): Promise<void> {
  const before = await ifKnown(written);
  const after = before && (await ifKnown(declared));
  const reasons = after ? leftOutRefusals(before as CharterInputs, after as CharterInputs) : [];
  if (reasons.length === 0) return;
  throw new pulumi.RunError(
    `${reasons.map(({ reason }) => reason).join("\n")}\n  The charter of this cluster is ` +
      "left out of this run (--target, --exclude), so it cannot judge the change either.",
  );
}
