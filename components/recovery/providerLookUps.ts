/**
 * EC2 asked through Pulumi's own look-ups: with the provider, account, role, region and endpoints
 * of the resources that are made. They exist in the program only, so in hooks too, and never in a
 * dynamic provider; nothing here travels in a state.
 */
import type { Filter } from "@aws-sdk/client-ec2";
import type * as pulumi from "@pulumi/pulumi";
import { getEbsVolumes } from "@pulumi/aws/ebs/getEbsVolumes.js";
import { getEips } from "@pulumi/aws/ec2/getEips.js";
import { getInstances } from "@pulumi/aws/ec2/getInstances.js";
import { getKeyPair } from "@pulumi/aws/ec2/getKeyPair.js";
import { getNetworkInterfaces } from "@pulumi/aws/ec2/getNetworkInterfaces.js";
import { getSecurityGroups } from "@pulumi/aws/ec2/getSecurityGroups.js";
import { getSecurityGroupRules } from "@pulumi/aws/vpc/getSecurityGroupRules.js";

/** Ids of things, and the region they are in. */
export interface Seen {
  readonly ids: readonly string[];
  readonly region: string;
}

type Named = { name: string; values: string[] }[];
type LookUp = (filters: Named, options: pulumi.InvokeOptions) => Promise<Seen>;

/** By Pulumi's type. What is gone already, or going for good, is not among them. */
const lookUps: Readonly<Record<string, LookUp>> = {
  "aws:ec2/instance:Instance": (filters, options) => {
    // without them only running ones are found
    const states = ["pending", "running", "shutting-down", "stopping", "stopped"];
    return getInstances({ filters, instanceStateNames: states }, options);
  },
  "aws:ebs/volume:Volume": (filters, options) => {
    const status = { name: "status", values: ["creating", "available", "in-use", "error"] };
    return getEbsVolumes({ filters: [...filters, status] }, options);
  },
  "aws:ec2/networkInterface:NetworkInterface": (filters, options) =>
    getNetworkInterfaces({ filters }, options),
  async "aws:ec2/eip:Eip"(filters, options) {
    const { allocationIds, region } = await getEips({ filters }, options);
    return { ids: allocationIds, region };
  },
  "aws:ec2/securityGroup:SecurityGroup": (filters, options) =>
    getSecurityGroups({ filters }, options),
  async "aws:ec2/keyPair:KeyPair"(filters, options) {
    try {
      const { keyPairId = "", region } = await getKeyPair({ filters }, options);
      return { ids: [keyPairId], region };
    } catch (e) {
      // It is for exactly one. Where there are several they stay: their names differ, they are in
      // nobody's way, and a destroy removes them.
      if (/no matching|multiple/i.test((e as Error).message)) return { ids: [], region: "" };
      throw e;
    }
  },
  // The official one answers without a list where there is none.
  async "rules of a group"(filters, options) {
    const { ids, region } = await getSecurityGroupRules({ filters }, options);
    return { ids: (ids as string[] | undefined) ?? [], region };
  },
};

/**
 * Things of a type that fit all filters. @throws Error when the provider cannot ask
 */
export async function seenByProvider(
  type: string,
  filters: readonly Filter[],
  options: pulumi.InvokeOptions,
): Promise<Seen> {
  const lookUp = lookUps[type];
  if (!lookUp) throw new Error(`there is no look-up for ${type}`);
  const named = filters.map(({ Name: name = "", Values: values = [] }) => ({ name, values }));
  try {
    return await lookUp(named, options);
  } catch (e) {
    throw new Error(
      `EC2 could not be asked for what an earlier run may have left (${type}): ` +
        (e as Error).message,
    );
  }
}
