/**
 * The things in EC2 that bear a cluster's tags, kind by kind: how they are found, what uses them,
 * and which of them can be removed without a word because they hold nothing. Nothing in this file
 * ends an instance or removes a volume: it is written into states with the resources that use it.
 */
import type { EC2, Filter } from "@aws-sdk/client-ec2";

/** One thing of the account. */
export interface Thing {
  readonly id: string;
  /** Its tag Name: the host name of its node, or "". */
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Ids of what it is attached to, or its status when that is neither free nor attached. */
  readonly users: readonly string[];
  /** In EC2's words, such as "running"; undefined for a kind that has none. */
  readonly status?: string | undefined;
  /** The private address of an interface. */
  readonly address?: string | undefined;
  /** The disks of an instance beside its root: ids of volumes. */
  readonly disks?: readonly string[];
  /** The snapshot that a volume was made from. */
  readonly snapshot?: string | undefined;
}

/** One kind of thing that bears tags. */
export interface Kind {
  /** Pulumi's type. */
  readonly type: string;
  readonly word: string;
  /** What removes one by hand, before its id. */
  readonly command: string;
  /** Whether one of them can hold a member's data, or be a member. */
  readonly holdsData: boolean;
  find(ec2: EC2, filters: Filter[]): Promise<Thing[]>;
}

interface Tag {
  readonly Key?: string | undefined;
  readonly Value?: string | undefined;
}

const pageSize = 200;
/** A thing's tags, and its name among them. */
const tagged = (list: readonly Tag[] = []) => {
  const tags = Object.fromEntries(list.map(({ Key = "", Value = "" }) => [Key, Value]));
  return { tags, name: tags.Name ?? "" };
};
const known = (ids: readonly (string | undefined)[]) => ids.flatMap((id) => (id ? [id] : []));
/** Nothing when a thing is free; else what it is attached to, or at least its status. */
const usersOf = (status: string | undefined, ids: readonly (string | undefined)[]) =>
  status === "available" ? [] : known(ids).length ? known(ids) : [`(status ${status})`];

const listed = async <Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> => {
  const all: Item[] = [];
  for await (const page of pages) all.push(...(items(page) ?? []));
  return all;
};

const interfaces = async (ec2: EC2, Filters: Filter[]) => {
  const { paginateDescribeNetworkInterfaces: pages } = await import("@aws-sdk/client-ec2");
  return listed(pages({ client: ec2, pageSize }, { Filters }), (page) => page.NetworkInterfaces);
};

/** In the order in which EC2 lets them go. */
export const kinds: readonly Kind[] = [
  {
    type: "aws:ec2/instance:Instance",
    word: "instance",
    command: "terminate-instances --instance-ids",
    holdsData: true,
    async find(ec2, filters) {
      const { paginateDescribeInstances: pages } = await import("@aws-sdk/client-ec2");
      const alive = {
        Name: "instance-state-name",
        Values: ["pending", "running", "shutting-down", "stopping", "stopped"],
      };
      const found = await listed(
        pages({ client: ec2, pageSize }, { Filters: [...filters, alive] }),
        (page) => page.Reservations?.flatMap(({ Instances = [] }) => Instances),
      );
      return found.map((i) => ({
        id: i.InstanceId ?? "",
        ...tagged(i.Tags),
        users: [],
        status: i.State?.Name,
        disks: known(
          (i.BlockDeviceMappings ?? [])
            .filter(({ DeviceName }) => DeviceName !== i.RootDeviceName)
            .map(({ Ebs, DeviceName }) => Ebs?.VolumeId ?? DeviceName),
        ),
      }));
    },
  },
  {
    type: "aws:ebs/volume:Volume",
    word: "volume",
    command: "delete-volume --volume-id",
    holdsData: true,
    async find(ec2, Filters) {
      const { paginateDescribeVolumes: pages } = await import("@aws-sdk/client-ec2");
      const found = await listed(pages({ client: ec2, pageSize }, { Filters }), (p) => p.Volumes);
      return found
        .filter(({ State }) => State !== "deleting" && State !== "deleted")
        .map((v) => ({
          id: v.VolumeId ?? "",
          ...tagged(v.Tags),
          users: usersOf(v.State, v.Attachments?.map(({ InstanceId }) => InstanceId) ?? []),
          status: v.State,
          snapshot: v.SnapshotId || undefined,
        }));
    },
  },
  {
    type: "aws:ec2/networkInterface:NetworkInterface",
    word: "network interface",
    command: "delete-network-interface --network-interface-id",
    holdsData: false,
    find: async (ec2, filters) =>
      (await interfaces(ec2, filters)).map((i) => ({
        id: i.NetworkInterfaceId ?? "",
        ...tagged(i.TagSet),
        users: usersOf(i.Status, [i.Attachment?.InstanceId]),
        status: i.Status,
        address: i.PrivateIpAddress,
      })),
  },
  {
    type: "aws:ec2/eip:Eip",
    word: "Elastic IP",
    command: "release-address --allocation-id",
    holdsData: false,
    find: async (ec2, Filters) =>
      ((await ec2.describeAddresses({ Filters })).Addresses ?? []).map((a) => ({
        id: a.AllocationId ?? "",
        ...tagged(a.Tags),
        users: a.AssociationId ? known([a.NetworkInterfaceId ?? a.AssociationId]) : [],
      })),
  },
  {
    type: "aws:ec2/securityGroup:SecurityGroup",
    word: "security group",
    command: "delete-security-group --group-id",
    holdsData: false,
    async find(ec2, Filters) {
      const { paginateDescribeSecurityGroups: pages } = await import("@aws-sdk/client-ec2");
      const found = await listed(
        pages({ client: ec2, pageSize }, { Filters }),
        (page) => page.SecurityGroups,
      );
      return Promise.all(
        found.map(async ({ GroupId: id = "", Tags }) => ({
          id,
          ...tagged(Tags),
          users: (await interfaces(ec2, [{ Name: "group-id", Values: [id] }])).flatMap(
            ({ NetworkInterfaceId }) => known([NetworkInterfaceId]),
          ),
        })),
      );
    },
  },
  {
    type: "aws:ec2/keyPair:KeyPair",
    word: "key pair",
    command: "delete-key-pair --key-pair-id",
    holdsData: false,
    find: async (ec2, Filters) =>
      ((await ec2.describeKeyPairs({ Filters })).KeyPairs ?? []).map((k) => ({
        id: k.KeyPairId ?? "",
        ...tagged(k.Tags),
        users: [],
      })),
  },
];

/** What removes one that holds nothing, by Pulumi's type. EC2 refuses each while it is in use. */
export const removals: Readonly<Record<string, (ec2: EC2, id: string) => Promise<unknown>>> = {
  "aws:ec2/networkInterface:NetworkInterface": (ec2, NetworkInterfaceId) =>
    ec2.deleteNetworkInterface({ NetworkInterfaceId }),
  "aws:ec2/eip:Eip": (ec2, AllocationId) => ec2.releaseAddress({ AllocationId }),
  "aws:ec2/securityGroup:SecurityGroup": (ec2, GroupId) => ec2.deleteSecurityGroup({ GroupId }),
  "aws:ec2/keyPair:KeyPair": (ec2, KeyPairId) => ec2.deleteKeyPair({ KeyPairId }),
};

/** Filters that fit only things with exactly these tags. Pure. */
export function tagFilters({ tags }: Readonly<Record<string, unknown>>): Filter[] {
  const pairs = Object.entries(typeof tags === "object" && tags !== null ? tags : {}).filter(
    ([key]) => !key.startsWith("__"),
  );
  return pairs.map(([key, value]) => ({ Name: `tag:${key}`, Values: [String(value)] }));
}

/** Whether these filters ask for a stack's mark: without it nothing can be told to be ours. */
export const askForMark = (filters: readonly Filter[]): boolean =>
  filters.some(({ Name }) => Name === "tag:Incarnation");
