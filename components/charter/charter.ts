/**
 * Charter: what the cluster was founded with, written down at the first `up`, before anything else
 * is made.
 *
 *   check   refuses a change that a founded cluster cannot take, with the reason
 *   diff    a change that is allowed
 *   create  writes down
 *   update  writes down
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import type { NodeSettings, Settings } from "../settings/settings.ts";
import { refusals, type CharterInputs } from "./refusals.ts";

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
  meaning: (i) => [
    i.nodes,
    i.domain,
    i.zoneId,
    i.tls,
    i.authority,
    i.etcdVersion,
    i.places,
    i.instanceTypes,
    i.sshPublicKey,
    i.kmsKeyId,
  ],
  check: refusals,
  make: async (inputs) => inputs,
  id: () => "founders",
});

/** The record that refuses. Its type keeps the name it has in the states of living clusters. */
export class Charter extends pulumi.dynamic.Resource {
  constructor(name: string, args: CharterArgs, opts?: pulumi.CustomResourceOptions) {
    super(...charters(name, { ...args }, opts));
  }
}
