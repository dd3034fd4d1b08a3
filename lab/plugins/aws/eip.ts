import type { Address } from "@aws-sdk/client-ec2";
import type { Eip, EipArgs } from "@pulumi/aws/ec2/eip.js";
import { HalfMade, resource } from "../handler.ts";
import type { InputsOf, OutputsOf } from "../handler.ts";
import { configured, doing, ec2, unless } from "./client.ts";
import {
  arn,
  tagProperties,
  tagSpecification,
  tagsFrom,
  updateTags,
  withDefaultTags,
} from "./tags.ts";

type Inputs = InputsOf<EipArgs>;
type State = OutputsOf<Eip>;
const gone = ["InvalidAllocationID.NotFound", "InvalidAddress.NotFound", "AuthFailure"];

/** `aws:ec2/eip:Eip`: a public address that stays the same. Nothing in the lab ever dials one. */
export const eip = resource<Inputs, State>({
  properties: {
    address: { replaces: true },
    allocationId: { output: true },
    arn: { output: true },
    associateWithPrivateIp: { local: true },
    associationId: { output: true },
    carrierIp: { output: true },
    customerOwnedIp: { output: true },
    domain: { computed: true, replaces: true, oneOf: ["standard", "vpc"] },
    instance: { computed: true },
    networkBorderGroup: { computed: true, replaces: true },
    networkInterface: { computed: true },
    privateDns: { output: true },
    privateIp: { output: true, renewed: true },
    ptrRecord: { output: true },
    publicDns: { output: true },
    publicIp: { output: true },
    publicIpv4Pool: { computed: true, replaces: true },
    ...tagProperties,
  },
  complete: withDefaultTags,

  async create(inputs) {
    const api = await ec2();
    const made = await doing("creating EC2 EIP", () =>
      api.allocateAddress({
        Domain: "vpc",
        ...(inputs.address ? { Address: inputs.address } : {}),
        ...(inputs.networkBorderGroup ? { NetworkBorderGroup: inputs.networkBorderGroup } : {}),
        ...(inputs.publicIpv4Pool ? { PublicIpv4Pool: inputs.publicIpv4Pool } : {}),
        TagSpecifications: tagSpecification("elastic-ip", inputs.tags),
      }),
    );
    const id = made.AllocationId ?? "";
    try {
      await associate(id, inputs);
      return { id, state: await present(id) };
    } catch (error) {
      throw new HalfMade(id, stateOf(made), error);
    }
  },

  async read(id) {
    const found = await find(id);
    return found && stateOf(found);
  },

  async update(id, state, inputs, changed) {
    if (
      ["associateWithPrivateIp", "instance", "networkInterface"].some((name) => changed.has(name))
    ) {
      await disassociate(state.associationId);
      await associate(id, inputs);
    }
    await updateTags(id, state.tags, inputs.tags);
    return present(id);
  },

  async remove(id) {
    const api = await ec2();
    const found = await find(id);
    await disassociate(found?.AssociationId);
    await doing(`deleting EC2 EIP (${id})`, () =>
      unless(gone, () => api.releaseAddress({ AllocationId: id })),
    );
  },
});

async function associate(id: string, inputs: Inputs): Promise<void> {
  if (!inputs.instance && !inputs.networkInterface) return;
  const api = await ec2();
  await doing(`associating EC2 EIP (${id})`, () =>
    api.associateAddress({
      AllocationId: id,
      ...(inputs.instance ? { InstanceId: inputs.instance } : {}),
      ...(inputs.networkInterface ? { NetworkInterfaceId: inputs.networkInterface } : {}),
      ...(inputs.associateWithPrivateIp ? { PrivateIpAddress: inputs.associateWithPrivateIp } : {}),
    }),
  );
}

async function disassociate(associationId: string | undefined): Promise<void> {
  if (!associationId) return;
  const api = await ec2();
  await doing(`disassociating EC2 EIP (${associationId})`, () =>
    unless(["InvalidAssociationID.NotFound"], () =>
      api.disassociateAddress({ AssociationId: associationId }),
    ),
  );
}

async function find(id: string): Promise<Address | undefined> {
  const api = await ec2();
  const answer = await doing(`reading EC2 EIP (${id})`, () =>
    unless(gone, () => api.describeAddresses({ AllocationIds: [id] })),
  );
  return answer?.Addresses?.[0];
}

async function present(id: string): Promise<State> {
  const found = await find(id);
  if (!found) throw new Error(`reading EC2 EIP (${id}): couldn't find resource`);
  return stateOf(found);
}

function stateOf(found: Address): State {
  const { region } = configured();
  const dashed = (address: string | undefined) => (address ?? "").replaceAll(".", "-");
  return {
    allocationId: found.AllocationId ?? "",
    arn: arn("elastic-ip", found.AllocationId ?? ""),
    associationId: found.AssociationId ?? "",
    carrierIp: found.CarrierIp ?? "",
    customerOwnedIp: found.CustomerOwnedIp ?? "",
    domain: found.Domain ?? "vpc",
    instance: found.InstanceId ?? "",
    networkBorderGroup: found.NetworkBorderGroup ?? region,
    networkInterface: found.NetworkInterfaceId ?? "",
    privateDns: found.PrivateIpAddress
      ? `ip-${dashed(found.PrivateIpAddress)}.` +
        `${region === "us-east-1" ? "ec2" : `${region}.compute`}.internal`
      : "",
    privateIp: found.PrivateIpAddress ?? "",
    ptrRecord: "",
    publicDns: found.PublicIp
      ? `ec2-${dashed(found.PublicIp)}.` +
        `${region === "us-east-1" ? "compute-1" : `${region}.compute`}.amazonaws.com`
      : "",
    publicIp: found.PublicIp ?? "",
    publicIpv4Pool: found.PublicIpv4Pool ?? "amazon",
    ...tagsFrom(found.Tags),
  };
}
