/** DNS records that a cut-off run left behind, through Cloudflare's API. */
import * as pulumi from "@pulumi/pulumi";

/** A record as the API lists it, as far as it matters here. */
export interface ListedRecord {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly content: string;
  readonly comment?: string | null;
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
 * Among records of the same name and type: ours to remove, and those of others that Cloudflare would refuse ours for. Pure.
 * Ours is only what bears exactly our mark; an A record that changed its address is still ours.
 */
export function sortRecords(wanted: WantedRecord, listed: readonly ListedRecord[]): { ours: ListedRecord[]; foreign: ListedRecord[] } {
  const sameName = listed.filter((r) => r.name === wanted.name && r.type === wanted.type);
  // An SRV record that differs in weight or priority only is another record to Cloudflare: it is made, and the gate names the duplicate.
  const service = (data: ServiceData = {}) => `${data.priority} ${data.weight} ${data.port} ${data.target}`;
  const sameThing = (r: ListedRecord) => (wanted.type === "SRV" ? service(r.data) === service(wanted.data) : r.content === wanted.content);
  const marked = (r: ListedRecord) => Boolean(wanted.comment) && r.comment === wanted.comment;
  return {
    ours: sameName.filter((r) => marked(r) && (wanted.type === "SRV" ? r.data?.target === wanted.data?.target : true)),
    foreign: sameName.filter((r) => !marked(r) && sameThing(r)),
  };
}

/** Removes what is ours. @throws Error when an identical record bears no mark of ours, with the command that removes it. */
export async function removeOrphanRecord(wanted: WantedRecord): Promise<string[]> {
  const { ours, foreign } = sortRecords(wanted, await list(wanted));
  const [other] = foreign;
  if (other) {
    throw new Error(`${wanted.name} ${wanted.type} ${wanted.data?.target ?? wanted.content} exists at Cloudflare already and does not bear this stack's mark (its comment: ${JSON.stringify(other.comment ?? "")}), so it is left alone.\n` +
      `  Another stack or tool may live by it. If nothing does, remove it and run \`pulumi up\` again:\n` +
      `  curl -X DELETE -H "Authorization: Bearer $CLOUDFLARE_API_TOKEN" ${apiBase()}/zones/${wanted.zoneId}/dns_records/${other.id}`);
  }
  for (const record of ours) await call("DELETE", `zones/${wanted.zoneId}/dns_records/${record.id}`, [404]);
  return ours.map((r) => `the DNS record ${r.name} ${r.type} ${r.content}`);
}

async function list(wanted: WantedRecord): Promise<ListedRecord[]> {
  const query = new URLSearchParams({ "name.exact": wanted.name ?? "", type: wanted.type ?? "", per_page: "100" });
  return (await call("GET", `zones/${wanted.zoneId}/dns_records?${query}`, [])) as ListedRecord[];
}

/** With the same address and token as the provider. Five tries, ten seconds each; an answer's retry-after is honoured up to a minute. */
async function call(method: string, route: string, accepted: readonly number[]): Promise<unknown> {
  const base = apiBase();
  const token = (pulumi.runtime.getConfig("cloudflare:apiToken") ?? process.env.CLOUDFLARE_API_TOKEN ?? "").trim();
  let why = "";
  for (let attempt = 0; attempt < 5; attempt++) {
    try {
      const reply = await fetch(`${base}/${route}`, { method, headers: token ? { authorization: `Bearer ${token}` } : {}, signal: AbortSignal.timeout(10_000) });
      if (reply.ok) return ((await reply.json()) as { result: unknown }).result;
      if (accepted.includes(reply.status)) return undefined;
      why = `${reply.status} ${(await reply.text()).slice(0, 300)}`;
      if (reply.status !== 429 && reply.status < 500) break;
      await pause(Math.min(Number(reply.headers.get("retry-after")) || 2 ** attempt / 2, 60));
    } catch (error) {
      why = (error as Error).message;
      await pause(2 ** attempt / 2);
    }
  }
  throw new Error(`Cloudflare could not be asked for records that an earlier run may have left (${method} ${route.split("?")[0]}): ${why}`);
}

function apiBase(): string {
  return (new pulumi.Config("cloudflare").get("baseUrl") ?? process.env.CLOUDFLARE_BASE_URL ?? "https://api.cloudflare.com/client/v4").replace(/\/+$/, "");
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}
