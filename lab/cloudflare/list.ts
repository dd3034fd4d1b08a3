import { refuse } from "./failure.ts";
import type { DnsRecord } from "./records.ts";

/** One page of a list, with what the API says about it. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly info: {
    readonly page: number;
    readonly per_page: number;
    readonly count: number;
    readonly total_count: number;
    readonly total_pages: number;
  };
}

const fields = ["name", "type", "content", "comment"] as const;
/** Parameters that are no filters, and read below. */
const elsewhere = ["match", "order", "direction", "page", "per_page"];
const orders = ["name", "type", "content", "ttl", "proxied"] as const;

/**
 * The records a list request asks for: filters `name`, `type`, `content`, `comment`, the text ones
 * also as `name.exact`, `.contains`, `.startswith`, `.endswith`, joined by `match` (all or any),
 * `proxied` (true or false), then `order` and `direction`. Throws Refusal for what nothing here
 * reads: the real one filters by more, and a list of all records would pass for its answer.
 */
export function select(
  records: readonly DnsRecord[],
  query: Readonly<Record<string, string>>,
): DnsRecord[] {
  const tests = Object.entries(query).flatMap(([key, wanted]) => {
    const [name, how = "exact"] = key.split(".");
    if (key === "proxied") return [(record: DnsRecord) => String(record.proxied) === wanted];
    const field = fields.find((candidate) => candidate === name);
    if (field) return [(record: DnsRecord) => compare(record[field], how, wanted)];
    if (elsewhere.includes(key)) return [];
    throw refuse(400, 1004, `the lab's list of records does nothing with ${key} (got ${wanted})`);
  });
  const any = query["match"] === "any" && tests.length > 0;
  const found = records.filter((record) =>
    any ? tests.some((test) => test(record)) : tests.every((test) => test(record)),
  );
  const order = orders.find((candidate) => candidate === query["order"]) ?? "type";
  const sign = query["direction"] === "desc" ? -1 : 1;
  return found.sort(
    (a, b) =>
      sign *
      (text(a[order]).localeCompare(text(b[order])) ||
        a.name.localeCompare(b.name) ||
        a.content.localeCompare(b.content)),
  );
}

/**
 * Cuts a page out of a list: `page` from 1, `per_page` 100 unless given. Throws Refusal for
 * anything else than whole numbers of 1 or more.
 */
export function paginate<T>(items: readonly T[], query: Readonly<Record<string, string>>): Page<T> {
  const page = wholeNumber("page", query["page"] ?? "1");
  const per_page = wholeNumber("per_page", query["per_page"] ?? "100");
  const shown = items.slice((page - 1) * per_page, page * per_page);
  return {
    items: shown,
    info: {
      page,
      per_page,
      count: shown.length,
      total_count: items.length,
      total_pages: Math.ceil(items.length / per_page),
    },
  };
}

function compare(value: string | null, how: string, wanted: string): boolean {
  const have = (value ?? "").toLowerCase();
  const want = wanted.toLowerCase();
  switch (how) {
    case "exact":
      return have === want;
    case "contains":
      return have.includes(want);
    case "startswith":
      return have.startsWith(want);
    case "endswith":
      return have.endsWith(want);
    case "present":
      return value !== null;
    case "absent":
      return value === null;
    default:
      throw refuse(
        400,
        1004,
        `the lab knows no filter .${how}; it knows .exact, .contains, .startswith, ` +
          ".endswith, .present, .absent",
      );
  }
}

function text(value: string | number | boolean): string {
  return typeof value === "number" ? String(value).padStart(6, "0") : String(value);
}

function wholeNumber(name: string, value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value))
    throw refuse(400, 1004, `${name} must be a whole number of 1 or more (got ${value})`);
  return Number(value);
}
