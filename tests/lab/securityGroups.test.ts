// Closed ports are closed: security groups on the lab's machines. Does not prove the limits of real
// groups, nor what root on a machine could change.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import * as tls from "node:tls";
import test, { after, before } from "node:test";
import { EC2 } from "@aws-sdk/client-ec2";
import { addresses, vpc } from "../../lab/addresses.ts";
import { CommandError } from "../../lab/shell.ts";
import { startClient, type Client } from "./client.ts";
import { clearFaults, eventually, makeFault, mustRun, npmRun, pulumiWith } from "./harness.ts";
import { instances } from "./inventory.ts";
import { onMachine } from "./machines.ts";

/** What a new connection meets. A closed port of a security group says nothing at all. */
type Met = "open" | "refused" | "dropped";

const ec2 = new EC2({
  region: vpc.region,
  endpoint: `http://127.0.0.1:${addresses.ec2Port}`,
  credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
});
const prefix = addresses.cidr.split(".").slice(0, 2).join(".");
const memberOfGroup = `${prefix}.0.200`;
const host = `${addresses.gateway}/32`;
const named = (more: string[] = []) => ({
  "etcd:sshFrom": [host],
  "etcd:clientsFrom": [host, `${addresses.client}/32`, ...more],
});
let known: Client;
let stranger: Client;
let address: Record<string, string>;

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
  [known, stranger] = await Promise.all([
    startClient(),
    startClient({ name: "stranger", address: `${prefix}.240.21` }),
  ]);
  await up(named());
  const outputs = JSON.parse(await mustRun("pulumi", "stack", "output", "--json")) as {
    endpoints: Record<string, string>;
  };
  address = Object.fromEntries(
    Object.entries(outputs.endpoints).map(([node, url]) => [node, new URL(url).hostname]),
  );
  await eventually(
    "the rules of the first up to be gone",
    5_000,
    async () => (await from(stranger, "a", 2379)) === "dropped",
  );
});
after(async () => {
  await Promise.all([known, stranger].map((client) => client?.close()));
  ec2.destroy();
  await npmRun("lab", "stop");
});

async function up(config: Readonly<Record<string, unknown>>, ...more: string[]): Promise<void> {
  const { code, text } = await pulumiWith(config, "up", "--yes", "--skip-preview", ...more);
  assert.equal(code, 0, text);
}

/**
 * bash's own TCP: its exit code says how a connection ended; timeout's 124 that nothing answered.
 */
const attempt = (node: string, port: number) =>
  ["timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${address[node]}/${port}`] as const;
const met = (error: unknown): Met => {
  if (!(error instanceof CommandError)) throw error;
  return error.code === 124 ? "dropped" : "refused";
};
const from = (client: Client, node: string, port: number): Promise<Met> =>
  client.run(...attempt(node, port)).then(() => "open" as const, met);
const fromMember = async (member: string, node: string, port: number): Promise<Met> =>
  onMachine(await containerOf(member), ...attempt(node, port)).then(() => "open" as const, met);
const containerOf = async (node: string) =>
  `etcd-lab-${(await instances()).find((instance) => instance.node === node)?.id}`;

/** The same from the machine that runs Pulumi. */
function fromHere(node: string, port: number): Promise<Met> {
  return new Promise((resolve) => {
    const socket = connect({ host: address[node], port, timeout: 2_000 });
    const end = (how: Met) => {
      socket.destroy();
      resolve(how);
    };
    socket
      .on("connect", () => end("open"))
      .on("timeout", () => end("dropped"))
      .on("error", () => end("refused"));
  });
}

/** The members' group, and its rules as EC2 has them. */
async function group(): Promise<{ id: string; ruleOf: (description: RegExp) => string }> {
  const { SecurityGroups = [] } = await ec2.describeSecurityGroups({
    Filters: [{ Name: "tag:Name", Values: ["etcd-members"] }],
  });
  const id = SecurityGroups[0]?.GroupId ?? "";
  const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
    Filters: [{ Name: "group-id", Values: [id] }],
  });
  return {
    id,
    ruleOf: (description) =>
      SecurityGroupRules.find((rule) => description.test(rule.Description ?? ""))
        ?.SecurityGroupRuleId ?? "none",
  };
}

test(
  "2379 from clientsFrom alone, 22 from sshFrom alone, 2380 from members alone; " +
    "everything else is dropped without an answer",
  async () => {
    const seen = {
      known: [2379, 2380, 22, 80].map((port) => from(known, "a", port)),
      stranger: [2379, 2380, 22].map((port) => from(stranger, "b", port)),
      here: [2379, 2380, 22].map((port) => fromHere("c", port)),
      member: [2379, 2380, 22].map((port) => fromMember("a", "b", port)),
    };
    const all = Object.fromEntries(
      await Promise.all(
        Object.entries(seen).map(async ([who, answers]) => [who, await Promise.all(answers)]),
      ),
    );
    assert.deepEqual(all, {
      known: ["open", "dropped", "dropped", "dropped"],
      stranger: ["dropped", "dropped", "dropped"],
      here: ["open", "dropped", "open"],
      member: ["dropped", "open", "dropped"],
    });
  },
);

test(
  "a rule that is removed at EC2 closes the port for new connections, within a second or " +
    "so, and leaves those that are open",
  async () => {
    const { id, ruleOf } = await group();
    const open = await new Promise<Socket>((resolve, reject) => {
      const socket = connect(2379, address.a ?? "", () => resolve(socket));
      socket.on("error", reject);
    });
    await ec2.revokeSecurityGroupIngress({
      GroupId: id,
      SecurityGroupRuleIds: [ruleOf(new RegExp(`etcd clients from ${host}`))],
    });
    const removed = Date.now();
    await eventually(
      "2379 to be closed to the machine that runs Pulumi",
      10_000,
      async () => (await fromHere("a", 2379)) === "dropped",
    );
    assert.ok(
      Date.now() - removed < 6_000,
      `closed ${Date.now() - removed} ms after the removal, 2000 of them the attempt's own`,
    );
    // A handshake over the connection that was there before: the member answers on it.
    await new Promise((resolve, reject) => {
      tls
        .connect({ socket: open, rejectUnauthorized: false }, () => resolve(undefined))
        .once("error", reject);
      open.once("close", () => reject(new Error("the open connection was cut")));
    });
    open.destroy();
    assert.equal(await from(known, "a", 2379), "open", "another source's rule was closed too");
    await up(named(), "--refresh");
    await eventually(
      "2379 to be open again",
      5_000,
      async () => (await fromHere("a", 2379)) === "open",
    );
  },
);

test("clientsFrom opens 2379 to members of a security group, follows who is in it", async () => {
  const { GroupId = "" } = await ec2.createSecurityGroup({
    GroupName: "applications",
    Description: "clients of etcd",
    VpcId: vpc.id,
  });
  const { NetworkInterface: nic } = await ec2.createNetworkInterface({
    SubnetId: vpc.subnets[0].id,
    PrivateIpAddress: memberOfGroup,
    Groups: [GroupId],
  });
  const application = await startClient({ name: "application", address: memberOfGroup });
  try {
    assert.equal(await from(application, "a", 2379), "dropped");
    await up(named([GroupId]));
    await eventually(
      "2379 to open to the group",
      5_000,
      async () => (await from(application, "a", 2379)) === "open",
    );
    assert.deepEqual(
      [await from(application, "a", 22), await from(stranger, "a", 2379)],
      ["dropped", "dropped"],
    );
    await ec2.modifyNetworkInterfaceAttribute({
      NetworkInterfaceId: nic?.NetworkInterfaceId,
      Groups: [(await group()).id],
    });
    await eventually(
      "2379 to close to who left the group",
      10_000,
      async () => (await from(application, "a", 2379)) === "dropped",
    );
    assert.equal(await from(application, "a", 2380), "open", "a member of the members' group");
  } finally {
    await application.close();
    await ec2.deleteNetworkInterface({ NetworkInterfaceId: nic?.NetworkInterfaceId });
    await up(named());
    await ec2.deleteSecurityGroup({ GroupId });
  }
});

test("without a rule outward a machine reaches nothing but the VPC's resolver", async () => {
  const { id, ruleOf } = await group();
  const container = await containerOf("a");
  const mirror = () =>
    onMachine(
      container,
      "timeout",
      "2",
      "bash",
      "-c",
      `exec 3<>/dev/tcp/${addresses.gateway}/${addresses.mirrorPort}`,
    ).then(() => "open" as const, met);
  assert.equal(await mirror(), "open");
  await ec2.revokeSecurityGroupEgress({
    GroupId: id,
    SecurityGroupRuleIds: [ruleOf(/everything outward/)],
  });
  await eventually("the way out to close", 10_000, async () => (await mirror()) === "dropped");
  assert.match(await onMachine(container, "getent", "hosts", "b.etcd.test"), /b\.etcd\.test/);
  await up(named(), "--refresh");
  await eventually("the way out to open", 5_000, async () => (await mirror()) === "open");
});

test("a machine that is cut off, or starts again, has the same rules afterwards", async () => {
  await makeFault({ kind: "partition", machine: "c" });
  assert.equal(await from(known, "c", 2379), "dropped");
  await clearFaults();
  await eventually("c to be back", 10_000, async () => (await from(known, "c", 2379)) === "open");
  await makeFault({ kind: "kill", machine: "c" });
  await eventually(
    "c to serve again",
    30_000,
    async () => (await from(known, "c", 2379)) === "open",
  );
  assert.deepEqual(
    [await from(stranger, "c", 2379), await from(known, "c", 22)],
    ["dropped", "dropped"],
  );
  await eventually(
    "the cluster to be healthy",
    30_000,
    async () => (await npmRun("status")).code === 0,
  );
});
