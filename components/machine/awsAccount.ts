import * as pulumi from "@pulumi/pulumi";
import { getCallerIdentity } from "@pulumi/aws/getCallerIdentity.js";

/**
 * The account in which the AWS provider of this resource works, twelve digits, asked of STS. ""
 * where STS does not answer, with a warning: then accounts are not compared.
 */
export function awsAccountOf(parent: pulumi.Resource): pulumi.Output<string> {
  const asked = getCallerIdentity({}, { parent }).then(
    ({ accountId }) => accountId,
    async (e: Error) => {
      await pulumi.log.warn(
        `AWS does not say which account this is (${e.message}), so it is not compared with the ` +
          "account that the stack's things are in",
        parent,
      );
      return "";
    },
  );
  return pulumi.output(asked);
}
