import { HalfMade, resource } from "../handler.ts";
import type { Call } from "../handler.ts";
import { configured, doing, ec2, unless } from "./client.ts";
import { changeInstance } from "./instanceChanges.ts";
import { describeInstance, terminateInstance, waitRunning } from "./instancePower.ts";
import { instanceProperties } from "./instanceProperties.ts";
import type { Inputs, State } from "./instanceProperties.ts";
import { rootDeviceName, runRequest } from "./instanceRequest.ts";
import { readInstance } from "./instanceState.ts";
import { updateTags, withDefaultTags } from "./tags.ts";

/** `aws:ec2/instance:Instance`: a machine. */
export const instance = resource<Inputs, State>({
  properties: instanceProperties,
  complete: withDefaultTags,

  check(inputs, name) {
    if (inputs.userData === undefined || inputs.userDataBase64 === undefined) return [];
    return [
      {
        reason:
          `Conflicting configuration arguments. "user_data": conflicts with ` +
          `user_data_base64. Examine values at '${name}.userData'.`,
      },
    ];
  },

  replacesToo(_state, inputs, changed) {
    return inputs.userDataReplaceOnChange
      ? ["userData", "userDataBase64"].filter((name) => changed.has(name))
      : [];
  },

  async create(inputs, call) {
    const api = await ec2();
    const rootDevice = inputs.rootBlockDevice ? await rootDeviceName(inputs.ami ?? "") : undefined;
    const made = await doing("creating EC2 Instance", () =>
      api.runInstances(runRequest(inputs, rootDevice)),
    );
    const id = made.Instances?.[0]?.InstanceId ?? "";
    try {
      await waitRunning(id, call);
      await tagRootVolume(id, inputs, {});
      return { id, state: await present(id, inputs) };
    } catch (error) {
      throw new HalfMade(
        id,
        { ...inputs, ...(await readInstance(id, inputs).catch(() => undefined)) },
        error,
      );
    }
  },

  async read(id, state) {
    const found = await readInstance(id, state);
    // the one of its own settings that the official provider fills in when it imports
    return found && { ...found, getPasswordData: state.getPasswordData ?? false };
  },

  async update(id, state, inputs, changed, call) {
    try {
      await finishStart(id, call);
      await changeInstance(id, inputs, changed, call);
      await updateTags(id, state.tags, inputs.tags);
      await tagRootVolume(id, inputs, state);
      return await present(id, inputs);
    } catch (error) {
      throw new HalfMade(
        id,
        { ...state, ...(await readInstance(id, inputs).catch(() => undefined)) },
        error,
      );
    }
  },

  async remove(id, state, call) {
    const api = await ec2();
    // The official provider sets the protection to what the program says, so that a protected
    // machine is refused by EC2 itself.
    await unless(
      ["InvalidInstanceID.NotFound", "UnsupportedOperation", "IncorrectInstanceState"],
      () =>
        api.modifyInstanceAttribute({
          InstanceId: id,
          DisableApiTermination: {
            Value: (state.disableApiTermination ?? false) && !state.forceDestroy,
          },
        }),
    );
    await terminateInstance(id, call);
  },
});

async function present(id: string, inputs: Inputs): Promise<State> {
  const state = await readInstance(id, inputs);
  if (!state)
    throw new Error(
      `reading EC2 Instance (${id}): couldn't find resource. It was ended outside of ` +
        "Pulumi: `pulumi up --refresh` makes it anew",
    );
  return state;
}

/** A run that was cut short may have left the machine on its way up. */
async function finishStart(id: string, call: Call): Promise<void> {
  if ((await describeInstance(id))?.State?.Name === "pending") await waitRunning(id, call);
}

async function tagRootVolume(id: string, inputs: Inputs, state: State): Promise<void> {
  const wanted = { ...configured().defaultTags, ...inputs.rootBlockDevice?.tags };
  const before = state.rootBlockDevice?.tagsAll;
  if (Object.keys(wanted).length === 0 && Object.keys(before ?? {}).length === 0) return;
  const found = await describeInstance(id);
  const root = found?.BlockDeviceMappings?.find(
    (mapping) => mapping.DeviceName === found.RootDeviceName,
  )?.Ebs?.VolumeId;
  if (root) await updateTags(root, before, wanted);
}
