import { randomBytes } from "node:crypto";
import type { Described } from "./metadataTree.ts";
import { metadataAt } from "./metadataTree.ts";

const tokenHeader = "x-aws-ec2-metadata-token";
const ttlHeader = "x-aws-ec2-metadata-token-ttl-seconds";
const longestTtl = 21_600;

/**
 * EC2's instance metadata service, versions 1 and 2, for all instances: the source address tells
 * which one asks. A token is the instance's own and ends with its time; requests that came through
 * a proxy get none.
 */
export class MetadataService {
  readonly #find: (address: string) => Promise<Described | undefined>;
  readonly #now: () => number;
  /** Whose each token is, and until when, in milliseconds. */
  readonly #tokens = new Map<string, { readonly instanceId: string; readonly until: number }>();

  /** `find` gives the living instance at an address. */
  constructor(
    find: (address: string) => Promise<Described | undefined>,
    now: () => number = Date.now,
  ) {
    this.#find = find;
    this.#now = now;
  }

  async answer(request: Request, source: string): Promise<Response> {
    const instance = await this.#find(source);
    if (!instance) return plain(404, "no instance has this address");
    if (instance.options.endpoint === "disabled") return plain(403, "Forbidden");
    const path =
      /^\/(?:latest|\d{4}-\d{2}-\d{2})(\/.*)?$/.exec(new URL(request.url).pathname)?.[1] ?? "";
    if (path === "/api/token")
      return request.method === "PUT"
        ? this.#token(request, instance)
        : plain(405, "Method Not Allowed");
    if (request.method !== "GET" && request.method !== "HEAD")
      return plain(405, "Method Not Allowed");
    if (!this.#admits(request.headers.get(tokenHeader), instance))
      return plain(401, "Unauthorized");
    const found = new URL(request.url).pathname === "/" ? "latest" : metadataAt(instance, path);
    return found === undefined ? plain(404, "Not Found") : plain(200, found);
  }

  #token(request: Request, { instanceId }: Described): Response {
    if (request.headers.has("x-forwarded-for")) return plain(403, "Forbidden");
    const given = request.headers.get(ttlHeader) ?? "";
    const ttl = Number(given);
    if (!/^\d+$/.test(given) || ttl < 1 || ttl > longestTtl) return plain(400, "Bad Request");
    for (const [token, { until }] of this.#tokens)
      if (until <= this.#now()) this.#tokens.delete(token);
    const token = randomBytes(42).toString("base64url");
    this.#tokens.set(token, { instanceId, until: this.#now() + ttl * 1000 });
    return new Response(token, { headers: { "content-type": "text/plain", [ttlHeader]: given } });
  }

  /** No token will do only where tokens are optional; a wrong one never will. */
  #admits(token: string | null, { instanceId, options }: Described): boolean {
    if (token === null) return options.tokens === "optional";
    const known = this.#tokens.get(token);
    return known !== undefined && known.instanceId === instanceId && known.until > this.#now();
  }
}

function plain(status: number, body: string | Uint8Array): Response {
  return new Response(typeof body === "string" ? body : Buffer.from(body), {
    status,
    headers: {
      "content-type": typeof body === "string" ? "text/plain" : "application/octet-stream",
    },
  });
}
