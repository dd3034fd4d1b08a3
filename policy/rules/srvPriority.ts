import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

export const srvPriority: ResourceValidationPolicy = {
  name: "srv-priority",
  description:
    "Cloudflare keeps an SRV record's priority in two places. Where they differ every " +
    "preview shows a change, and an update may write the other one " +
    "(terraform-provider-cloudflare issues 5383, 6684).",
  validateResource: validateResourceOfType(DnsRecord, (record, _, report) => {
    if (
      record.type === "SRV" &&
      (record.priority === undefined || record.priority !== record.data?.priority)
    ) {
      report(
        `${record.name} has the priority ${record.priority ?? "not set"}, and ` +
          `${record.data?.priority ?? "not set"} in data; set both to the same number.`,
      );
    }
  }),
};
