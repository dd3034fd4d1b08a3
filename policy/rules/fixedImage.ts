import { Instance } from "@pulumi/aws/ec2/instance.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

export const fixedImage: ResourceValidationPolicy = {
  name: "fixed-image",
  description:
    "A machine keeps the image, the user data and the SSH key it was made with. The " +
    "newest image is looked up at every run, and a key pair may be made anew: followed, " +
    "they would replace or stop all members in the same update.",
  validateResource: validateResourceOfType(Instance, (_, { opts }, report) => {
    const followed = ["ami", "userData", "keyName"].filter(
      (property) => !opts.ignoreChanges.includes(property),
    );
    if (followed.length > 0)
      report(
        `a change of ${followed.join(" or ")} would reach this machine; add ` +
          `${followed.length > 1 ? "them" : "it"} to the resource's ignoreChanges.`,
      );
  }),
};
