import { Volume } from "@pulumi/aws/ebs/volume.js";
import { Instance } from "@pulumi/aws/ec2/instance.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

export const encryptedVolumes: ResourceValidationPolicy = {
  name: "encrypted-volumes",
  description:
    "etcd encrypts nothing on disk, and snapshots of volumes outlive machines: root and " +
    "data volumes are encrypted (AWS Control Tower CT.EC2.PR.7).",
  validateResource: [
    validateResourceOfType(Volume, (volume, _, report) => {
      if (volume.encrypted !== true)
        report(
          `encrypted is ${volume.encrypted ?? "not set"}; set it to true. A volume that ` +
            "exists is not encrypted in place: it is replaced.",
        );
    }),
    validateResourceOfType(Instance, (instance, _, report) => {
      if (instance.rootBlockDevice?.encrypted !== true)
        report(
          "rootBlockDevice.encrypted is " +
            `${instance.rootBlockDevice?.encrypted ?? "not set"}; set it to true.`,
        );
      for (const device of instance.ebsBlockDevices ?? []) {
        if (device.encrypted !== true)
          report(
            `ebsBlockDevices: ${device.deviceName} is not encrypted; set its encrypted to true.`,
          );
      }
    }),
  ],
};
