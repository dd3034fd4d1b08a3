import type { Subnet } from "@aws-sdk/client-ec2";
import type { Lookup } from "../handler.ts";
import type { Values } from "../values.ts";
import { configured, doing, ec2 } from "./client.ts";
import { filtersFrom, only } from "./filters.ts";
import { arn, tagsFrom } from "./tags.ts";

const subnetFilters = {
  availabilityZone: "availabilityZone",
  availabilityZoneId: "availabilityZoneId",
  cidrBlock: "cidrBlock",
  defaultForAz: "defaultForAz",
  ipv6CidrBlock: "ipv6-cidr-block-association.ipv6-cidr-block",
  state: "state",
  vpcId: "vpc-id",
};
const vpcFilters = {
  cidrBlock: "cidr",
  default: "isDefault",
  dhcpOptionsId: "dhcp-options-id",
  state: "state",
};

/** `aws.ec2.getSubnet`: the one subnet that fits. */
export const getSubnet: Lookup = async (args) => {
  const api = await ec2();
  const answer = await doing("reading EC2 Subnet", () =>
    api.describeSubnets({
      ...filtersFrom(args, subnetFilters),
      ...(args.id ? { SubnetIds: [String(args.id)] } : {}),
    }),
  );
  return { ...args, ...subnetOf(only(answer.Subnets, "EC2 Subnet")) };
};

/** `aws.ec2.getSubnets`: the ids of all subnets that fit; none is no error. */
export const getSubnets: Lookup = async (args) => {
  const api = await ec2();
  const answer = await doing("reading EC2 Subnets", () =>
    api.describeSubnets(filtersFrom(args, {})),
  );
  const { region } = configured();
  return {
    tags: {},
    ...args,
    id: region,
    ids: (answer.Subnets ?? []).map((subnet) => subnet.SubnetId ?? ""),
    region,
  };
};

/** `aws.ec2.getVpc`: the one VPC that fits. */
export const getVpc: Lookup = async (args) => {
  const api = await ec2();
  const answer = await doing("reading EC2 VPC", () =>
    api.describeVpcs({
      ...filtersFrom(args, vpcFilters),
      ...(args.id ? { VpcIds: [String(args.id)] } : {}),
    }),
  );
  const vpc = only(answer.Vpcs, "EC2 VPC");
  const id = vpc.VpcId ?? "";
  const attribute = async (name: "enableDnsHostnames" | "enableDnsSupport") => {
    const found = await doing(`reading EC2 VPC (${id}) Attribute (${name})`, () =>
      api.describeVpcAttribute({ VpcId: id, Attribute: name }),
    );
    return (
      (name === "enableDnsSupport" ? found.EnableDnsSupport : found.EnableDnsHostnames)?.Value ??
      false
    );
  };
  const main = [
    { Name: "association.main", Values: ["true"] },
    { Name: "vpc-id", Values: [id] },
  ];
  const tables = await doing(`reading EC2 VPC (${id}) main Route Table`, () =>
    api.describeRouteTables({ Filters: main }),
  );
  return {
    ...args,
    arn: arn("vpc", id, vpc.OwnerId),
    cidrBlock: vpc.CidrBlock,
    cidrBlockAssociations: (vpc.CidrBlockAssociationSet ?? []).map((one) => ({
      associationId: one.AssociationId,
      cidrBlock: one.CidrBlock,
      state: one.CidrBlockState?.State,
    })),
    default: vpc.IsDefault ?? false,
    dhcpOptionsId: vpc.DhcpOptionsId,
    enableDnsHostnames: await attribute("enableDnsHostnames"),
    enableDnsSupport: await attribute("enableDnsSupport"),
    id,
    instanceTenancy: vpc.InstanceTenancy,
    mainRouteTableId: tables.RouteTables?.[0]?.RouteTableId ?? "",
    ownerId: vpc.OwnerId,
    state: vpc.State,
    ...described(vpc.Tags),
  };
};

function subnetOf(subnet: Subnet): Values {
  return {
    arn: subnet.SubnetArn ?? arn("subnet", subnet.SubnetId ?? "", subnet.OwnerId),
    assignIpv6AddressOnCreation: subnet.AssignIpv6AddressOnCreation ?? false,
    availabilityZone: subnet.AvailabilityZone,
    availabilityZoneId: subnet.AvailabilityZoneId,
    availableIpAddressCount: subnet.AvailableIpAddressCount,
    cidrBlock: subnet.CidrBlock,
    customerOwnedIpv4Pool: subnet.CustomerOwnedIpv4Pool ?? "",
    defaultForAz: subnet.DefaultForAz ?? false,
    enableDns64: subnet.EnableDns64 ?? false,
    id: subnet.SubnetId,
    ipv6CidrBlock: subnet.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock ?? "",
    ipv6Native: subnet.Ipv6Native ?? false,
    mapPublicIpOnLaunch: subnet.MapPublicIpOnLaunch ?? false,
    outpostArn: subnet.OutpostArn ?? "",
    ownerId: subnet.OwnerId,
    state: subnet.State,
    vpcId: subnet.VpcId,
    ...described(subnet.Tags),
  };
}

/** A look-up tells tags once. */
function described(tags: Parameters<typeof tagsFrom>[0]): Values {
  const { tags: found, region } = tagsFrom(tags);
  return { tags: found, region };
}
