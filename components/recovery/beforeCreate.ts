/**
 * Healing after a run that was killed, or whose answer got lost: the cloud made something, and the
 * state does not know it. Made again, a record is refused for ever (Cloudflare 81058) and an
 * instance keeps the node's network interface. So right before something is made, what bears the
 * same mark under the same name is looked for, and removed when it cannot be anything but such a
 * leftover (judgement.ts); else the creation is refused, with what to type. What is never made
 * again is looked for by a destroy: see leftovers.ts.
 */
import * as pulumi from "@pulumi/pulumi";
import { removeLeftoversOf } from "./ec2Leftovers.ts";
import { removeLeftoverRecord } from "./recordLeftovers.ts";
import { parentOf, type Wanted } from "./refusal.ts";

/**
 * A `beforeCreate` hook for everything a cluster of this name makes. Types that may simply be made
 * again (attachments, commands, tags, dynamic resources) pass. Look-ups go through the provider of
 * `cluster`.
 */
export function healBeforeCreate(name: string, cluster: pulumi.Resource): pulumi.ResourceHook {
  return new pulumi.ResourceHook(`${name}-remove-orphans`, async (made) => {
    const inputs = made.newInputs ?? {};
    const setting = (key: string) => pulumi.runtime.getConfig(key);
    const removed =
      made.type === "cloudflare:index/dnsRecord:DnsRecord"
        ? await removeLeftoverRecord(inputs, setting, { parent: cluster })
        : await removeLeftoversOf(await wantedOf(made, name, cluster), inputs, setting, {
            parent: cluster,
          });
    for (const what of removed)
      await pulumi.log.info(`${made.name}: removed ${what}, left behind by a run that was cut off`);
  });
}

async function wantedOf(
  { type, name, urn, newInputs }: pulumi.ResourceHookArgs,
  clusterName: string,
  cluster: pulumi.Resource,
): Promise<Wanted> {
  const host = (newInputs as { tags?: { Name?: string } } | undefined)?.tags?.Name;
  const provider = cluster.getProvider(type);
  return {
    type,
    name,
    urn,
    parent: parentOf(urn, clusterName, host),
    provider: provider && (await urnOf(provider)),
    stack: pulumi.getStack(),
  };
}

/** A resource's URN is there before anything is made with it. */
function urnOf(resource: pulumi.Resource): Promise<string> {
  return new Promise((resolve) => resource.urn.apply(resolve));
}
