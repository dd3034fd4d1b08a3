/**
 * Whether a cluster still serves. A destroy first withdraws the records by which clients find it,
 * then its health, and much later what it was founded with; so where both are gone, a destroy was
 * cut short, and what decides a founding may be made again around the disks that are left.
 */
import type * as pulumi from "@pulumi/pulumi";
import { recordsNamed } from "../dns/cloudflareLookUps.ts";
import { savedUrns } from "../recovery/savedState.ts";

export interface Serving {
  /** The cluster's logical name. */
  readonly name: string;
  /** Name of the records by which clients find it. */
  readonly clientSrv: string;
  readonly zoneId: string;
  /** Its mark on records. */
  readonly comment: string;
}

/** What says that it does, in words, or "". A state that cannot be asked counts as such. */
export async function whyInService(
  { name, clientSrv, zoneId, comment }: Serving,
  parent: pulumi.Resource,
): Promise<string> {
  const urns = await savedUrns();
  if (!urns) return "the saved state cannot be asked whether it was healthy";
  if (urns.some((urn) => urn.endsWith(`::${name}-health`))) return "the state holds its health";
  const records = await recordsNamed(zoneId, { exact: clientSrv }, { parent });
  return records.some((record) => record.comment === comment)
    ? `${clientSrv} sends clients to it`
    : "";
}
