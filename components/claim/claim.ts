/**
 * The claim: a TXT record that says in public, and before anything else is made, which stack a
 * domain's names belong to. Its content is the same everywhere and Cloudflare refuses a second
 * identical record (81058), so of two stacks the first wins; its comment names the owner.
 *
 *   before it is made  everything at our names that is not ours refuses; so does a domain that
 *                      lies outside the zone
 *   after it is made,  it must be found under the name that was wanted, with our comment:
 *   and before any     Cloudflare puts a name outside the zone below the zone, and with a token
 *   name or address    that may not read the zone only this tells
 */
import * as pulumi from "@pulumi/pulumi";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import type { ClusterContext } from "../clusterContext.ts";
import { recordsNamed, zoneNameOf } from "../dns/cloudflareLookUps.ts";
import { textRecord } from "../dns/records.ts";
import { cloudflareApi } from "../recovery/cloudflareApi.ts";
import type { Settings } from "../settings/settings.ts";
import { type Asking, missingWords, outsideWords, takenWords } from "./claimWording.ts";
import { askedNames, isInZone, takenNames } from "./takenNames.ts";

/** What everything that is made under the names waits for. */
export interface Claim {
  readonly record: DnsRecord;
  /** Runs before a name or an address is made: refuses where the claim is not there. */
  readonly stands: pulumi.ResourceHook;
}

/** The same for all, so that the second is refused. */
const content = "etcd cluster of one owner; its comment names it";

/** What publishes a name, or is made only to have one. */
const named = ["cloudflare:index/dnsRecord:DnsRecord", "aws:ec2/networkInterface:NetworkInterface"];

/** Claims the domain. What is made before it (`context.options`) must make nothing in a cloud. */
export function claimOf(context: ClusterContext, settings: Settings): Claim {
  const { name, names, ownership, options } = context;
  const { zoneId, ttl } = settings;
  const { comment } = ownership;
  const look = new pulumi.ResourceHook(
    `${name}-names-are-free`,
    async ({ newInputs }) => {
      // A preview may not know the zone; without a comment, nothing of this stack exists.
      const known = pulumi.runtime.isDryRun() ? newInputs : await valueOf({ zoneId, comment });
      if (typeof known?.zoneId !== "string") return;
      const mark = typeof known.comment === "string" ? known.comment : undefined;
      await refuseTaken(context, Object.keys(settings.nodes), known.zoneId, mark);
    },
    { onDryRun: true },
  );
  let standing: Promise<void> | undefined;
  const stands = new pulumi.ResourceHook(`${name}-claim-stands`, async ({ type }) => {
    if (!named.includes(type)) return;
    standing ??= valueOf({ zoneId, comment }).then((known) => refuseUnclaimed(context, known));
    await standing;
  });
  const record = new DnsRecord(
    `${name}-claim`,
    { zoneId, ttl, comment, ...textRecord(names.claim, content) },
    options.with({
      // Another domain is another claim: its names are looked at, too.
      replaceOnChanges: ["name"],
      deleteBeforeReplace: true,
      hooks: { beforeCreate: [look], afterCreate: [stands] },
    }),
  );
  return { record, stands };
}

async function refuseTaken(
  { names: { domain }, options }: ClusterContext,
  members: readonly string[],
  zoneId: string,
  comment: string | undefined,
): Promise<void> {
  const zone = await zoneNameOf(zoneId, options.parentOnly);
  if (zone && !isInZone(domain, zone)) throw new Error(outsideWords(domain, zone, zoneId));
  const place = { domain, members, zone };
  const records = await Promise.all(
    askedNames(place).map((exact) => recordsNamed(zoneId, { exact }, options.parentOnly)),
  );
  const taken = takenNames(place, records.flat(), comment);
  if (taken.length) throw new Error(takenWords(taken, asking(domain, zoneId)));
}

/** Records that begin like the claim are its own name, and what a zone was put behind. */
async function refuseUnclaimed(
  { names, options }: ClusterContext,
  { zoneId, comment }: { readonly zoneId: string; readonly comment: string },
): Promise<void> {
  const { claim, domain } = names;
  const found = await recordsNamed(zoneId, { startswith: claim }, options.parentOnly);
  const ours = found.filter((record) => record.comment === comment);
  if (ours.some((record) => record.name === claim)) return;
  const [elsewhere] = ours;
  if (elsewhere)
    throw new Error(outsideWords(domain, elsewhere.name.slice(claim.length + 1), zoneId));
  const taken = found.filter((record) => record.name === claim).map((record) => ({ record }));
  throw new Error(
    taken.length ? takenWords(taken, asking(domain, zoneId)) : missingWords(claim, zoneId),
  );
}

function asking(domain: string, zoneId: string): Asking {
  const { deletion } = cloudflareApi((key) => pulumi.runtime.getConfig(key), "");
  return {
    domain,
    zoneId,
    project: pulumi.getProject(),
    stack: pulumi.getStack(),
    removal: (id) => deletion(`zones/${zoneId}/dns_records/${id}`),
  };
}

/** Values that are there before a hook that wants them can run. */
function valueOf<T extends object>(inputs: T): Promise<pulumi.Unwrap<T>> {
  return new Promise((resolve) => pulumi.output(inputs).apply(resolve));
}
