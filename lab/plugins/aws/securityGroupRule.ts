import type { SecurityGroupRule } from "@aws-sdk/client-ec2";
import type {
  SecurityGroupIngressRule,
  SecurityGroupIngressRuleArgs,
} from "@pulumi/aws/vpc/securityGroupIngressRule.js";
import { resource } from "../handler.ts";
import type { InputsOf, OutputsOf, Resource } from "../handler.ts";
import type { Failure } from "../validation.ts";
import { doing, ec2, unless } from "./client.ts";
import { arn, tagProperties, tagsFrom, updateTags, withDefaultTags } from "./tags.ts";

type Inputs = InputsOf<SecurityGroupIngressRuleArgs>; // an egress rule has the same properties
type State = OutputsOf<SecurityGroupIngressRule>;
type Direction = "Ingress" | "Egress";

const sources = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"] as const;
const gone = ["InvalidSecurityGroupRuleId.NotFound", "InvalidGroup.NotFound"];

/** `aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule`: one rule that lets traffic in. */
export const securityGroupIngressRule = rule("Ingress");
/** `aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule`: one rule that lets traffic out. */
export const securityGroupEgressRule = rule("Egress");

/** Long, because it is all five verbs of one resource, for both directions. */
function rule(direction: Direction): Resource {
  const what = `VPC Security Group ${direction} Rule`;
  return resource<Inputs, State>({
    properties: {
      arn: { output: true },
      cidrIpv4: {},
      cidrIpv6: {},
      description: {},
      fromPort: {},
      ipProtocol: { required: true },
      prefixListId: {},
      referencedSecurityGroupId: {},
      securityGroupId: { required: true, replaces: true },
      securityGroupRuleId: { output: true },
      toPort: {},
      ...tagProperties,
    },
    complete: withDefaultTags,
    check: (inputs, name) => oneSource(inputs, name),
    // EC2 cannot turn a rule for addresses into one for a group.
    replacesToo: (state, inputs) =>
      sources.filter((source) => Boolean(state[source]) !== Boolean(inputs[source])),

    async create(inputs) {
      const api = await ec2();
      const permission = {
        IpProtocol: inputs.ipProtocol,
        ...(inputs.fromPort === undefined ? {} : { FromPort: inputs.fromPort }),
        ...(inputs.toPort === undefined ? {} : { ToPort: inputs.toPort }),
        ...target(inputs),
      };
      const request = { GroupId: inputs.securityGroupId, IpPermissions: [permission] };
      const made = await doing(`creating ${what}`, () =>
        direction === "Ingress"
          ? api.authorizeSecurityGroupIngress(request)
          : api.authorizeSecurityGroupEgress(request),
      );
      const id = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? "";
      await updateTags(id, undefined, inputs.tags);
      const found = await find(id);
      if (!found) throw new Error(`reading ${what} (${id}): couldn't find resource`);
      return { id, state: stateOf(found) };
    },

    async read(id) {
      const found = await find(id);
      return found && stateOf(found);
    },

    async update(id, state, inputs, changed) {
      const api = await ec2();
      if ([...changed].some((name) => !["tags", "tagsAll"].includes(name))) {
        await doing(`updating ${what} (${id})`, () =>
          api.modifySecurityGroupRules({
            GroupId: inputs.securityGroupId,
            SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule: wanted(inputs) }],
          }),
        );
      }
      await updateTags(id, state.tags, inputs.tags);
      const found = await find(id);
      return found ? stateOf(found) : state;
    },

    async remove(id, state) {
      const api = await ec2();
      const request = { GroupId: state.securityGroupId ?? "", SecurityGroupRuleIds: [id] };
      await doing(`deleting ${what} (${id})`, () =>
        unless(
          gone,
          () =>
            (direction === "Ingress"
              ? api.revokeSecurityGroupIngress(request)
              : api.revokeSecurityGroupEgress(request)) as Promise<unknown>,
        ),
      );
    },
  });
}

function oneSource(inputs: Inputs, name: string): Failure[] {
  const given = sources.filter((source) => inputs[source] !== undefined);
  if (given.length <= 1) return []; // none may be one that is not known yet
  return [
    {
      reason:
        "Invalid Attribute Combination. 1 (and only 1) of the attributes specified, " +
        `${sources.join(", ")}, is required (got ${given.join(", ")}). Examine values at ` +
        `'${name}'.`,
    },
  ];
}

function target(inputs: Inputs): object {
  const description = inputs.description ? { Description: inputs.description } : {};
  if (inputs.cidrIpv4) return { IpRanges: [{ CidrIp: inputs.cidrIpv4, ...description }] };
  if (inputs.cidrIpv6) return { Ipv6Ranges: [{ CidrIpv6: inputs.cidrIpv6, ...description }] };
  if (inputs.prefixListId)
    return { PrefixListIds: [{ PrefixListId: inputs.prefixListId, ...description }] };
  return {
    UserIdGroupPairs: [{ ...referenced(inputs.referencedSecurityGroupId), ...description }],
  };
}

/** A group of another account is written account/group. */
function referenced(group: string | undefined): { GroupId?: string; UserId?: string } {
  const [account, id] = (group ?? "").includes("/") ? (group ?? "").split("/") : [undefined, group];
  return { ...(id ? { GroupId: id } : {}), ...(account ? { UserId: account } : {}) };
}

function wanted(inputs: Inputs): object {
  return {
    IpProtocol: inputs.ipProtocol,
    FromPort: inputs.fromPort,
    ToPort: inputs.toPort,
    CidrIpv4: inputs.cidrIpv4,
    CidrIpv6: inputs.cidrIpv6,
    PrefixListId: inputs.prefixListId,
    ReferencedGroupId: inputs.referencedSecurityGroupId,
    Description: inputs.description,
  };
}

async function find(id: string): Promise<SecurityGroupRule | undefined> {
  const api = await ec2();
  const answer = await doing(`reading VPC Security Group Rule (${id})`, () =>
    unless(gone, () => api.describeSecurityGroupRules({ SecurityGroupRuleIds: [id] })),
  );
  return answer?.SecurityGroupRules?.[0];
}

function stateOf(found: SecurityGroupRule): State {
  const group = found.ReferencedGroupInfo;
  const foreign =
    group?.UserId !== undefined &&
    found.GroupOwnerId !== undefined &&
    group.UserId !== found.GroupOwnerId;
  // A rule for everything has no ports: EC2 says -1 where the program says nothing.
  const ports = found.IpProtocol === "-1" ? {} : { fromPort: found.FromPort, toPort: found.ToPort };
  return {
    arn: arn("security-group-rule", found.SecurityGroupRuleId ?? "", found.GroupOwnerId),
    ipProtocol: found.IpProtocol ?? "",
    securityGroupId: found.GroupId ?? "",
    securityGroupRuleId: found.SecurityGroupRuleId ?? "",
    ...(found.CidrIpv4 ? { cidrIpv4: found.CidrIpv4 } : {}),
    ...(found.CidrIpv6 ? { cidrIpv6: found.CidrIpv6 } : {}),
    ...(found.Description ? { description: found.Description } : {}),
    ...(found.PrefixListId ? { prefixListId: found.PrefixListId } : {}),
    ...(group?.GroupId
      ? { referencedSecurityGroupId: foreign ? `${group.UserId}/${group.GroupId}` : group.GroupId }
      : {}),
    ...ports,
    ...tagsFrom(found.Tags),
  };
}
