import { Hono } from "hono";
import type { Context } from "hono";
import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { zone } from "../addresses.ts";
import type { ApiFailure, ApiRequest } from "../faults.ts";
import { Refusal, refuse } from "./failure.ts";
import type { ApiError } from "./failure.ts";
import { paginate, select } from "./list.ts";
import type { DnsRecord } from "./records.ts";
import type { RecordStore } from "./store.ts";
import { describeZone } from "./zone.ts";

type Env = { Bindings: HttpBindings; Variables: { about: string; store: RecordStore } };
type Status = 200 | 400 | 401 | 403 | 404 | 405 | 429 | 500;

export interface AppOptions {
  /** A store for each zone of the account. */
  readonly stores: readonly RecordStore[];
  /** The failure meant for a request, if any (FaultRegistry.takeApiFailure). */
  readonly takeFailure: (request: ApiRequest) => ApiFailure | undefined;
  /** Gets one readable line for every request. */
  readonly log: (line: string) => void;
}

/**
 * Cloudflare's v4 API as far as DNS records need it: same routes, envelope, codes and HTTP
 * statuses. Mounted at /client/v4. Long, because it is the list of all routes.
 */
export function cloudflareApp({ stores, takeFailure, log }: AppOptions): Hono<Env> {
  const app = new Hono<Env>().basePath("/client/v4");
  const records = `/zones/:zone/dns_records`;

  app.use(async (c, next) => {
    const start = performance.now();
    const body = await c.req.text();
    const failure = takeFailure({ method: c.req.method, path: c.req.path, body });
    let outcome: string;
    if (failure?.drop === "before-write") {
      cut(c);
      outcome = "connection cut before anything was done (fault)";
    } else if (failure?.status !== undefined) {
      c.res = failed(c, failure.status as Status, [faultError(failure.status)], failure.retryAfter);
      outcome = `${failure.status} (fault)`;
    } else {
      await next();
      outcome = `${c.res.status}${await firstError(c.res)}`;
      if (failure?.drop === "after-write") {
        cut(c);
        outcome = `${outcome}, connection cut before the answer (fault)`;
      }
    }
    const path = c.req.path.replace("/client/v4", "");
    log(
      [
        c.req.method.padEnd(6),
        stores.reduce((text, { zone: { id, name } }) => text.replace(id, name), path),
        c.get("about"),
        outcome,
        `${Math.round(performance.now() - start)} ms`,
      ]
        .filter(Boolean)
        .join("  "),
    );
  });
  app.use(async (c, next) => {
    checkToken(c.req.header("authorization"), c.req.path.endsWith("/user/tokens/verify"));
    await next();
  });

  app.get("/user/tokens/verify", (c) =>
    c.json({
      result: { id: "0e7cd1ab0000000000000000000000ff", status: "active" },
      success: true,
      errors: [],
      messages: [{ code: 10000, message: "This API Token is valid and active", type: null }],
    }),
  );
  app.get("/zones", (c) => {
    const { name, status } = c.req.query();
    const zones = stores
      .map((store) => describeZone(store.zone))
      .filter(
        (candidate) =>
          (name === undefined || candidate.name === name.toLowerCase()) &&
          (status === undefined || candidate.status === status),
      );
    const page = paginate(zones, { ...c.req.query(), per_page: c.req.query("per_page") ?? "20" });
    return c.json({ ...envelope(page.items), result_info: page.info });
  });
  app.use("/zones/:zone/*", async (c, next) => {
    const store = stores.find((candidate) => candidate.zone.id === c.req.param("zone"));
    if (!store) throw noSuchObject(c.req.path);
    c.set("store", store);
    await next();
  });
  app.get("/zones/:zone", (c) => c.json(envelope(describeZone(c.get("store").zone))));

  app.get(records, (c) => {
    const page = paginate(select(c.get("store").list(), c.req.query()), c.req.query());
    c.set("about", `${page.info.count} of ${page.info.total_count} records`);
    return c.json({ ...envelope(page.items), result_info: page.info });
  });
  app.post(records, async (c) => {
    const body = await readBody(c);
    return c.json(envelope(c.get("store").create(body)));
  });
  app.get(`${records}/:id`, (c) => c.json(envelope(noted(c, c.get("store").get(recordId(c))))));
  app.put(`${records}/:id`, async (c) => {
    const body = await readBody(c);
    return c.json(envelope(noted(c, c.get("store").replace(recordId(c), body))));
  });
  app.patch(`${records}/:id`, async (c) => {
    const body = await readBody(c);
    return c.json(envelope(noted(c, c.get("store").patch(recordId(c), body))));
  });
  app.delete(`${records}/:id`, (c) =>
    c.json(envelope({ id: noted(c, c.get("store").delete(recordId(c))).id })),
  );

  app.notFound((c) => {
    const known =
      /\/(zones|zones\/\w+|zones\/\w+\/dns_records|zones\/\w+\/dns_records\/\w+|user\/tokens\/verify)$/.test(
        c.req.path,
      );
    return known
      ? failed(c, 405, [
          { code: 7001, message: `Method ${c.req.method} not available for that URI.` },
        ])
      : failed(c, 404, [
          {
            code: 7000,
            message:
              "No route for that URI: the lab's Cloudflare has zones, dns_records and " +
              `user/tokens/verify, and was called with ${c.req.method} ${c.req.path}.`,
          },
        ]);
  });
  app.onError((error, c) => {
    if (error instanceof Refusal) return failed(c, error.status as Status, error.errors);
    log(
      `Cloudflare emulator failed at ${c.req.method} ${c.req.path}: ` +
        (error.stack ?? error.message),
    );
    return failed(c, 500, [
      { code: 500, message: `The lab's Cloudflare failed: ${error.message}` },
    ]);
  });
  return app;
}

function envelope(result: unknown) {
  return { result, success: true, errors: [], messages: [] };
}

function failed(
  c: Context<Env>,
  status: Status,
  errors: readonly ApiError[],
  retryAfter?: number,
): Response {
  return c.json(
    { result: null, success: false, errors, messages: [] },
    status,
    retryAfter === undefined ? {} : { "Retry-After": String(retryAfter) },
  );
}

function faultError(status: number): ApiError {
  if (status === 429)
    return { code: 971, message: "Please wait and consider throttling your request speed" };
  return { code: status, message: "Made to fail by a fault of the lab" };
}

/** Remembers for the log what a request is about. */
function noted(c: Context<Env>, record: DnsRecord): DnsRecord {
  c.set("about", describe(record));
  return record;
}

function describe({
  type,
  name,
  content,
  priority,
}: { readonly [K in "type" | "name" | "content" | "priority"]?: unknown }): string {
  return [type, name, priority, content]
    .filter((part) => part !== undefined && part !== null)
    .join(" ");
}

async function readBody(c: Context<Env>): Promise<Record<string, unknown>> {
  let body: unknown;
  try {
    body = await c.req.json();
  } catch {
    throw refuse(400, 6007, "Malformed JSON in request body");
  }
  if (typeof body !== "object" || body === null || Array.isArray(body))
    throw refuse(400, 9207, "Request body is invalid.");
  const { data, ...rest } = body as Record<string, unknown>;
  const srv = data as Record<string, unknown> | null | undefined;
  c.set(
    "about",
    describe(
      srv ? { ...rest, content: [srv["weight"], srv["port"], srv["target"]].join(" ") } : rest,
    ),
  );
  return body as Record<string, unknown>;
}

/** Cloudflare's ids are 32 hexadecimal digits; anything else is no route to it. */
function recordId(c: Context<Env>): string {
  const id = c.req.param("id") ?? "";
  if (!/^[0-9a-f]{32}$/.test(id)) throw noSuchObject(c.req.path);
  return id;
}

function noSuchObject(path: string): Refusal {
  return new Refusal(404, [
    {
      code: 7003,
      message: `Could not route to ${path}, perhaps your object identifier is invalid?`,
    },
    { code: 7000, message: "No route for that URI" },
  ]);
}

function checkToken(header: string | undefined, verifying: boolean): void {
  if (header === undefined)
    throw verifying
      ? refuse(400, 1001, 'Missing "Authorization" header')
      : refuse(400, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers");
  const token = /^Bearer ([0-9A-Za-z_-]{40,80})$/.exec(header)?.[1];
  if (token === undefined) {
    throw new Refusal(400, [
      {
        code: 6003,
        message: "Invalid request headers",
        error_chain: [{ code: 6111, message: "Invalid format for Authorization header" }],
      },
    ]);
  }
  if (token !== zone.apiToken)
    throw verifying
      ? refuse(401, 1000, "Invalid API Token")
      : refuse(403, 10000, "Authentication error");
}

/** Cuts the client's connection: it learns nothing of what was done. */
function cut(c: Context<Env>): void {
  c.env.incoming.socket.destroy();
  c.res = RESPONSE_ALREADY_SENT;
}

async function firstError(response: Response): Promise<string> {
  if (response.ok) return "";
  const { errors } = (await response.clone().json()) as { readonly errors: readonly ApiError[] };
  return errors
    .slice(0, 1)
    .map((error) => ` ${error.code} ${error.error_chain?.[0]?.message ?? error.message}`)
    .join("");
}
