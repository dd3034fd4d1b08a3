import * as pulumi from "@pulumi/pulumi";
import { getAmi } from "@pulumi/aws/ec2/getAmi.js";

/** The account of the Debian project. */
const debian = "136693071363";

/** The image of the machines: the configured one, else Debian 13's newest. */
export function imageOf(
  ami: pulumi.Input<string>,
  architecture: "amd64" | "arm64",
  opts: pulumi.InvokeOptions,
): pulumi.Output<string> {
  if (ami) return pulumi.output(ami);
  const filters = [{ name: "name", values: [`debian-13-${architecture}-*`] }];
  return pulumi.output(getAmi({ owners: [debian], mostRecent: true, filters }, opts)).id;
}
