/**
 * Asks EC2, as the AWS provider reaches it, for what holds a member or held one. Called in hooks of
 * the program, and only when a record that decides a first start is about to be made or corrected.
 */
import type * as pulumi from "@pulumi/pulumi";
import { getEbsVolumes } from "@pulumi/aws/ebs/getEbsVolumes.js";
import { getInstances } from "@pulumi/aws/ec2/getInstances.js";
import { memberTagKey } from "../recovery/marks.ts";

/** Ids in EC2. */
export interface Holding {
  readonly instances: readonly string[];
  readonly volumes: readonly string[];
}

/** A machine in any of these states can be started again, or still writes. */
const states = ["pending", "running", "shutting-down", "stopping", "stopped"];

type Filters = { name: string; values: string[] }[];

/** Machines and data volumes with this stack id that were given to a member. */
export async function membersOfStackId(stackId: string, parent: pulumi.Resource): Promise<Holding> {
  const filters = [
    { name: "tag:Incarnation", values: [stackId] },
    { name: "tag-key", values: [memberTagKey] },
  ];
  const [instances, volumes] = await Promise.all([
    instanceIds(filters, parent),
    getEbsVolumes({ filters }, { parent }).then(({ ids }) => ids),
  ]);
  return { instances, volumes };
}

/**
 * Machines of this project and stack whose names lie in the domain, whatever their stack id. Disks
 * without a machine do not count: a destroy may have kept them.
 */
export async function machinesOfStack(
  { project, stack, domain }: { project: string; stack: string; domain: string },
  parent: pulumi.Resource,
): Promise<Holding> {
  const filters = [
    { name: "tag:Project", values: [project] },
    { name: "tag:Stack", values: [stack] },
    { name: "tag:Name", values: [`*.${domain}`] },
  ];
  return { instances: await instanceIds(filters, parent), volumes: [] };
}

async function instanceIds(filters: Filters, parent: pulumi.Resource): Promise<string[]> {
  const { ids } = await getInstances({ filters, instanceStateNames: states }, { parent });
  return ids;
}

/** In words, or "" for nothing. Pure. */
export function holdingInWords({ instances, volumes }: Holding): string {
  const words = (kind: string, ids: readonly string[]) =>
    ids.length ? [`${kind}${ids.length > 1 ? "s" : ""} ${[...ids].sort().join(", ")}`] : [];
  return [...words("machine", instances), ...words("data volume", volumes)].join(" and ");
}
