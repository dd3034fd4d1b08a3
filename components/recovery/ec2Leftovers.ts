/**
 * Things in EC2 that a cut-off run left behind, found by their tags right before the same is made
 * again: mark, name and role together name one thing of the cluster. Looked for through the
 * provider; what judgement.ts says is then done with an SDK client, for Pulumi knows no look-up
 * that removes. This runs as a hook of the program only: what deletions do, in states, removes no
 * machine.
 */
import type { EC2 } from "@aws-sdk/client-ec2";
import type * as pulumi from "@pulumi/pulumi";
import type { Setting } from "../engine/resource.ts";
import { ec2Client } from "./ec2Client.ts";
import { askForMark, kinds, type Kind, removals, tagFilters, type Thing } from "./ec2Things.ts";
import { judge, type Place, type Verdict } from "./judgement.ts";
import { letGo } from "./leftoversAtDestroy.ts";
import { seenByProvider } from "./providerLookUps.ts";
import { type InTheWay, refusalOf, type Wanted } from "./refusal.ts";
import { placesOf } from "./savedState.ts";

type Inputs = Readonly<Record<string, unknown>>;

/** How a thing is removed, by Pulumi's type. */
export const leftoverRemovals: typeof removals = {
  ...removals,
  async "aws:ec2/instance:Instance"(ec2, id) {
    await ec2.terminateInstances({ InstanceIds: [id] });
    await terminated(ec2, id);
  },
  "aws:ebs/volume:Volume": (ec2, VolumeId) => ec2.deleteVolume({ VolumeId }),
};

/**
 * Removes what a killed run left of the thing that is about to be made. Returns it in words.
 * @throws Error when something is in the way that may be a living member, hold its data or be in
 * use, with what to type; nothing is removed then
 */
export async function removeLeftoversOf(
  wanted: Wanted,
  inputs: Inputs,
  setting: Setting,
  options: pulumi.InvokeOptions,
): Promise<string[]> {
  const { type } = wanted;
  const kind = kinds.find((k) => k.type === type);
  if (!kind)
    return /securityGroup(In|E)gressRule:/.test(type)
      ? removeRules(inputs, type.includes("Egress"), setting, options)
      : [];
  const filters = tagFilters(inputs);
  if (!askForMark(filters)) return []; // without a mark nothing is ours
  const { ids, region } = await seenByProvider(type, filters, options);
  if (ids.length === 0) return [];
  const ec2 = await ec2Client(setting, region);
  try {
    const { things, trouble } = await lookedAt(ec2, kind, filters);
    const places = await placesOf(ids, wanted);
    const judged = ids.map((id) => {
      const place = places.get(id) ?? "unknown";
      const thing = things.find((one) => one.id === id);
      const verdict = thing ? judge(kind, thing, place) : unseen(kind, id, region, trouble, place);
      return { thing: thing ?? { id, name: "" }, place, verdict };
    });
    const inTheWay = judged.filter((one): one is InTheWay => one.verdict.act === "refuse");
    if (inTheWay.length) throw refusalOf(wanted, kind, inTheWay);
    for (const { thing, verdict } of judged)
      if (verdict.act === "wait") await terminated(ec2, thing.id);
    const leftovers = judged.filter(({ verdict }) => verdict.act === "remove");
    for (const { thing } of leftovers)
      await letGo(async () => leftoverRemovals[type]?.(ec2, thing.id));
    return leftovers.map(({ thing }) => `the ${kind.word} ${thing.id}`);
  } finally {
    ec2.destroy();
  }
}

/** The same things with our own client, which can be of another account than the provider. */
async function lookedAt(
  ec2: EC2,
  kind: Kind,
  filters: ReturnType<typeof tagFilters>,
): Promise<{ things: readonly Thing[]; trouble: string }> {
  try {
    return { things: await kind.find(ec2, filters), trouble: "they do not show it" };
  } catch (e) {
    return { things: [], trouble: `${(e as Error).name}: ${(e as Error).message}` };
  }
}

/** What the provider sees and our own client does not. */
function unseen(kind: Kind, id: string, region: string, trouble: string, place: Place): Verdict {
  if (place === "here") return { act: "leave" };
  return {
    act: "refuse",
    why:
      "the provider sees it, and the credentials of the stack's configuration, or of the AWS " +
      `SDK's usual chain, cannot tell what it holds (${trouble}); if a run that was cut off left ` +
      `it: aws ec2 ${kind.command} ${id} --region ${region}`,
    cure: "import",
  };
}

/**
 * A rule has no tags of its own, but its group is ours by being in the state: the same rule in it
 * can only be ours.
 */
async function removeRules(
  inputs: Inputs,
  egress: boolean,
  setting: Setting,
  options: pulumi.InvokeOptions,
): Promise<string[]> {
  const GroupId = String(inputs.securityGroupId);
  const Filters = [{ Name: "group-id", Values: [GroupId] }];
  const { ids, region } = await seenByProvider("rules of a group", Filters, options);
  if (ids.length === 0) return [];
  const ec2 = await ec2Client(setting, region);
  try {
    const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({ Filters });
    const same = SecurityGroupRules.filter(
      (r) =>
        r.IsEgress === egress &&
        r.IpProtocol === String(inputs.ipProtocol) &&
        r.CidrIpv4 === inputs.cidrIpv4 &&
        (inputs.fromPort === undefined || r.FromPort === Number(inputs.fromPort)) &&
        r.ReferencedGroupInfo?.GroupId === inputs.referencedSecurityGroupId,
    ).flatMap(({ SecurityGroupRuleId }) => SecurityGroupRuleId ?? []);
    for (const id of same) {
      const which = { GroupId, SecurityGroupRuleIds: [id] };
      if (egress) await ec2.revokeSecurityGroupEgress(which);
      else await ec2.revokeSecurityGroupIngress(which);
    }
    return same.map((id) => `the security group rule ${id}`);
  } finally {
    ec2.destroy();
  }
}

/** The SDK's waiter says nothing while it waits, so this says it before. */
async function terminated(ec2: EC2, id: string): Promise<void> {
  const { waitUntilInstanceTerminated } = await import("@aws-sdk/client-ec2");
  const seconds = 300;
  console.log(`waiting for the instance ${id} to end: ${seconds} s at most`);
  const limits = { client: ec2, maxWaitTime: seconds, minDelay: 1, maxDelay: 5 };
  await waitUntilInstanceTerminated(limits, { InstanceIds: [id] }).catch((e: Error) => {
    throw new Error(
      `the instance ${id} was told to end and has not within ${seconds} s (${e.name}); look at ` +
        "it in EC2, then run the same command again",
    );
  });
}
