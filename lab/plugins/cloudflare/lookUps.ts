import type { Lookup } from "../handler.ts";
import { isObject } from "../values.ts";
import type { Value, Values } from "../values.ts";
import { request, requestList } from "./api.ts";
import { inSdkNamesDeep } from "./names.ts";

/** Records the official look-up returns at most, unless told otherwise. */
const defaultMaxItems = 1000;
/** Filters with parts: `name: { exact }` is asked for as `name.exact`. */
const partedFilters = ["comment", "content", "name", "tag"];
const plainFilters = ["direction", "match", "order", "proxied", "search", "type"];

/**
 * `cloudflare.getDnsRecords`: the records of a zone that fit. Pages until one is empty or enough
 * are there, as the official one does; what the program leaves out is not asked for.
 */
export const getDnsRecords: Lookup = async (args, call) => {
  const query = filtersFrom(args);
  const most = Number(args.maxItems ?? 0) > 0 ? Number(args.maxItems) : defaultMaxItems;
  const found: Values[] = [];
  for (let page = 1; found.length < most; page++) {
    query.set("page", String(page));
    const records = await requestList(`zones/${args.zoneId}/dns_records?${query}`, call);
    if (records.length === 0) break;
    found.push(...records);
  }
  const results = found.slice(0, most).map((record) => {
    const { meta, ...rest } = record;
    return { ...(inSdkNamesDeep(rest) as Values), meta: JSON.stringify(meta ?? {}) };
  });
  return { ...args, results };
};

/** `cloudflare.getZone`: by its ID, or the one zone that fits the filter. */
export const getZone: Lookup = async (args, call) => {
  const id = isObject(args.filter) ? await onlyZone(args.filter, call) : String(args.zoneId ?? "");
  const zone = inSdkNamesDeep(await request("GET", `zones/${id}`, undefined, call)) as Values;
  return { ...args, ...zone, zoneId: zone.id };
};

async function onlyZone(filter: Values, call: Parameters<Lookup>[1]): Promise<string> {
  const query = new URLSearchParams();
  for (const key of ["name", "status"]) if (filter[key]) query.set(key, String(filter[key]));
  const zones = await requestList(`zones?${query}`, call);
  if (zones.length !== 1)
    throw new Error(`failed to find exactly one result: ${zones.length} found`);
  return String(zones[0]?.id);
}

function filtersFrom(args: Values): URLSearchParams {
  const query = new URLSearchParams();
  const add = (key: string, value: Value | undefined) => {
    if (value !== undefined && value !== null) query.set(key, String(value));
  };
  for (const key of plainFilters) add(key, args[key]);
  for (const key of partedFilters) {
    const parts = args[key];
    if (isObject(parts))
      for (const [how, value] of Object.entries(parts)) add(`${key}.${how}`, value as Value);
  }
  return query;
}
