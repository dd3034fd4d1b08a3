/**
 * Asks EC2, as the AWS provider reaches it, for what holds a member or held one. Called in hooks of
 * the program, and only when a record that decides a first start is about to be made or corrected.
 */
import type * as pulumi from "@pulumi/pulumi";
import { memberTagKey } from "../recovery/marks.ts";
import { seenByProvider } from "../recovery/providerLookUps.ts";

/** Ids in EC2. */
export interface Holding {
  readonly instances: readonly string[];
  readonly volumes: readonly string[];
}

/**
 * Machines and data volumes with this stack id that were given to a member: of whatever founding,
 * or of the one with this word.
 */
export async function membersOfStackId(
  stackId: string,
  parent: pulumi.Resource,
  word?: string,
): Promise<Holding> {
  const filters = [
    { Name: "tag:Incarnation", Values: [stackId] },
    word === undefined
      ? { Name: "tag-key", Values: [memberTagKey] }
      : { Name: `tag:${memberTagKey}`, Values: [word] },
  ];
  const [instances, volumes] = await Promise.all(
    ["aws:ec2/instance:Instance", "aws:ebs/volume:Volume"].map((type) =>
      seenByProvider(type, filters, { parent }),
    ),
  );
  return { instances: instances?.ids ?? [], volumes: volumes?.ids ?? [] };
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
    { Name: "tag:Project", Values: [project] },
    { Name: "tag:Stack", Values: [stack] },
    { Name: "tag:Name", Values: [`*.${domain}`] },
  ];
  const { ids } = await seenByProvider("aws:ec2/instance:Instance", filters, { parent });
  return { instances: ids, volumes: [] };
}

/** In words, or "" for nothing. Pure. */
export function holdingInWords({ instances, volumes }: Holding): string {
  const words = (kind: string, ids: readonly string[]) =>
    ids.length ? [`${kind}${ids.length > 1 ? "s" : ""} ${[...ids].sort().join(", ")}`] : [];
  return [...words("machine", instances), ...words("data volume", volumes)].join(" and ");
}
