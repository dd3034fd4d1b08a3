import { randomUUID } from "node:crypto";
import type { Volume as Found, VolumeType } from "@aws-sdk/client-ec2";
import type { Volume, VolumeArgs } from "@pulumi/aws/ebs/volume.js";
import { HalfMade, resource } from "../handler.ts";
import type { Call, InputsOf, OutputsOf } from "../handler.ts";
import { pause, waitForState } from "../polling.ts";
import { doing, Ec2Error, ec2, unless } from "./client.ts";
import {
  arn,
  tagProperties,
  tagSpecification,
  tagsFrom,
  updateTags,
  withDefaultTags,
} from "./tags.ts";

type Inputs = InputsOf<VolumeArgs>;
type State = OutputsOf<Volume>;
const createTimeoutMs = 5 * 60_000;
const deleteTimeoutMs = 10 * 60_000;
const retryMs = 250;
const gone = ["InvalidVolume.NotFound"];

/** `aws:ebs/volume:Volume`: a disk that outlives the machine it is attached to. */
export const volume = resource<Inputs, State>({
  properties: {
    arn: { output: true },
    availabilityZone: { required: true, replaces: true },
    createTime: { output: true },
    encrypted: { computed: true, replaces: true },
    finalSnapshot: { local: true, default: false, oneOf: ["false"] }, // the lab makes none
    iops: { computed: true },
    kmsKeyId: { computed: true, replaces: true },
    size: { computed: true },
    snapshotId: { computed: true, replaces: true },
    throughput: { computed: true },
    type: { computed: true, oneOf: ["standard", "io1", "io2", "gp2", "sc1", "st1", "gp3"] },
    ...tagProperties,
  },
  complete: withDefaultTags,

  async create(inputs, call) {
    const api = await ec2();
    const made = await doing("creating EBS Volume", () =>
      api.createVolume({
        ClientToken: randomUUID(),
        AvailabilityZone: inputs.availabilityZone,
        ...settings(inputs),
        ...(inputs.encrypted === undefined ? {} : { Encrypted: inputs.encrypted }),
        ...(inputs.kmsKeyId ? { KmsKeyId: inputs.kmsKeyId } : {}),
        ...(inputs.snapshotId ? { SnapshotId: inputs.snapshotId } : {}),
        TagSpecifications: tagSpecification("volume", inputs.tags),
      }),
    );
    const id = made.VolumeId ?? "";
    try {
      await waitForState(
        call,
        {
          what: `EBS Volume (${id}) create`,
          pending: ["creating", ""],
          target: ["available"],
          timeoutMs: createTimeoutMs,
        },
        async () => (await find(id))?.State ?? "",
      );
      return { id, state: stateOf(await present(id)) };
    } catch (error) {
      throw new HalfMade(id, stateOf(made), error);
    }
  },

  async read(id) {
    const found = await find(id);
    return found && stateOf(found);
  },

  async update(id, state, inputs, changed, call) {
    if (["iops", "size", "throughput", "type"].some((name) => changed.has(name)))
      await modify(id, inputs, call);
    await updateTags(id, state.tags, inputs.tags);
    return stateOf(await present(id));
  },

  async remove(id, _state, call) {
    const deadline = performance.now() + (call.timeoutMs ?? deleteTimeoutMs);
    while (!(await deleted(id, performance.now() >= deadline))) {
      call.say("status", `EBS Volume (${id}) is still attached`);
      await pause(retryMs, call.signal, `EBS Volume (${id}) to be detached`);
    }
    await waitForState(
      call,
      {
        what: `EBS Volume (${id}) delete`,
        pending: ["deleting", "available"],
        target: ["", "deleted"],
        timeoutMs: deleteTimeoutMs,
      },
      async () => (await find(id))?.State ?? "",
    );
  },
});

/**
 * Changes a volume in place and waits until EC2 says that the change is in force ("optimizing"
 * already is).
 */
export async function modify(
  id: string,
  inputs: Pick<Inputs, "iops" | "size" | "throughput" | "type">,
  call: Call,
): Promise<void> {
  const api = await ec2();
  const { VolumeType: type, ...rest } = settings(inputs);
  await doing(`modifying EBS Volume (${id})`, () =>
    api.modifyVolume({ VolumeId: id, ...rest, ...(type ? { VolumeType: type } : {}) }),
  );
  await waitForState(
    call,
    {
      what: `EBS Volume (${id}) update`,
      pending: ["modifying"],
      target: ["completed", "optimizing"],
      timeoutMs: createTimeoutMs,
    },
    async () =>
      (await api.describeVolumesModifications({ VolumeIds: [id] })).VolumesModifications?.at(-1)
        ?.ModificationState ?? "completed",
  );
}

/** False while it is attached: a machine that was just ended lets go of it a little later. */
async function deleted(id: string, lastTry: boolean): Promise<boolean> {
  const api = await ec2();
  try {
    await doing(`deleting EBS Volume (${id})`, () =>
      unless(gone, () => api.deleteVolume({ VolumeId: id })),
    );
    return true;
  } catch (error) {
    if (error instanceof Ec2Error && error.code === "VolumeInUse" && !lastTry) return false;
    throw error;
  }
}

function settings(inputs: Pick<Inputs, "iops" | "size" | "throughput" | "type">): {
  Iops?: number;
  Size?: number;
  Throughput?: number;
  VolumeType?: VolumeType;
} {
  return {
    ...(inputs.iops ? { Iops: inputs.iops } : {}),
    ...(inputs.size ? { Size: inputs.size } : {}),
    ...(inputs.throughput ? { Throughput: inputs.throughput } : {}),
    ...(inputs.type ? { VolumeType: inputs.type as VolumeType } : {}),
  };
}

async function find(id: string): Promise<Found | undefined> {
  const api = await ec2();
  const answer = await doing(`reading EBS Volume (${id})`, () =>
    unless(gone, () => api.describeVolumes({ VolumeIds: [id] })),
  );
  return answer?.Volumes?.[0];
}

async function present(id: string): Promise<Found> {
  const found = await find(id);
  if (!found) throw new Error(`reading EBS Volume (${id}): couldn't find resource`);
  return found;
}

function stateOf(found: Found): State {
  return {
    arn: arn("volume", found.VolumeId ?? ""),
    availabilityZone: found.AvailabilityZone ?? "",
    createTime: found.CreateTime
      ? new Date(found.CreateTime).toISOString().replace(/\.\d+Z$/, "Z")
      : "",
    encrypted: found.Encrypted ?? false,
    iops: found.Iops ?? 0,
    kmsKeyId: found.KmsKeyId ?? "",
    size: found.Size ?? 0,
    snapshotId: found.SnapshotId ?? "",
    throughput: found.Throughput ?? 0,
    type: found.VolumeType ?? "",
    ...tagsFrom(found.Tags),
  };
}
