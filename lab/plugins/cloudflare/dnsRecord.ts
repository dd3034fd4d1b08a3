import type { DnsRecord, DnsRecordArgs } from "@pulumi/cloudflare/dnsRecord.js";
import { resource } from "../handler.ts";
import type { InputsOf, OutputsOf } from "../handler.ts";
import type { Properties } from "../properties.ts";
import type { Failure } from "../validation.ts";
import type { Value, Values } from "../values.ts";
import { CloudflareError, request } from "./api.ts";
import { inSdkNames } from "./names.ts";

type Inputs = InputsOf<DnsRecordArgs>;
type State = OutputsOf<DnsRecord>;

const types = [
  "A",
  "AAAA",
  "CNAME",
  "MX",
  "NS",
  "OPENPGPKEY",
  "PTR",
  "TXT",
  "CAA",
  "CERT",
  "DNSKEY",
  "DS",
  "HTTPS",
  "LOC",
  "NAPTR",
  "SMIMEA",
  "SRV",
  "SSHFP",
  "SVCB",
  "TLSA",
  "URI",
];
/** The parts of a service record; other types with parts have no use here. */
const dataFields: Properties = { port: {}, priority: {}, target: {}, weight: {} };
/** What a request's body takes over from the inputs as it is. */
const given = ["name", "type", "ttl", "content", "priority", "comment", "tags"] as const;

const properties: Properties = {
  comment: {},
  commentModifiedOn: { output: true, renewed: true },
  content: { computed: true, conflicts: ["data"] },
  createdOn: { output: true },
  data: { fields: dataFields },
  meta: { output: true, renewed: true },
  modifiedOn: { output: true, renewed: true },
  name: { required: true },
  priority: {},
  proxiable: { output: true },
  proxied: { default: false },
  settings: { output: true },
  tags: { computed: true, set: true },
  tagsModifiedOn: { output: true, renewed: true },
  ttl: { required: true },
  type: { required: true, replaces: true, oneOf: types },
  zoneId: { required: true, replaces: true },
};

/**
 * `cloudflare:index/dnsRecord:DnsRecord`. Like the official one: create is POST, a refresh GETs by
 * id, every update is a PUT of the whole record, and a DELETE that is answered with anything but
 * success fails, "not found" too.
 */
export const dnsRecord = resource<Inputs, State>({
  properties,

  check(inputs, name): Failure[] {
    if (inputs.proxied !== true || inputs.ttl === undefined || inputs.ttl === 1) return [];
    return [
      {
        reason:
          "Invalid Attribute Combination. ttl must be set to 1 when `proxied` is true " +
          `(got ${inputs.ttl}). Examine values at '${name}.ttl'.`,
      },
    ];
  },

  async create(inputs, call) {
    const record = await saying("failed to make http request", () =>
      request("POST", `zones/${inputs.zoneId}/dns_records`, bodyOf(inputs), call),
    );
    return { id: String(record.id ?? ""), state: asAsked(record, inputs) };
  },

  async read(id, state, call) {
    const { zoneId, recordId } = placeOf(id, state);
    try {
      return stateOf(
        await request("GET", `zones/${zoneId}/dns_records/${recordId}`, undefined, call),
        zoneId,
      );
    } catch (error) {
      if (error instanceof CloudflareError && error.status === 404) return undefined;
      throw error;
    }
  },

  async update(id, state, inputs, _changed, call) {
    // A record made of `data` has a content too; the official provider sends the old one along, and
    // the API goes by the data.
    const body = { ...(state.content ? { content: state.content } : {}), ...bodyOf(inputs) };
    const record = await saying("failed to make http request", () =>
      request("PUT", `zones/${inputs.zoneId}/dns_records/${id}`, body, call),
    );
    return asAsked(record, inputs);
  },

  async remove(id, state, call) {
    await saying("failed to make http request", () =>
      request("DELETE", `zones/${state.zoneId}/dns_records/${id}`, undefined, call),
    );
  },
});

/** An import names both: zone/record. */
function placeOf(id: string, state: State): { zoneId: string; recordId: string } {
  const [zoneId, recordId, ...more] = id.includes("/") ? id.split("/") : [state.zoneId, id];
  if (!zoneId || !recordId || more.length > 0)
    throw new Error(
      'invalid ID: expected urlencoded segments "<zone_id>/<dns_record_id>", ' +
        `got ${JSON.stringify(id)}`,
    );
  return { zoneId, recordId };
}

async function saying<T>(what: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw new Error(`${what}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function bodyOf(inputs: Inputs): Values {
  const plain = inputs as unknown as Values;
  return {
    ...Object.fromEntries(
      given.flatMap((key): [string, Value | undefined][] =>
        plain[key] === undefined ? [] : [[key, plain[key]]],
      ),
    ),
    proxied: inputs.proxied ?? false,
    ...(inputs.data ? { data: inputs.data as unknown as Values } : {}),
  };
}

/**
 * The state after a change: with the name that was asked for, also where the API has put the zone's
 * behind it; only a refresh shows that.
 */
function asAsked(record: Values, inputs: Inputs): State {
  return { ...stateOf(record, inputs.zoneId), name: inputs.name };
}

function stateOf(record: Values, zoneId: string): State {
  const camel = inSdkNames(record);
  const {
    comment,
    content,
    createdOn,
    modifiedOn,
    name,
    priority,
    proxiable,
    proxied,
    ttl,
    type,
    commentModifiedOn,
    tagsModifiedOn,
    tags,
    settings,
    meta,
    data,
  } = camel;
  const state: Values = {
    ...(comment ? { comment } : {}),
    ...(commentModifiedOn ? { commentModifiedOn } : {}),
    id: record.id ?? "",
    content: content ?? "",
    createdOn: createdOn ?? "",
    ...(data ? { data } : {}),
    meta: JSON.stringify(meta ?? {}),
    modifiedOn: modifiedOn ?? "",
    name: name ?? "",
    ...(typeof priority === "number" ? { priority } : {}),
    proxiable: proxiable ?? false,
    proxied: proxied ?? false,
    settings: settings ?? {},
    tags: tags ?? [],
    ...(tagsModifiedOn ? { tagsModifiedOn } : {}),
    ttl: ttl ?? 1,
    type: type ?? "",
    zoneId,
  };
  return state as unknown as State;
}
