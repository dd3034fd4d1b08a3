import type { ModifyInstanceAttributeCommandInput } from "@aws-sdk/client-ec2";
import type { Call } from "../handler.ts";
import { doing, ec2 } from "./client.ts";
import { describeInstance, startInstance, stopInstance } from "./instancePower.ts";
import type { Inputs } from "./instanceProperties.ts";
import { userData } from "./instanceRequest.ts";
import { modify } from "./volume.ts";

type Attribute = Omit<ModifyInstanceAttributeCommandInput, "InstanceId">;

/**
 * Changes a machine in place. A new type or new user data needs it stopped; like the official
 * provider this stops and starts it once for each of the two, because EC2 takes one attribute at a
 * time.
 */
export async function changeInstance(
  id: string,
  inputs: Inputs,
  changed: ReadonlySet<string>,
  call: Call,
): Promise<void> {
  const set = async (what: string, attribute: Attribute) => {
    const api = await ec2();
    await doing(`updating EC2 Instance (${id}) ${what}`, () =>
      api.modifyInstanceAttribute({ InstanceId: id, ...attribute }),
    );
  };
  const whileStopped = async (what: string, attribute: Attribute) => {
    await stopInstance(id, call);
    await set(what, attribute);
    await startInstance(id, call);
  };

  if (changed.has("vpcSecurityGroupIds"))
    await set("security groups", { Groups: [...(inputs.vpcSecurityGroupIds ?? [])] });
  if (changed.has("sourceDestCheck"))
    await set("source destination check", {
      SourceDestCheck: { Value: inputs.sourceDestCheck ?? true },
    });
  if (changed.has("instanceType"))
    await whileStopped("type", { InstanceType: { Value: String(inputs.instanceType) } });
  if (changed.has("userData") || changed.has("userDataBase64")) {
    await whileStopped("user data", {
      UserData: { Value: Buffer.from(userData(inputs) ?? "", "base64") },
    });
  }
  if (changed.has("disableApiStop"))
    await set("API stop", { DisableApiStop: { Value: inputs.disableApiStop ?? false } });
  if (changed.has("disableApiTermination"))
    await set("API termination", {
      DisableApiTermination: { Value: inputs.disableApiTermination ?? false },
    });
  if (changed.has("instanceInitiatedShutdownBehavior")) {
    await set("initiated shutdown behavior", {
      InstanceInitiatedShutdownBehavior: {
        Value: inputs.instanceInitiatedShutdownBehavior ?? "stop",
      },
    });
  }
  if (changed.has("monitoring")) await setMonitoring(id, inputs.monitoring ?? false);
  if (changed.has("metadataOptions")) await setMetadataOptions(id, inputs.metadataOptions ?? {});
  if (changed.has("maintenanceOptions"))
    await setMaintenanceOptions(id, inputs.maintenanceOptions ?? {});
  if (changed.has("iamInstanceProfile"))
    await setInstanceProfile(
      id,
      inputs.iamInstanceProfile ? String(inputs.iamInstanceProfile) : undefined,
    );
  if (changed.has("rootBlockDevice"))
    await changeRootDisk(id, inputs.rootBlockDevice ?? {}, set, call);
}

async function setMonitoring(id: string, on: boolean): Promise<void> {
  const api = await ec2();
  await doing(
    `updating EC2 Instance (${id}) monitoring`,
    () =>
      (on
        ? api.monitorInstances({ InstanceIds: [id] })
        : api.unmonitorInstances({ InstanceIds: [id] })) as Promise<unknown>,
  );
}

async function setMetadataOptions(
  id: string,
  options: NonNullable<Inputs["metadataOptions"]>,
): Promise<void> {
  const api = await ec2();
  await doing(`updating EC2 Instance (${id}) metadata options`, () =>
    api.modifyInstanceMetadataOptions({
      InstanceId: id,
      HttpEndpoint: (options.httpEndpoint ?? "enabled") as "enabled" | "disabled",
      ...(options.httpTokens ? { HttpTokens: options.httpTokens as "optional" | "required" } : {}),
      ...(options.httpPutResponseHopLimit
        ? { HttpPutResponseHopLimit: options.httpPutResponseHopLimit }
        : {}),
      ...(options.httpProtocolIpv6
        ? { HttpProtocolIpv6: options.httpProtocolIpv6 as "enabled" | "disabled" }
        : {}),
      ...(options.instanceMetadataTags
        ? { InstanceMetadataTags: options.instanceMetadataTags as "enabled" | "disabled" }
        : {}),
    }),
  );
}

async function setMaintenanceOptions(
  id: string,
  options: NonNullable<Inputs["maintenanceOptions"]>,
): Promise<void> {
  const api = await ec2();
  await doing(`updating EC2 Instance (${id}) maintenance options`, () =>
    api.modifyInstanceMaintenanceOptions({
      InstanceId: id,
      AutoRecovery: (options.autoRecovery ?? "default") as "default" | "disabled",
    }),
  );
}

async function setInstanceProfile(id: string, name: string | undefined): Promise<void> {
  const api = await ec2();
  const present = (
    await api.describeIamInstanceProfileAssociations({
      Filters: [{ Name: "instance-id", Values: [id] }],
    })
  ).IamInstanceProfileAssociations?.[0]?.AssociationId;
  await doing(`updating EC2 Instance (${id}) instance profile`, (): Promise<unknown> => {
    if (present && name)
      return api.replaceIamInstanceProfileAssociation({
        AssociationId: present,
        IamInstanceProfile: { Name: name },
      });
    if (present) return api.disassociateIamInstanceProfile({ AssociationId: present });
    return name
      ? api.associateIamInstanceProfile({ InstanceId: id, IamInstanceProfile: { Name: name } })
      : Promise.resolve();
  });
}

async function changeRootDisk(
  id: string,
  disk: NonNullable<Inputs["rootBlockDevice"]>,
  set: (what: string, attribute: Attribute) => Promise<void>,
  call: Call,
): Promise<void> {
  const found = await describeInstance(id);
  const root = found?.BlockDeviceMappings?.find(
    (mapping) => mapping.DeviceName === found.RootDeviceName,
  );
  if (!root?.Ebs?.VolumeId || !root.DeviceName) return;
  const api = await ec2();
  const volume = (await api.describeVolumes({ VolumeIds: [root.Ebs.VolumeId] })).Volumes?.[0];
  const wanted = {
    size: disk.volumeSize,
    type: disk.volumeType,
    iops: disk.iops,
    throughput: disk.throughput,
  };
  const have = {
    size: volume?.Size,
    type: volume?.VolumeType,
    iops: volume?.Iops,
    throughput: volume?.Throughput,
  };
  const differs = (Object.keys(wanted) as (keyof typeof wanted)[]).some(
    (key) => wanted[key] !== undefined && wanted[key] !== have[key],
  );
  if (differs) await modify(root.Ebs.VolumeId, wanted, call);
  if ((disk.deleteOnTermination ?? true) !== root.Ebs.DeleteOnTermination) {
    await set("root block device", {
      BlockDeviceMappings: [
        {
          DeviceName: root.DeviceName,
          Ebs: { DeleteOnTermination: disk.deleteOnTermination ?? true },
        },
      ],
    });
  }
}
