import { randomUUID } from "node:crypto";
import type { IpPermission, SecurityGroup as Group } from "@aws-sdk/client-ec2";
import type { SecurityGroup, SecurityGroupArgs } from "@pulumi/aws/ec2/securityGroup.js";
import { resource } from "../handler.ts";
import type { Call, InputsOf, OutputsOf } from "../handler.ts";
import { pause } from "../polling.ts";
import { doing, Ec2Error, ec2, unless } from "./client.ts";
import {
  arn,
  tagProperties,
  tagSpecification,
  tagsFrom,
  updateTags,
  withDefaultTags,
} from "./tags.ts";

type State = OutputsOf<SecurityGroup>;
const deleteTimeoutMs = 15 * 60_000;
const retryMs = 250;

/** `aws:ec2/securityGroup:SecurityGroup` without rules of its own: those are resources apart. */
export const securityGroup = resource<InputsOf<SecurityGroupArgs>, State>({
  properties: {
    arn: { output: true },
    description: { default: "Managed by Pulumi", replaces: true },
    egress: { output: true },
    ingress: { output: true },
    name: { computed: true, replaces: true },
    namePrefix: { output: true },
    ownerId: { output: true },
    revokeRulesOnDelete: { local: true, default: false },
    vpcId: { computed: true, replaces: true },
    ...tagProperties,
  },
  autoname: "name",
  complete: withDefaultTags,

  async create(inputs) {
    const api = await ec2();
    const name = inputs.name ?? randomUUID();
    const made = await doing(`creating Security Group (${name})`, () =>
      api.createSecurityGroup({
        GroupName: name,
        Description: inputs.description ?? "Managed by Pulumi",
        ...(inputs.vpcId ? { VpcId: inputs.vpcId } : {}),
        TagSpecifications: tagSpecification("security-group", inputs.tags),
      }),
    );
    const id = made.GroupId ?? "";
    await revokeDefaultEgress(id);
    const found = await find(id);
    if (!found) throw new Error(`reading Security Group (${id}): couldn't find resource`);
    return { id, state: stateOf(found) };
  },

  async read(id) {
    const found = await find(id);
    return found && stateOf(found);
  },

  async update(id, state, inputs) {
    await updateTags(id, state.tags, inputs.tags);
    const found = await find(id);
    return found ? stateOf(found) : state;
  },

  async remove(id, state, call) {
    const api = await ec2();
    if (state.revokeRulesOnDelete) await revokeAll(id);
    await whileInUse(id, call, () =>
      doing(`deleting Security Group (${id})`, () =>
        unless(["InvalidGroup.NotFound", "InvalidGroupId.Malformed"], () =>
          api.deleteSecurityGroup({ GroupId: id }),
        ),
      ),
    );
  },
});

/**
 * EC2 gives every new group a rule that lets everything out. Nobody asked for it, so it goes, as
 * with the official provider.
 */
async function revokeDefaultEgress(id: string): Promise<void> {
  const api = await ec2();
  const everywhere: IpPermission[][] = [
    [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
    [{ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }],
  ];
  for (const IpPermissions of everywhere) {
    await doing(`revoking default egress rule for Security Group (${id})`, () =>
      unless(["InvalidPermission.NotFound"], () =>
        api.revokeSecurityGroupEgress({ GroupId: id, IpPermissions }),
      ),
    );
  }
}

async function revokeAll(id: string): Promise<void> {
  const api = await ec2();
  const found = await find(id);
  if (found?.IpPermissions?.length)
    await doing(`revoking Security Group (${id}) rules`, () =>
      api.revokeSecurityGroupIngress({ GroupId: id, IpPermissions: found.IpPermissions ?? [] }),
    );
  if (found?.IpPermissionsEgress?.length)
    await doing(`revoking Security Group (${id}) rules`, () =>
      api.revokeSecurityGroupEgress({
        GroupId: id,
        IpPermissions: found.IpPermissionsEgress ?? [],
      }),
    );
}

/** An interface lets go of its group a little after it is deleted. */
async function whileInUse(id: string, call: Call, remove: () => Promise<unknown>): Promise<void> {
  const deadline = performance.now() + (call.timeoutMs ?? deleteTimeoutMs);
  for (;;) {
    try {
      await remove();
      return;
    } catch (error) {
      const inUse =
        error instanceof Ec2Error &&
        ["DependencyViolation", "InvalidGroup.InUse"].includes(error.code);
      if (!inUse || performance.now() >= deadline) throw error;
      call.say("status", `Security Group (${id}) is still in use`);
      await pause(retryMs, call.signal, `Security Group (${id}) to be unused`);
    }
  }
}

async function find(id: string): Promise<Group | undefined> {
  const api = await ec2();
  const answer = await doing(`reading Security Group (${id})`, () =>
    unless(
      ["InvalidGroup.NotFound", "InvalidGroupId.Malformed", "InvalidSecurityGroupID.NotFound"],
      () => api.describeSecurityGroups({ GroupIds: [id] }),
    ),
  );
  return answer?.SecurityGroups?.[0];
}

function stateOf(found: Group): State {
  return {
    arn: arn("security-group", found.GroupId ?? "", found.OwnerId),
    description: found.Description ?? "",
    egress: (found.IpPermissionsEgress ?? []).map(ruleOf),
    ingress: (found.IpPermissions ?? []).map(ruleOf),
    name: found.GroupName ?? "",
    namePrefix: "",
    ownerId: found.OwnerId ?? "",
    vpcId: found.VpcId ?? "",
    ...tagsFrom(found.Tags),
  };
}

function ruleOf(permission: IpPermission): NonNullable<State["ingress"]>[number] {
  return {
    cidrBlocks: (permission.IpRanges ?? []).map((range) => range.CidrIp ?? ""),
    description:
      permission.IpRanges?.[0]?.Description ?? permission.UserIdGroupPairs?.[0]?.Description ?? "",
    fromPort: permission.FromPort ?? 0,
    ipv6CidrBlocks: (permission.Ipv6Ranges ?? []).map((range) => range.CidrIpv6 ?? ""),
    prefixListIds: (permission.PrefixListIds ?? []).map((list) => list.PrefixListId ?? ""),
    protocol: permission.IpProtocol ?? "",
    securityGroups: (permission.UserIdGroupPairs ?? []).map((pair) => pair.GroupId ?? ""),
    self: false,
    toPort: permission.ToPort ?? 0,
  };
}
