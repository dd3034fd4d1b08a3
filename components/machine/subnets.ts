/** The subnets of the machines. */
import * as pulumi from "@pulumi/pulumi";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import { regionOf } from "../settings/addressRules.ts";
import { describeProblems } from "../settings/problems.ts";
import type { Settings } from "../settings/settings.ts";

/**
 * Subnet of each zone that a member is in: the configured one, once AWS says that it lies there,
 * else the default VPC's.
 */
export function subnetsOf(
  { nodes, subnets }: Pick<Settings, "nodes" | "subnets">,
  opts: pulumi.InvokeOptions,
): Record<string, pulumi.Output<string>> {
  const zones = [...new Set(Object.values(nodes).map((node) => node.zone))];
  return Object.fromEntries(
    zones.map((zone) => {
      const configured = subnets[zone];
      const id = configured
        ? pulumi.output(configured).apply((given) => subnetIn(zone, given, opts))
        : pulumi.output(getSubnet({ availabilityZone: zone, defaultForAz: true }, opts)).id;
      return [zone, id];
    }),
  );
}

/** @throws pulumi.RunError in the words of a setting that is refused */
async function subnetIn(zone: string, id: string, opts: pulumi.InvokeOptions): Promise<string> {
  const its = await getSubnet({ id }, opts).then(
    ({ availabilityZone }) => availabilityZone,
    (error: Error) => error,
  );
  const rule = subnetProblem(zone, its);
  if (rule)
    throw new pulumi.RunError(describeProblems([{ field: `subnets.${zone}`, rule, value: id }]));
  return id;
}

/** What is wrong with a subnet of which AWS says that it lies in `its` zone, or "". Pure. */
export function subnetProblem(zone: string, its: string | Error): string {
  if (its === zone) return "";
  if (typeof its === "string")
    return `a subnet in this zone is needed, and this one lies in ${its}`;
  const region = regionOf(zone);
  return /no matching|NotFound|does not exist/.test(its.message)
    ? `this account has no such subnet in ${region}; is it of another region, or another account's?`
    : `the subnet could not be looked up in ${region}: ${its.message}`;
}
