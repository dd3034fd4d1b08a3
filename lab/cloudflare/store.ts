import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { type ZoneName, zone } from "../addresses.ts";
import { labDir } from "../paths.ts";
import { refuse } from "./failure.ts";
import type { DnsRecord, RecordFields } from "./records.ts";
import { isProxiable, readRecord } from "./validate.ts";

/** Where the records are kept: they are the truth, and the nameservers are made equal to them. */
export const recordFile = path.join(labDir, "cloudflare.json");
/** Those of the other zone, which nobody publishes. */
export const otherRecordFile = path.join(labDir, "cloudflare-other.json");

const sameName =
  "For more details, refer to " +
  "<https://developers.cloudflare.com/dns/manage-dns-records/troubleshooting/records-with-same-name/>.";

/** The records as last written down; none before the first. */
export function loadRecords(file: string = recordFile): DnsRecord[] {
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as DnsRecord[]) : [];
}

/**
 * The records of a zone. Every change is checked and made in one go, without waiting for anything
 * in between, so that two identical requests at the same time cannot both succeed, and is on disk
 * before it returns.
 */
export class RecordStore {
  readonly zone: ZoneName;
  #records: DnsRecord[];
  readonly #save: (records: readonly DnsRecord[]) => void;
  readonly #now: () => Date;

  /** `save` is called with all records after every change. `of`: the lab's zone unless given. */
  constructor(
    records: readonly DnsRecord[],
    save: (records: readonly DnsRecord[]) => void,
    now: () => Date = () => new Date(),
    of: ZoneName = zone,
  ) {
    this.zone = of;
    this.#records = [...records];
    this.#save = save;
    this.#now = now;
  }

  list(): readonly DnsRecord[] {
    return this.#records;
  }

  /** Throws Refusal 81044 when there is none with that id. */
  get(id: string): DnsRecord {
    const record = this.#records.find((candidate) => candidate.id === id);
    if (!record) throw refuse(404, 81044, "Record does not exist.");
    return record;
  }

  create(body: Readonly<Record<string, unknown>>): DnsRecord {
    const fields = readRecord(body, this.zone.name);
    this.#refuseConflict(fields);
    const time = this.#now().toISOString();
    const record = complete(fields, randomBytes(16).toString("hex"), time, time);
    this.#set([...this.#records, record]);
    return record;
  }

  /** PUT: the body is the whole record. */
  replace(id: string, body: Readonly<Record<string, unknown>>): DnsRecord {
    return this.#change(this.get(id), readRecord(body, this.zone.name));
  }

  /** PATCH: what the body leaves out stays. */
  patch(id: string, body: Readonly<Record<string, unknown>>): DnsRecord {
    const before = this.get(id);
    const data = { ...before.data, ...(body["data"] as object | null | undefined) };
    return this.#change(before, readRecord({ ...before, ...body, data }, this.zone.name));
  }

  delete(id: string): DnsRecord {
    const record = this.get(id);
    this.#set(this.#records.filter((other) => other !== record));
    return record;
  }

  #change(before: DnsRecord, fields: RecordFields): DnsRecord {
    this.#refuseConflict(fields, before.id);
    const after = complete(fields, before.id, before.created_on, this.#now().toISOString());
    this.#set(this.#records.map((record) => (record === before ? after : record)));
    return after;
  }

  #set(records: DnsRecord[]): void {
    this.#save(records);
    this.#records = records;
  }

  /**
   * Cloudflare's rules on records of one name. Which of two refusals applies follows the order seen
   * there: a second CNAME is 81053, not 81058.
   */
  #refuseConflict(fields: RecordFields, ownId?: string): void {
    const others = this.#records.filter(
      (record) => record.id !== ownId && record.name === fields.name,
    );
    if (
      fields.type === "CNAME" &&
      others.some((record) => ["A", "AAAA", "CNAME"].includes(record.type))
    ) {
      throw refuse(
        400,
        81053,
        `An A, AAAA, or CNAME record with that host already exists. ${sameName}`,
      );
    }
    if (fields.type !== "CNAME" && others.some((record) => record.type === "CNAME")) {
      throw refuse(400, 81054, `A CNAME record with that host already exists. ${sameName}`);
    }
    if (
      others.some(
        (record) =>
          record.type === fields.type &&
          record.content === fields.content &&
          record.priority === fields.priority,
      )
    ) {
      throw refuse(400, 81058, "An identical record already exists.");
    }
  }
}

/** Writes the records so that a crash leaves either the old or the new file. */
export function saveRecords(records: readonly DnsRecord[], file: string = recordFile): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(records, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

function complete(fields: RecordFields, id: string, created: string, modified: string): DnsRecord {
  return {
    id,
    ...fields,
    proxiable: isProxiable(fields.type, fields.content),
    settings: {},
    meta: {},
    tags: [],
    created_on: created,
    modified_on: modified,
  };
}
