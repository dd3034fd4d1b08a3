/**
 * The lab's EC2 with the real SDK: what it refuses, and machines that follow it through start,
 * stop, reboot, loss and replacement. Does not prove that AWS answers the same (lab/ec2/moto names
 * for each mend what it restores), nor anything about etcd.
 */
import assert from "node:assert/strict";
import { connect } from "node:net";
import test, { after, before } from "node:test";
import * as ec2 from "@aws-sdk/client-ec2";
import { makeHostKey } from "../../components/ssh/hostKey.ts";
import { addresses, vpc } from "../../lab/addresses.ts";
import { startDaemon } from "../../lab/daemonProcess.ts";
import { ec2Client } from "../../lab/ec2/client.ts";
import { podman } from "../../lab/podman.ts";
import { clearFaults, eventually, makeFault, mustRun, npmRun } from "./harness.ts";
import { onMachine } from "./machines.ts";

const client = ec2Client("etcd-lab-tests");
const subnet = vpc.subnets[2];
const address = addresses.gateway.replace(/0\.1$/, "32.77");
const data = "/data";
const dataUnit =
  `[Mount]\nWhat=DEVICE\nWhere=${data}\nType=ext4\n` + "[Install]\nWantedBy=multi-user.target\n";
const launch = {
  ImageId: process.arch === "arm64" ? vpc.images.arm64 : vpc.images.amd64,
  InstanceType: process.arch === "arm64" ? "t4g.small" : "t3.small",
  MinCount: 1,
  MaxCount: 1,
  UserData: Buffer.from(
    "#cloud-config\nruncmd: [[sh, -c, 'echo made by user data > /etc/made']]\n",
  ).toString("base64"),
} as const;
let group = "";
let eni = "";
let volume = "";
let machine = "";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  group = (
    await client.send(
      new ec2.CreateSecurityGroupCommand({ GroupName: "test", Description: "test", VpcId: vpc.id }),
    )
  ).GroupId!;
  await client.send(
    new ec2.AuthorizeSecurityGroupIngressCommand({
      GroupId: group,
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
  eni = (
    await client.send(
      new ec2.CreateNetworkInterfaceCommand({
        SubnetId: subnet.id,
        PrivateIpAddress: address,
        Groups: [group],
      }),
    )
  ).NetworkInterface!.NetworkInterfaceId!;
  volume = (
    await client.send(
      new ec2.CreateVolumeCommand({
        AvailabilityZone: subnet.zone,
        Size: 1,
        VolumeType: "gp3",
        Encrypted: true,
      }),
    )
  ).VolumeId!;
  machine = await launchOnInterface();
});
after(async () => {
  client.destroy();
  await npmRun("lab", "stop");
});

test(
  "an instance has its interface's address, zone and groups, and its volume by the name " +
    "Nitro gives it",
  async () => {
    const found = await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [machine] }));
    const instance = found.Reservations![0]!.Instances![0]!;
    assert.deepEqual(
      [instance.PrivateIpAddress, instance.Placement?.AvailabilityZone, instance.SubnetId],
      [address, subnet.zone, subnet.id],
    );
    assert.deepEqual(
      instance.SecurityGroups?.map((one) => one.GroupId),
      [group],
    );
    await sshAnswers(15_000);
    assert.equal((await inside("hostname")).trim(), `ip-${address.replaceAll(".", "-")}`);
    await inside("cloud-init", "status", "--wait");
    assert.equal(await inside("cat", "/etc/made"), "made by user data\n");
    await deviceIs(volume, true);
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

const refused: [what: string, command: () => Promise<unknown>, code: string][] = [
  [
    "an address in use",
    () =>
      client.send(
        new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet.id, PrivateIpAddress: address }),
      ),
    "InvalidIPAddress.InUse",
  ],
  [
    "an address EC2 keeps",
    () =>
      client.send(
        new ec2.CreateNetworkInterfaceCommand({
          SubnetId: vpc.subnets[0].id,
          PrivateIpAddress: addresses.resolver,
        }),
      ),
    "InvalidParameterValue",
  ],
  [
    "an interface in use",
    () => client.send(new ec2.RunInstancesCommand({ ...launch, ...onInterface() })),
    "InvalidNetworkInterface.InUse",
  ],
  [
    "deleting it",
    () => client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni })),
    "InvalidParameterValue",
  ],
  [
    "deleting its group",
    () => client.send(new ec2.DeleteSecurityGroupCommand({ GroupId: group })),
    "DependencyViolation",
  ],
  [
    "deleting its volume",
    () => client.send(new ec2.DeleteVolumeCommand({ VolumeId: volume })),
    "VolumeInUse",
  ],
  [
    "another machine's architecture",
    () =>
      client.send(
        new ec2.RunInstancesCommand({
          ...launch,
          InstanceType: process.arch === "arm64" ? "t3.small" : "t4g.small",
        }),
      ),
    "InvalidParameterValue",
  ],
  [
    "an unknown type",
    () =>
      client.send(
        new ec2.RunInstancesCommand({ ...launch, InstanceType: "t99.small" as "t3.small" }),
      ),
    "InvalidInstanceType.NotFound",
  ],
  [
    "a change of type while it runs",
    () =>
      client.send(
        new ec2.ModifyInstanceAttributeCommand({
          InstanceId: machine,
          InstanceType: { Value: "t3.large" },
        }),
      ),
    "IncorrectInstanceState",
  ],
  [
    "deleting a key pair by an id there is not",
    () => client.send(new ec2.DeleteKeyPairCommand({ KeyPairId: "key-0123456789abcdef0" })),
    "InvalidKeyPair.NotFound",
  ],
  ...(
    [
      ["an instance", "i-0123456789abcdef0", "InvalidInstanceID.NotFound"],
      ["a volume", "vol-0123456789abcdef0", "InvalidVolume.NotFound"],
      ["an interface", "eni-0123456789abcdef0", "InvalidNetworkInterfaceID.NotFound"],
      ["an address", "eipalloc-0123456789abcdef0", "InvalidAllocationID.NotFound"],
    ] as const
  ).map(([kind, id, code]): (typeof refused)[number] => [
    `tagging ${kind} there is not`,
    () =>
      client.send(
        new ec2.CreateTagsCommand({ Resources: [id], Tags: [{ Key: "Member", Value: "a" }] }),
      ),
    code,
  ]),
  // One that passed would find everything, or nothing.
  ...(
    [
      ["instances", (by) => new ec2.DescribeInstancesCommand(by)],
      ["volumes", (by) => new ec2.DescribeVolumesCommand(by)],
      ["interfaces", (by) => new ec2.DescribeNetworkInterfacesCommand(by)],
      ["addresses", (by) => new ec2.DescribeAddressesCommand(by)],
      ["groups", (by) => new ec2.DescribeSecurityGroupsCommand(by)],
      ["rules", (by) => new ec2.DescribeSecurityGroupRulesCommand(by)],
      ["key pairs", (by) => new ec2.DescribeKeyPairsCommand(by)],
      ["tags", (by) => new ec2.DescribeTagsCommand(by)],
    ] satisfies [string, (by: { Filters: ec2.Filter[] }) => unknown][]
  ).map(([things, describe]): (typeof refused)[number] => [
    `a filter of ${things} that it does not know`,
    () => client.send(describe({ Filters: [{ Name: "colour", Values: ["red"] }] }) as never),
    "UnsupportedOperation",
  ]),
  [
    "two filters of one name, of which the emulator would see the last",
    () =>
      client.send(
        new ec2.DescribeInstancesCommand({
          Filters: ["Incarnation", "Member"].map((key) => ({ Name: "tag-key", Values: [key] })),
        }),
      ),
    "UnsupportedOperation",
  ],
  ...(
    [
      ["an unknown protocol", "tpc", 22, 22, "InvalidPermission.Malformed"],
      ["a port above all ports", "tcp", 22, 70000, "InvalidParameterValue"],
      ["ports the wrong way round", "tcp", 80, 22, "InvalidParameterValue"],
    ] as const
  ).map(([what, IpProtocol, FromPort, ToPort, code]): (typeof refused)[number] => [
    `a rule with ${what}`,
    () => {
      const rule = { IpProtocol, FromPort, ToPort, IpRanges: [{ CidrIp: "10.0.0.0/8" }] };
      const command = { GroupId: group, IpPermissions: [rule] };
      return client.send(new ec2.AuthorizeSecurityGroupIngressCommand(command));
    },
    code,
  ]),
  [
    "a group there is not for an interface",
    () =>
      client.send(
        new ec2.ModifyNetworkInterfaceAttributeCommand({
          NetworkInterfaceId: eni,
          Groups: [`sg-${"0".repeat(17)}`],
        }),
      ),
    "InvalidGroup.NotFound",
  ],
  [
    "to take back an Elastic IP in use",
    async () => {
      const { AllocationId } = await client.send(new ec2.AllocateAddressCommand({ Domain: "vpc" }));
      const to = { AllocationId, NetworkInterfaceId: eni };
      const { AssociationId } = await client.send(new ec2.AssociateAddressCommand(to));
      try {
        await client.send(new ec2.ReleaseAddressCommand({ AllocationId }));
      } finally {
        await client.send(new ec2.DisassociateAddressCommand({ AssociationId }));
        await client.send(new ec2.ReleaseAddressCommand({ AllocationId }));
      }
    },
    "InvalidIPAddress.InUse",
  ],
  [
    "the sixth Elastic IP",
    async () => {
      const made: (string | undefined)[] = [];
      try {
        for (let i = 0; i < 6; i++)
          made.push(
            (await client.send(new ec2.AllocateAddressCommand({ Domain: "vpc" }))).AllocationId,
          );
      } finally {
        for (const AllocationId of made)
          await client.send(new ec2.ReleaseAddressCommand({ AllocationId }));
      }
    },
    "AddressLimitExceeded",
  ],
  [
    "a reboot, which the lab's machines do from inside",
    () => client.send(new ec2.RebootInstancesCommand({ InstanceIds: [machine] })),
    "UnsupportedOperation",
  ],
  [
    "what the emulator cannot do",
    () => client.send(new ec2.MonitorInstancesCommand({ InstanceIds: [machine] })),
    "UnsupportedOperation",
  ],
];
for (const [what, command, code] of refused) {
  test(`EC2 refuses ${what} with ${code}`, () =>
    assert.rejects(command, (error: Error) => error.name === code));
}

test("a metadata option that is not named stays as it is", async () => {
  const change = async (options: Partial<ec2.ModifyInstanceMetadataOptionsCommandInput>) =>
    (
      await client.send(
        new ec2.ModifyInstanceMetadataOptionsCommand({ InstanceId: machine, ...options }),
      )
    ).InstanceMetadataOptions;
  await change({ HttpTokens: "required", HttpPutResponseHopLimit: 1 });
  const { HttpTokens, HttpPutResponseHopLimit, HttpEndpoint } =
    (await change({ HttpPutResponseHopLimit: 3 })) ?? {};
  assert.deepEqual([HttpTokens, HttpPutResponseHopLimit, HttpEndpoint], ["required", 3, "enabled"]);
});

test("disk and volume survive stop and start; a mount unit finds its device at boot", async () => {
  await inside("mkfs.ext4", "-q", deviceOf(volume));
  await inside(
    "sh",
    "-c",
    `printf '%s' "$1" > /etc/systemd/system/data.mount; mkdir -p ${data}; systemctl ` +
      `enable --now data.mount; echo kept > ${data}/x; echo disk > /root/x`,
    "sh",
    dataUnit.replace("DEVICE", deviceOf(volume)),
  );
  await client.send(new ec2.StopInstancesCommand({ InstanceIds: [machine] }));
  await eventually(
    "the machine to stop",
    30_000,
    async () => (await stateOf(machine)) === "exited",
  );
  await client.send(new ec2.StartInstancesCommand({ InstanceIds: [machine] }));
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
      async () => (await startedAt()) !== before && (await stateOf(machine)) === "running",
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
    new ec2.AttachVolumeCommand({ VolumeId: added, InstanceId: machine, Device: "/dev/sdg" }),
  );
  await deviceIs(added, true);
  assert.equal(await startedAt(), before);
  await client.send(new ec2.DetachVolumeCommand({ VolumeId: added }));
  await deviceIs(added, false);
  await client.send(new ec2.DeleteVolumeCommand({ VolumeId: added }));
});

test("a successor on the same interface has the volume's data and a disk of its own", async () => {
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [machine] }));
  machine = await launchOnInterface();
  await sshAnswers(30_000);
  await deviceIs(volume, true);
  assert.equal(await inside("sh", "-c", `mount ${deviceOf(volume)} /mnt && cat /mnt/x`), "kept\n");
  await assert.rejects(inside("cat", "/root/x"));
});

test("a machine made while ssh-late is on opens SSH that much later", async () => {
  const before = machine;
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [before] }));
  await eventually(
    "the old machine to go, which may still answer at the same address",
    30_000,
    async () => (await stateOf(before)) === undefined,
  );
  await makeFault({ kind: "ssh-late", seconds: 6 });
  const began = Date.now();
  machine = await launchOnInterface();
  await sshAnswers(30_000);
  assert.ok(Date.now() - began >= 6_000, `SSH answered after ${Date.now() - began} ms`);
  await clearFaults();
});

test("what is terminated and deleted leaves nothing on the host", async () => {
  await client.send(new ec2.TerminateInstancesCommand({ InstanceIds: [machine] }));
  await client.send(new ec2.DeleteVolumeCommand({ VolumeId: volume }));
  await client.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni }));
  await client.send(new ec2.DeleteSecurityGroupCommand({ GroupId: group }));
  await eventually(
    "the container to go",
    30_000,
    async () => (await stateOf(machine)) === undefined,
  );
});

const onInterface = () => ({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId: eni }] });
const container = () => `etcd-lab-${machine}`;
const inside = (...command: string[]) => onMachine(container(), ...command);
const deviceOf = (id: string) =>
  `/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${id.replace("-", "")}`;

async function launchOnInterface(): Promise<string> {
  const id = (await client.send(new ec2.RunInstancesCommand({ ...launch, ...onInterface() })))
    .Instances![0]!.InstanceId!;
  await client.send(
    new ec2.AttachVolumeCommand({ VolumeId: volume, InstanceId: id, Device: "/dev/sdf" }),
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
