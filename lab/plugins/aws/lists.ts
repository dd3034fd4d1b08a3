import type { EC2, Filter } from "@aws-sdk/client-ec2";
import type { Lookup } from "../handler.ts";
import { failure } from "../validation.ts";
import { isList } from "../values.ts";
import type { Values } from "../values.ts";
import { configured, doing, ec2 } from "./client.ts";
import { filtersFrom, onlyServed } from "./filters.ts";
import { arn } from "./tags.ts";

/** One page of things, and where the next one begins. */
interface Page<T> {
  readonly found: readonly T[] | undefined;
  readonly NextToken?: string | undefined;
}
type Request = { Filters?: Filter[]; NextToken?: string };

const instanceStates = ["pending", "running", "shutting-down", "terminated", "stopping", "stopped"];

/** `aws.ec2.getInstances`: only running ones, unless the program names the states. */
export const getInstances: Lookup = async (args) => {
  onlyServed("getInstances", args, ["filters", "instanceStateNames", "instanceTags"]);
  const named = isList(args.instanceStateNames) ? args.instanceStateNames.map(String) : [];
  for (const state of named)
    if (!instanceStates.includes(state))
      throw new Error(
        failure(
          "expected instance_state_names to be one of " +
            `[${instanceStates.map((one) => JSON.stringify(one)).join(" ")}], got ${state}`,
          "getInstances",
          "instanceStateNames",
        ).reason,
      );
  const states = named.length > 0 ? named : ["running"];
  const { Filters: own = [] } = filtersFrom({ ...args, tags: args.instanceTags }, {});
  const found = await all(
    "EC2 Instances",
    [{ Name: "instance-state-name", Values: states }, ...own],
    async (api, request) => {
      const { Reservations, NextToken } = await api.describeInstances(request);
      return { found: Reservations?.flatMap(({ Instances }) => Instances ?? []), NextToken };
    },
  );
  return {
    instanceTags: {},
    ...answer(args, found, "InstanceId"),
    ipv6Addresses: texts(found, "Ipv6Address"),
    privateIps: texts(found, "PrivateIpAddress"),
    publicIps: texts(found, "PublicIpAddress"),
  };
};

/** `aws.ebs.getEbsVolumes`: in whatever state. */
export const getEbsVolumes: Lookup = async (args) => {
  onlyServed("getEbsVolumes", args, ["filters", "tags"]);
  const found = await all("EBS Volumes", filtersFrom(args, {}).Filters, async (api, request) => {
    const { Volumes, NextToken } = await api.describeVolumes(request);
    return { found: Volumes, NextToken };
  });
  return answer(args, found, "VolumeId");
};

/** `aws.ec2.getNetworkInterfaces` */
export const getNetworkInterfaces: Lookup = async (args) => {
  onlyServed("getNetworkInterfaces", args, ["filters", "tags"]);
  const found = await all(
    "EC2 Network Interfaces",
    filtersFrom(args, {}).Filters,
    async (api, request) => {
      const { NetworkInterfaces, NextToken } = await api.describeNetworkInterfaces(request);
      return { found: NetworkInterfaces, NextToken };
    },
  );
  return { tags: {}, ...answer(args, found, "NetworkInterfaceId") };
};

/** `aws.ec2.getEips` */
export const getEips: Lookup = async (args) => {
  onlyServed("getEips", args, ["filters", "tags"]);
  const found = await all("EC2 EIPs", filtersFrom(args, {}).Filters, async (api, { Filters }) => ({
    found: (await api.describeAddresses(Filters ? { Filters } : {})).Addresses,
  }));
  const { ids: allocationIds, ...rest } = answer(args, found, "AllocationId");
  return { ...rest, allocationIds, publicIps: texts(found, "PublicIp") };
};

/** `aws.ec2.getSecurityGroups` */
export const getSecurityGroups: Lookup = async (args) => {
  onlyServed("getSecurityGroups", args, ["filters", "tags"]);
  const found = await all(
    "EC2 Security Groups",
    filtersFrom(args, {}).Filters,
    async (api, request) => {
      const { SecurityGroups, NextToken } = await api.describeSecurityGroups(request);
      return { found: SecurityGroups, NextToken };
    },
  );
  return {
    tags: {},
    ...answer(args, found, "GroupId"),
    arns: found.map(({ GroupId, OwnerId }) => arn("security-group", GroupId ?? "", OwnerId)),
    vpcIds: texts(found, "VpcId"),
  };
};

/**
 * `aws.vpc.getSecurityGroupRules`. Where none fits, the official one answers without `ids` at all:
 * its list of nothing is null.
 */
export const getSecurityGroupRules: Lookup = async (args) => {
  onlyServed("getSecurityGroupRules", args, ["filters", "tags"]);
  const found = await all(
    "Security Group Rules",
    filtersFrom(args, {}).Filters,
    async (api, request) => {
      const { SecurityGroupRules, NextToken } = await api.describeSecurityGroupRules(request);
      return { found: SecurityGroupRules, NextToken };
    },
  );
  const { ids, ...rest } = answer(args, found, "SecurityGroupRuleId");
  return found.length > 0 ? { ...rest, ids } : rest;
};

/** All pages. That nothing fits is no error in any of these functions. */
async function all<T>(
  what: string,
  filters: Filter[] | undefined,
  page: (api: EC2, request: Request) => Promise<Page<T>>,
): Promise<T[]> {
  const api = await ec2();
  const found: T[] = [];
  let request: Request = filters ? { Filters: filters } : {};
  for (;;) {
    const got = await doing(`reading ${what}`, () => page(api, request));
    found.push(...(got.found ?? []));
    if (!got.NextToken) return found;
    request = { ...request, NextToken: got.NextToken };
  }
}

/** What these functions have in common: what was asked, and the ids. */
function answer<K extends string>(
  args: Values,
  found: readonly { readonly [key in K]?: string | undefined }[],
  id: K,
): Values {
  const { region } = configured();
  return { ...args, id: region, ids: texts(found, id), region };
}

function texts<K extends string>(
  found: readonly { readonly [key in K]?: string | undefined }[],
  key: K,
): string[] {
  return found.flatMap((one) => {
    const value: string | undefined = one[key];
    return value ? [value] : [];
  });
}
