/**
 * The lab's EC2 with the real SDK: what it refuses, and machines that follow it through start,
 * stop, reboot, loss and replacement. Does not prove that AWS answers the same (lab/ec2/moto names
 * for each mend what it restores), nor anything about etcd.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import test, { after, before } from "node:test";
import * as ec2 from "@aws-sdk/client-ec2";
import { makeHostKey } from "../hostKeys.ts";
import { addresses, vpc } from "../../lab/addresses.ts";
import { startDaemon } from "../../lab/daemonProcess.ts";
import { ec2Client } from "../../lab/ec2/client.ts";
import { podman } from "../../lab/podman.ts";
import { ec2Calls, unread } from "./ec2Calls.ts";
import { address, launch, onInterface, refusals, subnet, type Things } from "./ec2Refusals.ts";
import { refusedRequests } from "./ec2Requests.ts";
import { clearFaults, eventually, makeFault, mustRun, npmRun } from "./harness.ts";
import { asking } from "./inventory.ts";
import { onMachine } from "./machines.ts";

const client = ec2Client("etcd-lab-tests");
const data = "/data";
const dataUnit =
  `[Mount]\nWhat=DEVICE\nWhere=${data}\nType=ext4\n` + "[Install]\nWantedBy=multi-user.target\n";
const UserData = Buffer.from(
  "#cloud-config\nruncmd: [[sh, -c, 'echo made by user data > /etc/made']]\n",
).toString("base64");
const its: Things = { group: "", eni: "", volume: "", machine: "" };

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  its.group = (
    await client.send(
      new ec2.CreateSecurityGroupCommand({ GroupName: "test", Description: "test", VpcId: vpc.id }),
    )
  ).GroupId!;
  await client.send(
    new ec2.AuthorizeSecurityGroupIngressCommand({
      GroupId: its.group,
      IpPermissions: [
        {
          IpProtocol: "tcp",
          FromPort: 22,
          ToPort: 22,
          IpRanges: [{ CidrIp: `${addresses.gateway}/32` }],
        },
      ],
    }),
  );
  its.eni = (
    await client.send(
      new ec2.CreateNetworkInterfaceCommand({
        SubnetId: subnet.id,
        PrivateIpAddress: address,
        Groups: [its.group],
      }),
    )
  ).NetworkInterface!.NetworkInterfaceId!;
  its.volume = (
    await client.send(
      new ec2.CreateVolumeCommand({
        AvailabilityZone: subnet.zone,
        Size: 1,
        VolumeType: "gp3",
        Encrypted: true,
      }),
    )
  ).VolumeId!;
  its.machine = await launchOnInterface();
});
after(async () => {
  client.destroy();
  await npmRun("lab", "stop");
});

test(
  "an instance has its interface's address, zone and groups, and its volume by the name " +
    "Nitro gives it",
  async () => {
    const found = await client.send(
      new ec2.DescribeInstancesCommand({ InstanceIds: [its.machine] }),
    );
    const instance = found.Reservations![0]!.Instances![0]!;
    assert.deepEqual(
      [instance.PrivateIpAddress, instance.Placement?.AvailabilityZone, instance.SubnetId],
      [address, subnet.zone, subnet.id],
    );
    assert.deepEqual(
      instance.SecurityGroups?.map((one) => one.GroupId),
      [its.group],
    );
    await sshAnswers(15_000);
    assert.equal((await inside("hostname")).trim(), `ip-${address.replaceAll(".", "-")}`);
    await inside("cloud-init", "status", "--wait");
    assert.equal(await inside("cat", "/etc/made"), "made by user data\n");
    await deviceIs(its.volume, true);
  },
);

test("a key pair is listed and deleted by its id", async () => {
  const { publicKey } = await makeHostKey();
  const made = async (KeyName: string) =>
    (
      await client.send(
        new ec2.ImportKeyPairCommand({ KeyName, PublicKeyMaterial: Buffer.from(publicKey) }),
      )
    ).KeyPairId!;
  const [one, other] = [await made("one"), await made("other")];
  const names = async (ids?: string[]) =>
    (await client.send(new ec2.DescribeKeyPairsCommand({ KeyPairIds: ids }))).KeyPairs?.map(
      ({ KeyName }) => KeyName,
    );
  assert.deepEqual(await names([other]), ["other"]);
  await client.send(new ec2.DeleteKeyPairCommand({ KeyPairId: one }));
  assert.deepEqual(await names(), ["other"]);
  await client.send(new ec2.DeleteKeyPairCommand({ KeyPairId: other }));
  assert.deepEqual(await names(), []);
});

for (const [what, call, code] of [...refusals, ...refusedRequests]) {
  test(`EC2 refuses ${what} with ${code}`, () =>
    assert.rejects(
      asking((ec2) => call(ec2, its)),
      { name: code },
    ));
}

test("what the program, its provider and the lab ask of EC2 is read", async () => {
  for (const [verb, requests] of Object.entries(ec2Calls)) {
    const action = verb.replace(/^./, (first) => first.toUpperCase());
    for (const request of requests) assert.deepEqual(await unread(action, request), {}, action);
  }
  assert.deepEqual(await unread("DescribeVpcs", { MaxResults: 5, NextToken: "x", DryRun: false }), {
    NextToken: "x",
  });
});

test("an Elastic IP is free once the interface that had it is deleted", async () => {
  await asking(async (ec2) => {
    const { NetworkInterface: { NetworkInterfaceId = "" } = {} } = await ec2.createNetworkInterface(
      { SubnetId: subnet.id },
    );
    const { AllocationId = "" } = await ec2.allocateAddress({ Domain: "vpc" });
    await ec2.associateAddress({ AllocationId, NetworkInterfaceId });
    await ec2.deleteNetworkInterface({ NetworkInterfaceId });
    const { Addresses = [] } = await ec2.describeAddresses({ AllocationIds: [AllocationId] });
    assert.deepEqual(
      Addresses.map(({ AssociationId }) => AssociationId),
      [undefined],
    );
    await ec2.releaseAddress({ AllocationId });
  });
});

test("tags go with an Elastic IP that is released and a rule that is revoked", async () => {
  await asking(async (ec2) => {
    const { AllocationId = "" } = await ec2.allocateAddress({ Domain: "vpc" });
    const rule = {
      IpProtocol: "tcp",
      FromPort: 7,
      ToPort: 7,
      IpRanges: [{ CidrIp: "10.0.0.0/8" }],
    };
    const made = { GroupId: its.group, IpPermissions: [rule] };
    const ids = (await ec2.authorizeSecurityGroupIngress(made)).SecurityGroupRules?.concat(
      (await ec2.authorizeSecurityGroupEgress(made)).SecurityGroupRules ?? [],
    ).map(({ SecurityGroupRuleId = "" }) => SecurityGroupRuleId);
    const Resources = [AllocationId, ...(ids ?? [])];
    await ec2.createTags({ Resources, Tags: [{ Key: "Member", Value: "a" }] });
    const tagged = async () =>
      (await ec2.describeTags({ Filters: [{ Name: "resource-id", Values: Resources }] })).Tags
        ?.length;
    assert.equal(await tagged(), 3);
    await ec2.releaseAddress({ AllocationId });
    await ec2.revokeSecurityGroupIngress({
      GroupId: its.group,
      SecurityGroupRuleIds: ids?.slice(0, 1),
    });
    await ec2.revokeSecurityGroupEgress(made);
    assert.equal(await tagged(), 0);
  });
});

test("a rule about a group is changed as a whole", async () => {
  await asking(async (ec2) => {
    const other = await ec2.createSecurityGroup({
      GroupName: "o",
      Description: "o",
      VpcId: vpc.id,
    });
    const { SecurityGroupRules: [made] = [] } = await ec2.authorizeSecurityGroupIngress({
      GroupId: its.group,
      IpPermissions: [
        { IpProtocol: "tcp", FromPort: 7, ToPort: 7, UserIdGroupPairs: [{ GroupId: its.group }] },
      ],
    });
    const SecurityGroupRuleId = made?.SecurityGroupRuleId ?? "";
    const SecurityGroupRule = { IpProtocol: "-1", ReferencedGroupId: other.GroupId };
    await ec2.modifySecurityGroupRules({
      GroupId: its.group,
      SecurityGroupRules: [{ SecurityGroupRuleId, SecurityGroupRule }],
    });
    const { SecurityGroupRules: [now] = [] } = await ec2.describeSecurityGroupRules({
      SecurityGroupRuleIds: [SecurityGroupRuleId],
    });
    assert.deepEqual(
      [now?.IpProtocol, now?.FromPort, now?.ReferencedGroupInfo?.GroupId],
      ["-1", -1, other.GroupId],
    );
    await ec2.revokeSecurityGroupIngress({
      GroupId: its.group,
      SecurityGroupRuleIds: [SecurityGroupRuleId],
    });
    await ec2.deleteSecurityGroup({ GroupId: other.GroupId });
  });
});

test("a metadata option that is not named stays as it is", async () => {
  const change = async (options: Partial<ec2.ModifyInstanceMetadataOptionsCommandInput>) =>
    (
      await client.send(
        new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId: its.machine, ...options }),
      )
    ).InstanceMetadataOptions;
  await change({ HttpTokens: "required", HttpPutResponseHopLimit: 1 });
  const { HttpTokens, HttpPutResponseHopLimit, HttpEndpoint } =
    (await change({ HttpPutResponseHopLimit: 3 })) ?? {};
  assert.deepEqual([HttpTokens, HttpPutResponseHopLimit, HttpEndpoint], ["required", 3, "enabled"]);
});

test("disk and volume survive stop and start; a mount unit finds its device at boot", async () => {
  await inside("mkfs.ext4", "-q", deviceOf(its.volume));
  await inside(
    "sh",
    "-c",
    `printf '%s' "$1" > /etc/systemd/system/data.mount; mkdir -p ${data}; systemctl ` +
      `enable --now data.mount; echo kept > ${data}/x; echo disk > /root/x`,
    "sh",
    dataUnit.replace("DEVICE", deviceOf(its.volume)),
  );
  await client.send(new ec2.StopInstancesCommand({ InstanceIds: [its.machine] }));
  await eventually(
    "the machine to stop",
    30_000,
    async () => (await stateOf(its.machine)) === "exited",
  );
  await client.send(new ec2.StartInstancesCommand({ InstanceIds: [its.machine] }));
  await stillThere();
});

test("a machine that reboots or is killed comes back", async () => {
  for (const end of [
    () => inside("systemctl", "reboot"),
    () => podman(["kill", "--signal", "KILL", container()]),
  ]) {
    const before = await startedAt();
    await end().catch(() => undefined); // the connection ends with it
    await eventually(
      "the machine to be started again",
      30_000,
      async () => (await startedAt()) !== before && (await stateOf(its.machine)) === "running",
    );
    await stillThere();
  }
});

test("a daemon that starts anew leaves machines alone and goes on with them", async () => {
  const before = await startedAt();
  await startDaemon();
  const added = (
    await client.send(new ec2.CreateVolumeCommand({ AvailabilityZone: subnet.zone, Size: 1 }))
  ).VolumeId!;
  await client.send(
    new ec2.AttachVolumeCommand({ VolumeId: added, InstanceId: its.machine, Device: "/dev/sdg" }),
  );
  await deviceIs(added, true);
  assert.equal(await startedAt(), before);
  await client.send(new ec2.DetachVolumeCommand({ VolumeId: added }));
  await deviceIs(added, false);
  await client.send(new ec2.DeleteVolumeCommand({ VolumeId: added }));
});

test("a successor on the same interface has the volume's data and a disk of its own", async () => {
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [its.machine] }));
  its.machine = await launchOnInterface();
  await sshAnswers(30_000);
  await deviceIs(its.volume, true);
  assert.equal(
    await inside("sh", "-c", `mount ${deviceOf(its.volume)} /mnt && cat /mnt/x`),
    "kept\n",
  );
  await assert.rejects(inside("cat", "/root/x"));
});

test("a machine made while ssh-late is on opens SSH that much later", async () => {
  const before = its.machine;
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [before] }));
  await eventually(
    "the old machine to go, which may still answer at the same address",
    30_000,
    async () => (await stateOf(before)) === undefined,
  );
  await makeFault({ kind: "ssh-late", seconds: 6 });
  const began = Date.now();
  its.machine = await launchOnInterface();
  await sshAnswers(30_000);
  assert.ok(Date.now() - began >= 6_000, `SSH answered after ${Date.now() - began} ms`);
  await clearFaults();
});

test("what is terminated and deleted leaves nothing on the host", async () => {
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [its.machine] }));
  await client.send(new ec2.DeleteVolumeCommand({ VolumeId: its.volume }));
  await client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: its.eni }));
  await client.send(new ec2.DeleteSecurityGroupCommand({ GroupId: its.group }));
  await eventually(
    "the container to go",
    30_000,
    async () => (await stateOf(its.machine)) === undefined,
  );
});

const container = () => `etcd-lab-${its.machine}`;
const inside = (...command: string[]) => onMachine(container(), ...command);
const deviceOf = (id: string) =>
  `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace("-", "")}`;

async function launchOnInterface(): Promise<string> {
  const id = (
    await client.send(new ec2.RunInstancesCommand({ ...launch, UserData, ...onInterface(its) }))
  ).Instances![0]!.InstanceId!;
  await client.send(
    new ec2.AttachVolumeCommand({ VolumeId: its.volume, InstanceId: id, Device: "/dev/sdf" }),
  );
  return id;
}

async function stillThere(): Promise<void> {
  await eventually(
    `${data} to be mounted`,
    30_000,
    async () => (await inside("cat", `${data}/x`).catch(() => "")) === "kept\n",
  );
  assert.equal(await inside("cat", "/root/x"), "disk\n");
  await sshAnswers(30_000);
}

async function deviceIs(id: string, there: boolean): Promise<void> {
  await eventually(`${deviceOf(id)} to be ${there ? "there" : "gone"}`, 15_000, () =>
    inside("test", "-b", deviceOf(id)).then(
      () => there,
      () => !there,
    ),
  );
}

/** "running", "exited", …; undefined when there is no container. */
async function stateOf(id: string): Promise<string | undefined> {
  const listed = JSON.parse(
    await podman(["ps", "--all", "--filter", `name=^etcd-lab-${id}$`, "--format", "json"]),
  ) as { State: string }[];
  return listed[0]?.State;
}

async function startedAt(): Promise<string> {
  return podman(["inspect", "--format", "{{.State.StartedAt}}", container()]);
}

/** Waits for sshd's own first line: an open port alone could be anybody's. */
async function sshAnswers(deadlineMs: number): Promise<void> {
  await eventually(
    `SSH at ${address}`,
    deadlineMs,
    () =>
      new Promise((resolve) => {
        const socket = connect({ host: address, port: 22, timeout: 1_000 });
        socket.once("data", (line) => {
          socket.destroy();
          resolve(line.toString().startsWith("SSH-2.0"));
        });
        socket.once("error", () => resolve(false));
        socket.once("timeout", () => {
          socket.destroy();
          resolve(false);
        });
      }),
  );
}
