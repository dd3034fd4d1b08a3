import * as pulumi from "@pulumi/pulumi";
import { getAmi } from "@pulumi/aws/ec2/getAmi.js";

/**
 * The image of the nodes: the configured one, else Debian 13's newest (owner: the Debian project).
 * It is read when a node is made.
 */
export function imageOf(
  ami: string,
  architecture: "amd64" | "arm64",
  opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
  if (ami) return pulumi.output(ami);
  return pulumi.output(
    getAmi(
      {
        owners: ["136693071363"],
        mostRecent: true,
        filters: [{ name: "name", values: [`debian-13-${architecture}-*`] }],
      },
      opts,
    ),
  ).id;
}
