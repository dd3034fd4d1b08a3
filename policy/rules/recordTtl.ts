import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

const least = 60;
const most = 86_400;

export const recordTtl: ResourceValidationPolicy = {
  name: "record-ttl",
  description:
    `A record lives ${least} to ${most} s in resolvers. Below, Cloudflare refuses it; ` +
    "above, a member that moved is looked for at its old address for more than a day; 1 " +
    `("automatic") leaves the time to Cloudflare.`,
  validateResource: validateResourceOfType(DnsRecord, (record, _, report) => {
    if (!(record.ttl >= least && record.ttl <= most))
      report(
        `${record.name} ${record.type} has the TTL ${record.ttl}; set etcd:ttl to ` +
          `${least} or more, ${most} at most.`,
      );
  }),
};
