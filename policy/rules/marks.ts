import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import type { ResourceValidationPolicy } from "@pulumi/policy";
import { known } from "../known.ts";

/**
 * Things in EC2 that bear tags. Rules go with their group, a root volume with its machine, an
 * attachment with both.
 */
const tagged = [
  "aws:ebs/volume:Volume",
  "aws:ec2/eip:Eip",
  "aws:ec2/instance:Instance",
  "aws:ec2/keyPair:KeyPair",
  "aws:ec2/networkInterface:NetworkInterface",
  "aws:ec2/securityGroup:SecurityGroup",
];
const tags = ["Project", "Stack", "Incarnation"];

export const marks: ResourceValidationPolicy = {
  name: "marks",
  description:
    "Everything that can bear it carries the mark of its stack: by it a run that was " +
    "cut off is healed, what is left behind is found, and nothing of somebody else's is " +
    "ever removed.",
  validateResource(args, report) {
    if (tagged.includes(args.type)) {
      const given = known(() => args.props.tags) ?? {};
      const missing = tags.filter((tag) => !(tag in given));
      if (missing.length > 0)
        report(
          `missing tags: ${missing.join(", ")} (there are ` +
            `${Object.keys(given).join(", ") || "none"}); pass the cluster's tags on.`,
        );
    }
    const record = args.asType(DnsRecord);
    if (record) {
      const comment = "comment" in record ? known(() => record.comment ?? "") : "";
      if (comment !== undefined && !/^pulumi \S+\/\S+ [0-9a-f]{12}$/.test(comment))
        report(
          `the comment is ${comment ? `"${comment}"` : "not set"}; pass the cluster's ` +
            `on ("pulumi <project>/<stack> <incarnation>").`,
        );
    }
  },
};
