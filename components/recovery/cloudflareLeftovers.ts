/** DNS records that a cut-off run left behind, through Cloudflare's API. */
import { isClientSrvName } from "../names.ts";
import { cloudflareApi } from "./cloudflareApi.ts";
import type { Setting } from "../engine/resource.ts";

const forWhat = "for records that an earlier run may have left";

/** A record as the API lists it, as far as it matters here. */
export interface ListedRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly comment?: string | null;
  readonly proxied?: boolean;
  readonly data?: ServiceData;
}

/** What an SRV record says. */
export interface ServiceData {
  readonly target?: string;
  readonly port?: number;
  readonly priority?: number;
  readonly weight?: number;
}

/** What is about to be made. */
export interface WantedRecord {
  readonly zoneId?: string;
  readonly name?: string;
  readonly type?: string;
  readonly content?: string;
  readonly comment?: string;
  readonly data?: ServiceData;
}

/**
 * Among records of the same name and type: ours to remove, and those of others that Cloudflare
 * would refuse ours for. Pure. Ours is only what bears exactly our mark; an A record that changed
 * its address is still ours.
 */
export function sortRecords(
  wanted: WantedRecord,
  listed: readonly ListedRecord[],
): { ours: ListedRecord[]; foreign: ListedRecord[] } {
  const sameName = listed.filter((r) => r.name === wanted.name && r.type === wanted.type);
  // An SRV record that differs in weight or priority only is another record to Cloudflare: it is
  // made, and the gate names the duplicate.
  const service = (data: ServiceData = {}) =>
    `${data.priority} ${data.weight} ${data.port} ${data.target}`;
  const sameThing = (r: ListedRecord) =>
    wanted.type === "SRV" ? service(r.data) === service(wanted.data) : r.content === wanted.content;
  const marked = (r: ListedRecord) => Boolean(wanted.comment) && r.comment === wanted.comment;
  return {
    ours: sameName.filter(
      (r) => marked(r) && (wanted.type === "SRV" ? r.data?.target === wanted.data?.target : true),
    ),
    foreign: sameName.filter((r) => !marked(r) && sameThing(r)),
  };
}

/** Every record of the zone with exactly this comment. */
export async function markedRecords(
  zoneId: string,
  comment: string,
  setting: Setting,
): Promise<ListedRecord[]> {
  const api = cloudflareApi(setting, forWhat);
  const listed: ListedRecord[] = [];
  const perPage = 100;
  for (let page = 1, last = perPage; last === perPage; page++) {
    const query = new URLSearchParams({
      "comment.exact": comment,
      per_page: String(perPage),
      page: String(page),
    });
    const found = (await api.call("GET", `zones/${zoneId}/dns_records?${query}`)) as ListedRecord[];
    listed.push(...found);
    last = found.length;
  }
  // the API's filter knows no upper case
  return listed.filter((record) => record.comment === comment);
}

/**
 * Removes records in the order in which members leave: client SRV, peer SRV, A. Returns them in
 * words, beside a line and a command for each that could not be removed.
 */
export async function removeRecords(
  zoneId: string,
  records: readonly ListedRecord[],
  setting: Setting,
): Promise<{ removed: string[]; left: string[] }> {
  const api = cloudflareApi(setting, forWhat);
  const removed: string[] = [];
  const left: string[] = [];
  for (const record of inLeavingOrder(records)) {
    const route = `zones/${zoneId}/dns_records/${record.id}`;
    try {
      await api.call("DELETE", route, 404);
      removed.push(inWords(record));
    } catch (e) {
      left.push(`${inWords(record)}: ${(e as Error).message}\n    ${api.deletion(route)}`);
    }
  }
  return { removed, left };
}

/**
 * A line and a command for each record, where none may be removed: EC2 did not tell which account
 * it was asked in, so it is not known whether machines live by them.
 */
export function commandsFor(
  zoneId: string,
  records: readonly ListedRecord[],
  setting: Setting,
): string[] {
  const api = cloudflareApi(setting, forWhat);
  return inLeavingOrder(records).map(
    (record) =>
      `${inWords(record)}: no machine is seen, but EC2 did not tell of which account\n` +
      `    ${api.deletion(`zones/${zoneId}/dns_records/${record.id}`)}`,
  );
}

/** No name may outlive what it points to, clients go first, and the claim last. Pure. */
export function inLeavingOrder(records: readonly ListedRecord[]): ListedRecord[] {
  const rank = ({ name, type }: ListedRecord) =>
    type === "TXT" ? 3 : type !== "SRV" ? 2 : isClientSrvName(name) ? 0 : 1;
  return [...records].sort((a, b) => rank(a) - rank(b));
}

/** A record in words. Pure. */
export function inWords({ name, type, content }: ListedRecord): string {
  return `the DNS record ${name} ${type} ${content}`;
}
