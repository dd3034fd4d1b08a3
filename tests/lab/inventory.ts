/** What there is at the emulators, and an instance ended there by somebody else. */
import { EC2, type Tag } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../../lab/addresses.ts";
import { allRecords, eventually } from "./harness.ts";
import { machines } from "./machines.ts";

const tag = (tags: readonly Tag[] | undefined, key: string) =>
  tags?.find((t) => t.Key === key)?.Value ?? "";
const name = (tags: readonly Tag[] | undefined) => `${tag(tags, "Role")} ${tag(tags, "Name")}`;

/** Everything at the emulators, by what names it; ids and addresses differ from life to life. */
export async function inventory(): Promise<string[]> {
  return asking(async (ec2) => {
    const groups = (
      (await ec2.describeSecurityGroups({ Filters: [{ Name: "vpc-id", Values: [vpc.id] }] }))
        .SecurityGroups ?? []
    ).filter((g) => g.GroupName !== "default");
    const rules = groups.length
      ? ((
          await ec2.describeSecurityGroupRules({
            Filters: [{ Name: "group-id", Values: groups.map((g) => g.GroupId ?? "") }],
          })
        ).SecurityGroupRules ?? [])
      : [];
    const instances = ((await ec2.describeInstances({})).Reservations ?? [])
      .flatMap((r) => r.Instances ?? [])
      .filter((i) => i.State?.Name !== "terminated");
    return [
      ...groups.map((g) => `group ${name(g.Tags)}`),
      ...rules.map(
        (r) => `rule ${r.IsEgress ? "out" : "in"} ${r.FromPort} ${r.CidrIpv4 ?? "group"}`,
      ),
      ...instances.map((i) => `${i.State?.Name} ${name(i.Tags)}`),
      ...((await ec2.describeNetworkInterfaces({})).NetworkInterfaces ?? []).map(
        (n) => `${n.Status} ${name(n.TagSet)}`,
      ),
      // Volumes without tags are the machines' root volumes.
      ...((await ec2.describeVolumes({})).Volumes ?? [])
        .filter((v) => v.Tags?.length)
        .map((v) => `${v.State} ${name(v.Tags)}`),
      ...((await ec2.describeKeyPairs({})).KeyPairs ?? []).map((k) => `key ${name(k.Tags)}`),
      ...((await ec2.describeAddresses({})).Addresses ?? []).map((a) => `address ${name(a.Tags)}`),
      ...(await allRecords())
        .filter((r) => r.type !== "NS")
        .map((r) => `${r.name} ${r.type} ${r.type === "SRV" ? r.content : ""}`),
    ].sort();
  });
}

/** Instances that are not terminated: node name and id, by node. */
export async function instances(): Promise<{ node: string; id: string }[]> {
  const alive = {
    Name: "instance-state-name",
    Values: ["pending", "running", "stopping", "stopped"],
  };
  const { Reservations = [] } = await asking((ec2) => ec2.describeInstances({ Filters: [alive] }));
  return Reservations.flatMap((r) => r.Instances ?? [])
    .map((i) => ({ node: tag(i.Tags, "Name").split(".")[0] ?? "", id: i.InstanceId ?? "" }))
    .sort((a, b) => a.node.localeCompare(b.node));
}

/** Ends a node's instance behind the program's back, and waits until its machine is gone. */
export async function terminate(node: string): Promise<void> {
  const [instance] = (await instances()).filter((i) => i.node === node);
  if (!instance) throw new Error(`no instance of node ${node} to end`);
  await asking((ec2) => ec2.terminateInstances({ InstanceIds: [instance.id] }));
  await eventually(
    `the machine of ${instance.id} to go`,
    30_000,
    async () => !(await machines()).includes(`etcd-lab-${instance.id}`),
  );
}

/** Asks the lab's EC2, or does something there as somebody else with the account's credentials. */
export async function asking<T>(question: (ec2: EC2) => Promise<T>): Promise<T> {
  const ec2 = new EC2({
    region: vpc.region,
    endpoint: `http://127.0.0.1:${addresses.ec2Port}`,
    credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
  });
  try {
    return await question(ec2);
  } finally {
    ec2.destroy();
  }
}
