/**
 * DNS records that a cut-off run left behind, right before the same are made again. Found through
 * the provider, so in the right account; removed through the API, for Pulumi knows no look-up that
 * removes.
 */
import type * as pulumi from "@pulumi/pulumi";
import { recordsNamed } from "../dns/cloudflareLookUps.ts";
import type { Setting } from "../engine/resource.ts";
import { cloudflareApi } from "./cloudflareApi.ts";
import { inWords, sortRecords, type WantedRecord } from "./cloudflareLeftovers.ts";

/**
 * Removes what is ours, and returns it in words.
 * @throws Error with the command to type, when an identical record bears no mark of ours, or one
 * of ours could not be removed
 */
export async function removeLeftoverRecord(
  wanted: WantedRecord,
  setting: Setting,
  options: pulumi.InvokeOptions,
): Promise<string[]> {
  const { zoneId = "", name = "" } = wanted;
  const api = cloudflareApi(setting, "to remove a record that an earlier run left");
  const route = (id: string) => `zones/${zoneId}/dns_records/${id}`;
  const listed = await recordsNamed(zoneId, { exact: name }, options);
  const { ours, foreign } = sortRecords(wanted, listed);
  const [other] = foreign;
  if (other) {
    throw new Error(
      `${name} ${wanted.type} ${wanted.data?.target ?? wanted.content} exists at ` +
        "Cloudflare already and does not bear this stack's mark (its comment: " +
        `${JSON.stringify(other.comment ?? "")}), so it is left alone.\n` +
        "  Another stack or tool may live by it. If nothing does, remove it and run " +
        "`pulumi up` again:\n" +
        `  ${api.deletion(route(other.id))}`,
    );
  }
  for (const record of ours)
    await api.call("DELETE", route(record.id), 404).catch((e: Error) => {
      throw new Error(
        `${inWords(record)}, left behind by a run that was cut off, could not be removed with ` +
          `the token of the stack's configuration: ${e.message}\n` +
          "  Remove it with a token of its zone, and run `pulumi up` again:\n" +
          `  ${api.deletion(route(record.id))}`,
      );
    });
  return ours.map(inWords);
}
