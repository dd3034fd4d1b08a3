import { crc32 } from "node:zlib";
import type { VolumeAttachment as Found } from "@aws-sdk/client-ec2";
import type { VolumeAttachment, VolumeAttachmentArgs } from "@pulumi/aws/ec2/volumeAttachment.js";
import { HalfMade, resource } from "../handler.ts";
import type { Call, InputsOf, OutputsOf } from "../handler.ts";
import { waitForState } from "../polling.ts";
import { configured, doing, ec2, unless } from "./client.ts";
import { instanceState, stopInstance } from "./instancePower.ts";
import { tagProperties } from "./tags.ts";

type State = OutputsOf<VolumeAttachment>;
type Place = Pick<State, "deviceName" | "instanceId" | "volumeId">;
const timeoutMs = 5 * 60_000;

/** `aws:ec2/volumeAttachment:VolumeAttachment`: a volume in a machine. */
export const volumeAttachment = resource<InputsOf<VolumeAttachmentArgs>, State>({
  properties: {
    deviceName: { required: true, replaces: true },
    forceDetach: { local: true },
    instanceId: { required: true, replaces: true },
    region: tagProperties.region,
    skipDestroy: { local: true },
    stopInstanceBeforeDetaching: { local: true },
    volumeId: { required: true, replaces: true },
  },

  async create(inputs, call) {
    const place = {
      deviceName: inputs.deviceName,
      instanceId: inputs.instanceId,
      volumeId: inputs.volumeId,
    };
    await attach(place, call);
    return { id: idOf(place), state: stateOf(place) };
  },

  /** An import names device, volume and machine with colons between. */
  async read(id, state) {
    if (state.volumeId) return (await find(state)) && stateOf(state);
    const place = placeOf(id);
    return (await find(place)) && { ...stateOf(place), id: idOf(place) };
  },

  /**
   * Only what matters at the removal can change in place; but an attachment that was left half-way
   * is finished.
   */
  async update(_id, state, _inputs, _changed, call) {
    await attach(state, call);
    return stateOf(state);
  },

  async remove(_id, state, call) {
    if (state.skipDestroy) return;
    const instanceId = state.instanceId ?? "";
    const volumeId = state.volumeId ?? "";
    if (state.stopInstanceBeforeDetaching) await stopBefore(instanceId, call);
    const api = await ec2();
    await doing(`detaching EBS Volume (${volumeId}) from EC2 Instance (${instanceId})`, () =>
      unless(
        [
          "IncorrectState",
          "InvalidVolume.NotFound",
          "InvalidAttachment.NotFound",
          "InvalidInstanceID.NotFound",
        ],
        () =>
          api.detachVolume({
            Device: state.deviceName ?? "",
            InstanceId: instanceId,
            VolumeId: volumeId,
            ...(state.forceDetach ? { Force: true } : {}),
          }),
      ),
    );
    await waitForState(
      call,
      {
        what: `EBS Volume (${volumeId}) detachment from EC2 Instance (${instanceId})`,
        pending: ["attached", "attaching", "detaching", "busy"],
        target: ["", "detached"],
        timeoutMs,
      },
      async () => (await find(state))?.State ?? "",
    );
  },
});

async function attach(place: Place, call: Call): Promise<void> {
  const { deviceName, instanceId = "", volumeId = "" } = place;
  if (!(await find(place))) {
    await waitForState(
      call,
      {
        what: `EC2 Instance (${instanceId}) to be ready`,
        pending: ["pending", "stopping"],
        target: ["running", "stopped"],
        timeoutMs,
      },
      async () => (await instanceState(instanceId)).state,
    );
    const api = await ec2();
    await doing(`attaching EBS Volume (${volumeId}) to EC2 Instance (${instanceId})`, () =>
      api.attachVolume({ Device: deviceName, InstanceId: instanceId, VolumeId: volumeId }),
    );
  }
  try {
    await waitForState(
      call,
      {
        what: `EBS Volume (${volumeId}) attachment to EC2 Instance (${instanceId})`,
        pending: ["attaching", ""],
        target: ["attached"],
        timeoutMs,
      },
      async () => (await find(place))?.State ?? "",
    );
  } catch (error) {
    throw new HalfMade(idOf(place), stateOf(place), error);
  }
}

/**
 * A file system is let go cleanly only by a machine that is off. One that is off, or gone, needs
 * nothing.
 */
async function stopBefore(instanceId: string, call: Call): Promise<void> {
  const { state } = await instanceState(instanceId);
  if (["pending", "running", "stopping"].includes(state)) await stopInstance(instanceId, call);
}

async function find({ deviceName, instanceId, volumeId }: Place): Promise<Found | undefined> {
  const api = await ec2();
  const answer = await doing(`reading EBS Volume (${volumeId}) attachment`, () =>
    unless(["InvalidVolume.NotFound"], () => api.describeVolumes({ VolumeIds: [volumeId ?? ""] })),
  );
  return answer?.Volumes?.[0]?.Attachments?.find(
    (found) => found.InstanceId === instanceId && found.Device === deviceName,
  );
}

function stateOf({ deviceName, instanceId, volumeId }: Place): State {
  return {
    deviceName: deviceName ?? "",
    instanceId: instanceId ?? "",
    volumeId: volumeId ?? "",
    region: configured().region,
  };
}

function placeOf(id: string): Required<Place> {
  const [deviceName, volumeId, instanceId, ...more] = id.split(":");
  if (!deviceName || !volumeId || !instanceId || more.length > 0)
    throw new Error(
      `Unexpected format of ID (${JSON.stringify(id)}), expected ` +
        "DEVICE_NAME:VOLUME_ID:INSTANCE_ID",
    );
  return { deviceName, volumeId, instanceId };
}

/** The official provider's id, so that one state suits both. */
function idOf({ deviceName, instanceId, volumeId }: Place): string {
  return `vai-${crc32(`${deviceName}-${instanceId}-${volumeId}-`)}`;
}
