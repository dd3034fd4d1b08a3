/**
 * Cloudflare asked through Pulumi's own look-ups: with whatever provider, token and address the
 * resources of that parent use. They exist in the program only, so in hooks too, and never in a
 * dynamic provider; nothing here travels in a state.
 */
import type * as pulumi from "@pulumi/pulumi";
import { getDnsRecords } from "@pulumi/cloudflare/getDnsRecords.js";
import { getZone } from "@pulumi/cloudflare/getZone.js";
import type { ListedRecord } from "../recovery/cloudflareLeftovers.ts";

/** Which names are asked for: one, or all that begin so. Cloudflare compares without case. */
export type NameFilter = { readonly exact: string } | { readonly startswith: string };

/**
 * The records of a zone by name, of all types, proxied or not.
 * @throws Error with what was asked for and Cloudflare's answer
 */
export async function recordsNamed(
  zoneId: string,
  name: NameFilter,
  options: pulumi.InvokeOptions,
): Promise<readonly ListedRecord[]> {
  try {
    return (await getDnsRecords({ zoneId, name }, options)).results;
  } catch (e) {
    throw new Error(
      `Cloudflare could not be asked for records named ${Object.values(name).join("")} (zoneId ` +
        `${zoneId}): ${(e as Error).message}`,
    );
  }
}

/** The name of a zone; undefined where it cannot be read, which a token needs Zone:Read for. */
export async function zoneNameOf(
  zoneId: string,
  options: pulumi.InvokeOptions,
): Promise<string | undefined> {
  try {
    return (await getZone({ zoneId }, options)).name;
  } catch {
    return undefined;
  }
}
