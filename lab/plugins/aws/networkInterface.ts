import { randomUUID } from "node:crypto";
import type { NetworkInterface as Found, NetworkInterfaceAttachment } from "@aws-sdk/client-ec2";
import type { NetworkInterface, NetworkInterfaceArgs } from "@pulumi/aws/ec2/networkInterface.js";
import { HalfMade, resource } from "../handler.ts";
import type { Call, InputsOf, OutputsOf } from "../handler.ts";
import { waitForState } from "../polling.ts";
import { doing, ec2, unless } from "./client.ts";
import {
  arn,
  tagProperties,
  tagSpecification,
  tagsFrom,
  updateTags,
  withDefaultTags,
} from "./tags.ts";

type Inputs = InputsOf<NetworkInterfaceArgs>;
type State = OutputsOf<NetworkInterface>;
const timeoutMs = 10 * 60_000;
const gone = ["InvalidNetworkInterfaceID.NotFound"];

/**
 * `aws:ec2/networkInterface:NetworkInterface`: an address in a subnet that outlives the machine it
 * is attached to.
 */
export const networkInterface = resource<Inputs, State>({
  properties: {
    arn: { output: true },
    attachments: { output: true },
    description: {},
    // that the order of addresses means something is not served
    ipv6AddressListEnabled: { local: true, default: false, oneOf: ["false"] },
    interfaceType: { computed: true, replaces: true },
    macAddress: { output: true },
    ownerId: { output: true },
    privateDnsName: { output: true },
    privateIp: { computed: true, replaces: true, conflicts: ["privateIps"] },
    privateIpListEnabled: { local: true, default: false, oneOf: ["false"] },
    privateIps: { computed: true, set: true },
    privateIpsCount: { output: true },
    securityGroups: { computed: true, set: true },
    sourceDestCheck: { default: true },
    subnetId: { required: true, replaces: true },
    ...tagProperties,
  },
  complete: withDefaultTags,

  async create(inputs, call) {
    const api = await ec2();
    const [primary, ...others] = inputs.privateIp ? [inputs.privateIp] : (inputs.privateIps ?? []);
    const made = await doing("creating EC2 Network Interface", () =>
      api.createNetworkInterface({
        ClientToken: randomUUID(),
        SubnetId: inputs.subnetId,
        ...(inputs.description ? { Description: inputs.description } : {}),
        ...(inputs.interfaceType ? { InterfaceType: inputs.interfaceType as never } : {}),
        ...(inputs.securityGroups?.length ? { Groups: [...inputs.securityGroups] } : {}),
        ...(primary && others.length === 0 ? { PrivateIpAddress: primary } : {}),
        ...(primary && others.length > 0
          ? {
              PrivateIpAddresses: [primary, ...others].map((PrivateIpAddress, index) => ({
                PrivateIpAddress,
                Primary: index === 0,
              })),
            }
          : {}),
        TagSpecifications: tagSpecification("network-interface", inputs.tags),
      }),
    );
    const id = made.NetworkInterface?.NetworkInterfaceId ?? "";
    try {
      await waitForState(
        call,
        {
          what: `EC2 Network Interface (${id}) create`,
          pending: ["pending", ""],
          target: ["available"],
          timeoutMs,
        },
        async () => (await find(id))?.Status ?? "",
      );
      if (inputs.sourceDestCheck === false) await setSourceDestCheck(id, false);
      return { id, state: stateOf(await present(id)) };
    } catch (error) {
      throw new HalfMade(id, stateOf(made.NetworkInterface ?? {}), error);
    }
  },

  async read(id) {
    const found = await find(id);
    return found && stateOf(found);
  },

  async update(id, state, inputs, changed) {
    const api = await ec2();
    if (changed.has("privateIps"))
      await changeAddresses(id, state.privateIps ?? [], inputs.privateIps ?? []);
    if (changed.has("securityGroups")) {
      await doing(`modifying EC2 Network Interface (${id}) Groups`, () =>
        api.modifyNetworkInterfaceAttribute({
          NetworkInterfaceId: id,
          Groups: [...(inputs.securityGroups ?? [])],
        }),
      );
    }
    if (changed.has("sourceDestCheck"))
      await setSourceDestCheck(id, inputs.sourceDestCheck ?? true);
    if (changed.has("description")) {
      await doing(`modifying EC2 Network Interface (${id}) Description`, () =>
        api.modifyNetworkInterfaceAttribute({
          NetworkInterfaceId: id,
          Description: { Value: inputs.description ?? "" },
        }),
      );
    }
    await updateTags(id, state.tags, inputs.tags);
    return stateOf(await present(id));
  },

  async remove(id, _state, call) {
    const api = await ec2();
    const attachment = (await find(id))?.Attachment;
    if (attachment?.AttachmentId) await detach(id, attachment.AttachmentId, call);
    await doing(`deleting EC2 Network Interface (${id})`, () =>
      unless(gone, () => api.deleteNetworkInterface({ NetworkInterfaceId: id })),
    );
    await waitForState(
      call,
      {
        what: `EC2 Network Interface (${id}) delete`,
        pending: ["available", "pending", "detaching"],
        target: [""],
        timeoutMs,
      },
      async () => (await find(id))?.Status ?? "",
    );
  },
});

async function detach(id: string, attachmentId: string, call: Call): Promise<void> {
  const api = await ec2();
  await doing(`detaching EC2 Network Interface (${id}/${attachmentId})`, () =>
    unless(["InvalidAttachmentID.NotFound"], () =>
      api.detachNetworkInterface({ AttachmentId: attachmentId, Force: true }),
    ),
  );
  await waitForState(
    call,
    {
      what: `EC2 Network Interface (${id}) detach`,
      pending: ["in-use", "detaching"],
      target: ["available", ""],
      timeoutMs,
    },
    async () => (await find(id))?.Status ?? "",
  );
}

async function changeAddresses(
  id: string,
  have: readonly string[],
  want: readonly string[],
): Promise<void> {
  const api = await ec2();
  const surplus = have.filter((address) => !want.includes(address));
  const missing = want.filter((address) => !have.includes(address));
  const what = `EC2 Network Interface (${id}) private IPv4 addresses`;
  if (surplus.length > 0)
    await doing(`unassigning ${what}`, () =>
      api.unassignPrivateIpAddresses({ NetworkInterfaceId: id, PrivateIpAddresses: surplus }),
    );
  if (missing.length > 0)
    await doing(`assigning ${what}`, () =>
      api.assignPrivateIpAddresses({ NetworkInterfaceId: id, PrivateIpAddresses: missing }),
    );
}

async function setSourceDestCheck(id: string, value: boolean): Promise<void> {
  const api = await ec2();
  await doing(`modifying EC2 Network Interface (${id}) SourceDestCheck`, () =>
    api.modifyNetworkInterfaceAttribute({
      NetworkInterfaceId: id,
      SourceDestCheck: { Value: value },
    }),
  );
}

async function find(id: string): Promise<Found | undefined> {
  const api = await ec2();
  const answer = await doing(`reading EC2 Network Interface (${id})`, () =>
    unless(gone, () => api.describeNetworkInterfaces({ NetworkInterfaceIds: [id] })),
  );
  return answer?.NetworkInterfaces?.[0];
}

async function present(id: string): Promise<Found> {
  const found = await find(id);
  if (!found) throw new Error(`reading EC2 Network Interface (${id}): couldn't find resource`);
  return found;
}

function attachmentOf(
  found: NetworkInterfaceAttachment,
): NonNullable<State["attachments"]>[number] {
  return {
    attachmentId: found.AttachmentId ?? "",
    deviceIndex: found.DeviceIndex ?? 0,
    instance: found.InstanceId ?? "",
    networkCardIndex: found.NetworkCardIndex ?? 0,
  };
}

function stateOf(found: Found): State {
  const addresses = (found.PrivateIpAddresses ?? []).map(
    (address) => address.PrivateIpAddress ?? "",
  );
  const attached =
    found.Attachment?.AttachmentId && found.Attachment.Status !== "detached"
      ? found.Attachment
      : undefined;
  return {
    arn: arn("network-interface", found.NetworkInterfaceId ?? "", found.OwnerId),
    attachments: attached ? [attachmentOf(attached)] : [],
    ...(found.Description ? { description: found.Description } : {}),
    interfaceType: found.InterfaceType ?? "interface",
    macAddress: found.MacAddress ?? "",
    ownerId: found.OwnerId ?? "",
    privateDnsName: found.PrivateDnsName ?? "",
    privateIp: found.PrivateIpAddress ?? "",
    privateIps: addresses,
    // the official count leaves out the primary address
    privateIpsCount: Math.max(addresses.length - 1, 0),
    securityGroups: (found.Groups ?? []).map((group) => group.GroupId ?? ""),
    sourceDestCheck: found.SourceDestCheck ?? true,
    subnetId: found.SubnetId ?? "",
    ...tagsFrom(found.TagSet),
  };
}
