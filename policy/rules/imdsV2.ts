import { Instance } from "@pulumi/aws/ec2/instance.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

export const imdsV2: ResourceValidationPolicy = {
  name: "imds-v2",
  description:
    "Instance metadata is read with a session token and goes no hop further than the " +
    "machine, or one forged request through any service on it would hand out what lies " +
    "there, user data among it (AWS Control Tower CT.EC2.PR.1 and PR.2).",
  validateResource: validateResourceOfType(Instance, (instance, _, report) => {
    const { httpTokens, httpPutResponseHopLimit } = instance.metadataOptions ?? {};
    if (httpTokens !== "required")
      report(`metadataOptions.httpTokens is ${httpTokens ?? "not set"}; set it to "required".`);
    if (httpPutResponseHopLimit !== 1)
      report(
        "metadataOptions.httpPutResponseHopLimit is " +
          `${httpPutResponseHopLimit ?? "not set"}; set it to 1.`,
      );
  }),
};
