import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { type ResourceValidationPolicy, validateResourceOfType } from "@pulumi/policy";

export const unproxiedRecords: ResourceValidationPolicy = {
  name: "unproxied-records",
  description:
    "Members and clients connect to the addresses in DNS. Behind Cloudflare's proxy a " +
    "name would lead to Cloudflare, which passes neither 2379 nor 2380 on.",
  validateResource: validateResourceOfType(DnsRecord, (record, _, report) => {
    if (record.proxied === true)
      report(`${record.name} ${record.type} is proxied; set proxied to false.`);
  }),
};
