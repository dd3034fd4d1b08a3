/**
 * Healing after a run that was killed, or whose answer got lost: the cloud made something, and the
 * state does not know it. Made again, a record is refused for ever (Cloudflare 81058) and an
 * instance keeps the node's network interface. So right before something is made, what bears the
 * same mark under the same name is removed: it cannot be in use, because everything else waits for
 * it to be in the state. What is never made again is looked for by a destroy: see leftovers.ts.
 */
import * as pulumi from "@pulumi/pulumi";
import { removeLeftoverRecord } from "./cloudflareLeftovers.ts";
import { removeLeftoverOf } from "./ec2Leftovers.ts";

/**
 * A `beforeCreate` hook for everything a cluster makes. Types that may simply be made again
 * (attachments, commands, dynamic resources) pass.
 */
export function healBeforeCreate(name: string): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${name}-remove-orphans`,
    async ({ type, name: resource, newInputs = {} }) => {
      const setting = (key: string) => pulumi.runtime.getConfig(key);
      const removed =
        type === "cloudflare:index/dnsRecord:DnsRecord"
          ? await removeLeftoverRecord(newInputs, setting)
          : await removeLeftoverOf(type, newInputs, setting);
      for (const what of removed)
        await pulumi.log.info(
          `${resource}: removed ${what}, left behind by a run that was cut off`,
        );
    },
  );
}
