import { serve } from "../provider.ts";
import { pluginVersion } from "../version.ts";
import { configure } from "./api.ts";
import { configFailures, settingsFrom } from "./config.ts";
import { dnsRecord } from "./dnsRecord.ts";
import { getDnsRecords, getZone } from "./lookUps.ts";

/**
 * The lab's stand-in for the official cloudflare plugin: DNS records and their
 * look-ups, over Cloudflare's own API.
 */
await serve({
  name: "cloudflare",
  version: pluginVersion("@pulumi/cloudflare"),
  resources: { "cloudflare:index/dnsRecord:DnsRecord": dnsRecord },
  lookups: {
    "cloudflare:index/getDnsRecords:getDnsRecords": getDnsRecords,
    "cloudflare:index/getZone:getZone": getZone,
  },
  secretConfig: ["apiToken"],
  checkConfig: configFailures,
  configure: (config) => configure(settingsFrom(config)),
});
