import { isIPv4, isIPv6 } from "node:net";
import { recordTypes } from "../dns/answers.ts";
import type { RecordType } from "../dns/answers.ts";
import { Refusal, validationError } from "./failure.ts";
import type { ApiError } from "./failure.ts";
import type { RecordFields, SrvData } from "./records.ts";

/** Types whose traffic Cloudflare can carry itself. */
const proxiableTypes: readonly string[] = ["A", "AAAA", "CNAME"];

/**
 * Reads the body of POST and PUT, and of PATCH laid over the record it changes, by Cloudflare's
 * rules. Nulls count as left out, unknown fields are ignored, the content of SRV comes from `data`
 * whatever the body's content says, and a name outside the zone gets the zone's behind it. Throws
 * Refusal with every error found.
 */
export function readRecord(
  body: Readonly<Record<string, unknown>>,
  zoneName: string,
): RecordFields {
  const errors: ApiError[] = [];
  const name = readName(body["name"], zoneName, errors);
  const type = readType(body["type"], errors);
  const ttl = readTtl(body["ttl"], errors);
  const comment = readComment(body["comment"], errors);
  const data = type === "SRV" ? readSrv(body["data"], errors) : undefined;
  const content = data
    ? `${data.weight} ${data.port} ${data.target}`
    : type === undefined || type === "SRV"
      ? ""
      : readContent(type, body["content"], errors);
  const proxied = readProxied(body["proxied"], type, content, errors);
  if (Array.isArray(body["tags"]) && body["tags"].length > 0)
    errors.push(
      validationError(
        9300,
        `DNS record has ${body["tags"].length} tags, exceeding the quota of 0.`,
      ),
    );
  if (errors.length > 0 || type === undefined) throw new Refusal(400, errors);
  return {
    name,
    type,
    content,
    ttl: proxied ? 1 : ttl,
    proxied,
    comment,
    ...(data ? { data, priority: data.priority } : {}),
  };
}

/** Whether Cloudflare would carry the traffic of such a record itself. */
export function isProxiable(type: string, content: string): boolean {
  return proxiableTypes.includes(type) && !isPrivate(content);
}

function readName(value: unknown, zoneName: string, errors: ApiError[]): string {
  const given = typeof value === "string" ? value.trim().toLowerCase().replace(/\.$/, "") : "";
  const name =
    given === "@"
      ? zoneName
      : given === zoneName || given.endsWith(`.${zoneName}`)
        ? given
        : `${given}.${zoneName}`;
  const sound =
    given !== "" &&
    name.length <= 253 &&
    name.split(".").every((label) => label === "*" || /^[a-z0-9_-]{1,63}$/.test(label));
  if (!sound) errors.push(validationError(9000, "DNS name is invalid."));
  return name;
}

function readType(value: unknown, errors: ApiError[]): RecordType | undefined {
  const type = recordTypes.find((known) => known === value);
  if (type === undefined)
    errors.push(
      validationError(
        9002,
        `DNS record type ${JSON.stringify(value) ?? "(none)"} is not served by the lab, ` +
          `which knows ${recordTypes.join(", ")}.`,
      ),
    );
  return type;
}

function readTtl(value: unknown, errors: ApiError[]): number {
  if (value === undefined || value === null) return 1;
  if (
    typeof value === "number" &&
    Number.isInteger(value) &&
    (value === 1 || (value >= 60 && value <= 86_400))
  )
    return value;
  errors.push(
    validationError(9021, "TTL must be between 60 and 86400 seconds, or 1 for Automatic."),
  );
  return 1;
}

function readComment(value: unknown, errors: ApiError[]): string | null {
  if (value === undefined || value === null || value === "") return null;
  if (typeof value !== "string" || /[\r\n]/.test(value))
    errors.push(validationError(9312, "DNS record comment must be text without line breaks."));
  else if ([...value].length > 100)
    errors.push({
      code: 9313,
      message: "DNS record comment exceeds the maximum length of 100 characters.",
    });
  return String(value);
}

function readContent(type: RecordType, value: unknown, errors: ApiError[]): string {
  const content = typeof value === "string" ? value.trim() : "";
  switch (type) {
    case "A":
      if (!isIPv4(content))
        errors.push({ code: 9005, message: "Content for A record must be a valid IPv4 address." });
      return content;
    case "AAAA":
      if (!isIPv6(content))
        errors.push({
          code: 9006,
          message: "Content for AAAA record must be a valid IPv6 address.",
        });
      return content.toLowerCase();
    case "CNAME": {
      const target = content.toLowerCase().replace(/\.$/, "");
      if (!isHostName(target) || isIPv4(target))
        errors.push(validationError(9007, "Content for CNAME record is invalid."));
      return target;
    }
    default:
      if (content === "")
        errors.push(validationError(9008, `Content for ${type} record must not be empty.`));
      return content;
  }
}

function readSrv(value: unknown, errors: ApiError[]): SrvData | undefined {
  const data =
    typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const missing = ["priority", "weight", "port", "target"].filter(
    (field) => data[field] === undefined || data[field] === null,
  );
  errors.push(
    ...missing.map((field) => ({ code: 9101, message: `${field} is a required data field.` })),
  );
  if (missing.length > 0) return undefined;
  const [priority, weight, port] = ["priority", "weight", "port"].map((field) =>
    Number(data[field]),
  );
  for (const [field, number] of Object.entries({ priority, weight, port })) {
    if (
      typeof data[field] !== "number" ||
      !Number.isInteger(number) ||
      Number(number) < 0 ||
      Number(number) > 65_535
    )
      errors.push(validationError(9102, `${field} must be a whole number between 0 and 65535.`));
  }
  const target = String(data["target"])
    .trim()
    .toLowerCase()
    .replace(/(?<=.)\.$/, "");
  if (target !== "." && !isHostName(target))
    errors.push(validationError(9103, "target must be a valid host name."));
  return { priority: priority ?? 0, weight: weight ?? 0, port: port ?? 0, target };
}

function readProxied(
  value: unknown,
  type: RecordType | undefined,
  content: string,
  errors: ApiError[],
): boolean {
  if (value === undefined || value === null || value === false) return false;
  if (value !== true)
    errors.push(validationError(9003, "Invalid 'proxied' value, must be a boolean."));
  else if (type !== undefined && !proxiableTypes.includes(type))
    errors.push({ code: 9004, message: "This record type cannot be proxied." });
  else if (isPrivate(content))
    errors.push({ code: 9003, message: `Target ${content} is not allowed for a proxied record.` });
  return true;
}

function isHostName(name: string): boolean {
  return (
    name.length > 0 &&
    name.length <= 253 &&
    name.split(".").every((label) => /^[a-z0-9_-]{1,63}$/.test(label))
  );
}

/**
 * Addresses nobody can reach from outside, which Cloudflare therefore refuses to stand in front of.
 */
function isPrivate(content: string): boolean {
  if (!isIPv4(content)) return /^(::1?$|f[cd]|fe[89ab])/i.test(content) && isIPv6(content);
  const [first = 0, second = 0] = content.split(".").map(Number);
  return (
    first === 0 ||
    first === 10 ||
    first === 127 ||
    (first === 172 && second >= 16 && second < 32) ||
    (first === 192 && second === 168) ||
    (first === 169 && second === 254) ||
    (first === 100 && second >= 64 && second < 128)
  );
}
