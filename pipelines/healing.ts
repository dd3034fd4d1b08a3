/**
 * Whether a difference is a loss that may be put right while everybody sleeps: one member's machine
 * or disk, names, rules of the firewall. Anything else is for a person. Pure.
 */
import type { Change, Plan } from "./plan.ts";

export interface Seen {
  /** Without asking the services: what the commit asks for and is not applied yet. */
  readonly asked: Plan;
  /** With what is there. */
  readonly found: Plan;
  /** The members that etcd itself calls healthy, and how many are declared. */
  readonly healthy: readonly string[];
  readonly declared: number;
}

/** What a machine or a disk is, and what may be missing beside one. */
const machineTypes = ["aws:ec2/instance:Instance", "aws:ebs/volume:Volume"];
const mayBeMade = new Set([
  ...machineTypes,
  "aws:ec2/volumeAttachment:VolumeAttachment",
  "aws:ec2/tag:Tag",
  "aws:ec2/eip:Eip",
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
  "cloudflare:index/dnsRecord:DnsRecord",
]);
/** What stands on a machine, and is made anew with it. */
const mayFollow = new Set([
  "aws:ec2/volumeAttachment:VolumeAttachment",
  "aws:ec2/tag:Tag",
  "aws:ec2/eip:Eip",
  "command:remote:Command",
]);
/** What is the cluster's, and follows by an update in place. */
const ofCluster =
  /^(pulumi-nodejs:dynamic\/)?etcd:(Machines|Founders|DnsReadiness|Membership|ClusterHealth)$/;
const record = /^(pulumi-nodejs:dynamic\/)?etcd:\w+$/;

/** Why a person has to look; none when it may be healed. */
export function whyNotHealed({ asked, found, healthy, declared }: Seen): string[] {
  if (asked.changes.length)
    return [
      `the commit asks for ${asked.changes.length} changes that are not applied: deploy first`,
    ];
  const lost = lostMembers(found);
  const problems: string[] = [];
  if (lost.length > 1)
    problems.push(
      `${lost.length} members have lost a machine or a disk (${lost.join(", ")}): at most one ` +
        "is replaced unattended; with another account's credentials all look lost",
    );
  const foreign = found.changes.filter((change) => !isLoss(change, lost));
  for (const { op, type, name } of foreign)
    problems.push(`${name} (${type}): its ${op} is no replacement of what is lost`);
  const needed = Math.floor(declared / 2) + 1;
  const others = healthy.filter((member) => !lost.some((name) => name.endsWith(`-${member}`)));
  if (others.length < needed)
    problems.push(
      `no quorum: ${others.length} of ${declared} members are healthy, ${needed} are needed` +
        (others.length ? ` (${others.join(", ")})` : ""),
    );
  return problems;
}

/** By the name their resources begin with, such as etcd-a. */
export function lostMembers({ changes }: Plan): string[] {
  const gone = changes.filter(({ op, type }) => op === "create" && machineTypes.includes(type));
  return [...new Set(gone.map(({ name }) => name.replace(/-(instance|data)$/, "")))].sort();
}

function isLoss({ op, type, name }: Change, lost: readonly string[]): boolean {
  if (op === "create" && mayBeMade.has(type)) return true;
  if (op === "update" && ofCluster.test(type)) return true;
  const isOfLost = lost.some((member) => name.startsWith(`${member}-`));
  return (
    isOfLost &&
    ["create", "update", "replace"].includes(op) &&
    (mayFollow.has(type) || record.test(type))
  );
}
