/**
 * The lab's aws plugin: volumes, attachments and key pairs, called as the engine calls it, against
 * scripted answers of EC2's Query API. Does not prove that moto, or EC2, answers like the script
 * (the lab tier runs it against moto).
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { Ec2Answer, FakeEc2 } from "./fakeEc2.ts";
import { halfMade, startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import type { Values } from "../../lab/plugins/values.ts";

const volume = "aws:ebs/volume:Volume";
const attachment = "aws:ec2/volumeAttachment:VolumeAttachment";
const keyPair = "aws:ec2/keyPair:KeyPair";
const inputs: Values = { availabilityZone: "us-east-1a", size: 4, type: "gp3", encrypted: true };
const place: Values = { deviceName: "/dev/sdf", instanceId: "i-1", volumeId: "vol-1" };

let api: FakeEc2;
let plugin: PluginProcess;
before(async () => {
  api = await startFakeEc2();
  plugin = await startPlugin("aws");
  await plugin.configure(ec2Config(api.endpoint));
});
after(async () => {
  await plugin.stop();
  await api.close();
});
beforeEach(() => {
  api.calls.length = 0;
  api.script = {};
});

const volumeXml = (
  status: string,
  attached = "",
) => `<volumeSet><item><volumeId>vol-1</volumeId><status>${status}</status><size>4</size>
  <volumeType>gp3</volumeType><iops>3000</iops><throughput>125</throughput><encrypted>true</encrypted><availabilityZone>us-east-1a</availabilityZone><attachmentSet>${attached}</attachmentSet></item></volumeSet>`;
const attachedXml = (status: string) =>
  volumeXml(
    "in-use",
    `<item><volumeId>vol-1</volumeId><instanceId>i-1</instanceId><device>/dev/sdf</device><status>${status}</status></item>`,
  );
const instanceXml = (
  state: string,
) => `<reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>
  <instanceState><name>${state}</name></instanceState></item></instancesSet></item></reservationSet>`;
/** Answers one after the other; the last one stays. */
const sequence =
  (...answers: Ec2Answer[]) =>
  () =>
    (answers.length > 1 ? answers.shift() : answers[0]) ?? "";
const verbs = () => api.actions().filter((action) => !action.startsWith("Describe"));

test("a volume is made, and is there once EC2 says so", async () => {
  api.script = {
    CreateVolume: "<volumeId>vol-1</volumeId>",
    DescribeVolumes: sequence(volumeXml("creating"), volumeXml("available")),
  };
  const { id, state } = await plugin.create(volume, "data", inputs);
  assert.equal(id, "vol-1");
  assert.equal(state.iops, 3000);
  assert.match(api.calls[0]?.parameters.ClientToken ?? "", /^[0-9a-f-]{36}$/);
  const found = await plugin.read(volume, id, inputs, state);
  assert.deepEqual((await plugin.diff(volume, found.inputs, found.state, inputs)).changed, []);
});

test("a volume that fails stays in the state", async () => {
  api.script = { CreateVolume: "<volumeId>vol-1</volumeId>", DescribeVolumes: volumeXml("error") };
  await assert.rejects(
    plugin.create(volume, "data", inputs),
    (error: Error) => halfMade(error)?.id === "vol-1",
  );
});

test("size and kind change in place, encryption and zone make a new volume", async () => {
  const replaces = async (news: Values) =>
    (await plugin.diff(volume, inputs, inputs, { ...inputs, ...news })).replaces;
  assert.deepEqual(await replaces({ size: 8, type: "io2", iops: 4000 }), []);
  assert.deepEqual(await replaces({ encrypted: false }), ["encrypted"]);
  assert.deepEqual(await replaces({ availabilityZone: "us-east-1b" }), ["availabilityZone"]);
});

test("a change in place waits until it is in force", async () => {
  const modification = (state: string) =>
    `<volumeModificationSet><item><volumeId>vol-1</volumeId><modificationState>${state}</modificationState></item></volumeModificationSet>`;
  api.script = {
    ModifyVolume: "",
    DescribeVolumesModifications: sequence(modification("modifying"), modification("optimizing")),
    DescribeVolumes: volumeXml("available"),
  };
  await plugin.update(volume, "vol-1", inputs, inputs, { ...inputs, size: 8 });
  assert.equal(api.calls[0]?.parameters.Size, "8");
  assert.equal(
    api.actions().filter((action) => action === "DescribeVolumesModifications").length,
    2,
  );
});

test("a removal waits for the machine to let go, and until the volume is gone", async () => {
  api.script = {
    DeleteVolume: sequence(
      { code: "VolumeInUse", message: "vol-1 is in use" },
      "<return>true</return>",
    ),
    DescribeVolumes: sequence(volumeXml("deleting"), {
      code: "InvalidVolume.NotFound",
      message: "it does not exist",
    }),
  };
  await plugin.remove(volume, "vol-1", inputs, inputs);
  assert.deepEqual(api.actions(), [
    "DeleteVolume",
    "DeleteVolume",
    "DescribeVolumes",
    "DescribeVolumes",
  ]);
});

test("an attachment waits for the machine, then for itself; its id is official", async () => {
  api.script = {
    DescribeInstances: sequence(instanceXml("pending"), instanceXml("running")),
    AttachVolume: "",
    DescribeVolumes: sequence(
      volumeXml("available"),
      attachedXml("attaching"),
      attachedXml("attached"),
    ),
  };
  const { id, state } = await plugin.create(attachment, "a", {
    ...place,
    stopInstanceBeforeDetaching: true,
  });
  assert.equal(id, "vai-3944550031");
  assert.equal(state.stopInstanceBeforeDetaching, true);
  assert.deepEqual(verbs(), ["AttachVolume"]);
  assert.equal(
    api.calls.find(({ action }) => action === "AttachVolume")?.parameters.Device,
    "/dev/sdf",
  );
});

test("an attachment to an ended machine fails and says so", async () => {
  api.script = {
    DescribeInstances: instanceXml("terminated"),
    DescribeVolumes: volumeXml("available"),
  };
  await assert.rejects(
    plugin.create(attachment, "a", place),
    /waiting for EC2 Instance \(i-1\) to be ready: unexpected state 'terminated'/,
  );
});

test("an attachment that is not there any more reads as gone", async () => {
  api.script = { DescribeVolumes: sequence(attachedXml("attached"), volumeXml("available")) };
  assert.equal((await plugin.read(attachment, "vai-1", place, place)).id, "vai-1");
  assert.equal((await plugin.read(attachment, "vai-1", place, place)).id, "");
});

test("an attachment that was left half-way is finished by the next update", async () => {
  api.script = {
    DescribeInstances: instanceXml("running"),
    AttachVolume: "",
    DescribeVolumes: sequence(volumeXml("available"), attachedXml("attached")),
  };
  await plugin.update(attachment, "vai-1", place, place, place);
  assert.deepEqual(verbs(), ["AttachVolume"]);
});

test("every change of place makes a new attachment, the manner of detaching does not", async () => {
  const replaces = async (news: Values) =>
    (await plugin.diff(attachment, place, place, { ...place, ...news })).replaces;
  for (const property of ["deviceName", "instanceId", "volumeId"])
    assert.deepEqual(await replaces({ [property]: "other" }), [property]);
  assert.deepEqual(await replaces({ stopInstanceBeforeDetaching: true }), []);
});

for (const [before, expected] of [
  ["running", ["StopInstances", "DetachVolume"]],
  ["stopped", ["DetachVolume"]],
  ["terminated", ["DetachVolume"]],
] as const) {
  test(
    `with stopInstanceBeforeDetaching a machine that is ${before} is treated so: ` +
      `${expected.join(", ")}`,
    async () => {
      api.script = {
        DescribeInstances: () =>
          instanceXml(api.actions().includes("StopInstances") ? "stopped" : before),
        StopInstances: "",
        DetachVolume: "",
        DescribeVolumes: sequence(attachedXml("detaching"), volumeXml("available")),
      };
      await plugin.remove(attachment, "vai-1", place, {
        ...place,
        stopInstanceBeforeDetaching: true,
      });
      assert.deepEqual(verbs(), [...expected]);
    },
  );
}

test("without it, or with skipDestroy, nothing is stopped", async () => {
  api.script = { DetachVolume: "", DescribeVolumes: volumeXml("available") };
  await plugin.remove(attachment, "vai-1", place, { ...place, skipDestroy: true });
  assert.deepEqual(api.actions(), []);
  await plugin.remove(attachment, "vai-1", place, place);
  assert.deepEqual(verbs(), ["DetachVolume"]);
});

test("a key pair sends the key without what surrounds it and tells its fingerprint", async () => {
  const found =
    "<keySet><item><keyPairId>key-1</keyPairId><keyName>boot</keyName><keyFingerprint>ab:cd</keyFingerprint><keyType>ed25519</keyType></item></keySet>";
  api.script = { ImportKeyPair: "<keyName>boot</keyName>", DescribeKeyPairs: found };
  const { id, state } = await plugin.create(keyPair, "boot", {
    keyName: "boot",
    publicKey: "ssh-ed25519 AAAA boot\n",
  });
  assert.equal(id, "boot");
  assert.equal(state.fingerprint, "ab:cd");
  assert.equal(state.publicKey, "ssh-ed25519 AAAA boot\n");
  assert.equal(
    Buffer.from(api.calls[0]?.parameters.PublicKeyMaterial ?? "", "base64").toString(),
    "ssh-ed25519 AAAA boot",
  );
  const inputs = { keyName: "boot", publicKey: "ssh-ed25519 AAAA boot\n" };
  const again = await plugin.read(keyPair, id, inputs, state);
  assert.deepEqual((await plugin.diff(keyPair, again.inputs, again.state, inputs)).changed, []);
  assert.deepEqual(
    (await plugin.diff(keyPair, inputs, state, { ...inputs, publicKey: "ssh-ed25519 BBBB" }))
      .replaces,
    ["publicKey"],
  );
});
