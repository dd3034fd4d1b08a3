import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly headers: IncomingMessage["headers"];
}
export interface FakeAnswer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Closes the connection instead. */
  readonly drop?: boolean;
  /** Does what was asked, and closes the connection then. */
  readonly lost?: boolean;
}

/**
 * Just enough of Cloudflare's records API for the plugin: records in memory, the official envelope,
 * and answers that a test puts in between.
 */
export interface FakeCloudflare {
  readonly baseUrl: string;
  readonly requests: FakeRequest[];
  readonly records: Map<string, Record<string, unknown>>;
  /** Answers for the next requests, in place of the usual ones. */
  readonly next: FakeAnswer[];
  close(): Promise<void>;
}

export async function startFakeCloudflare(): Promise<FakeCloudflare> {
  const requests: FakeRequest[] = [];
  const next: FakeAnswer[] = [];
  const records = new Map<string, Record<string, unknown>>();
  let made = 0;

  const answer = ({ method, path, body }: FakeRequest): FakeAnswer => {
    const id = /\/dns_records\/([0-9a-f]{32})$/.exec(path)?.[1];
    if (method === "POST") {
      const same = (one: Record<string, unknown>) =>
        ["name", "type", "content", "data"].every((key) =>
          key === "content" && body.data
            ? true
            : JSON.stringify(one[key]) === JSON.stringify(body[key]),
        );
      if ([...records.values()].some(same))
        return failed(400, 81058, "An identical record already exists.");
      const fresh = (++made).toString(16).padStart(32, "0");
      records.set(fresh, recordOf(fresh, body));
      return succeeded(records.get(fresh));
    }
    if (!id || !records.has(id)) return failed(404, 81044, "Record does not exist.");
    if (method === "PUT") records.set(id, recordOf(id, body));
    if (method === "DELETE") records.delete(id);
    return succeeded(method === "DELETE" ? { id } : records.get(id));
  };

  const server: Server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const request = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
      headers: incoming.headers,
    };
    requests.push(request);
    const planned = next.shift();
    if (planned?.lost) answer(request);
    if (planned?.drop || planned?.lost) {
      incoming.socket.destroy();
      return;
    }
    send(response, planned ?? answer(request));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4`,
    requests,
    records,
    next,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function recordOf(id: string, body: Record<string, unknown>): Record<string, unknown> {
  const data = body.data as { weight: number; port: number; target: string } | undefined;
  const now = new Date().toISOString();
  return {
    ...body,
    id,
    proxiable: body.type === "A",
    settings: {},
    meta: {},
    comment: body.comment ?? null,
    tags: [],
    created_on: now,
    modified_on: now,
    content: data ? `${data.weight} ${data.port} ${data.target}` : body.content,
  };
}

function succeeded(result: unknown): FakeAnswer {
  return { status: 200, body: { success: true, errors: [], messages: [], result } };
}

function failed(status: number, code: number, message: string): FakeAnswer {
  return {
    status,
    body: { success: false, errors: [{ code, message }], messages: [], result: null },
  };
}

function send(response: ServerResponse, { status, body, headers }: FakeAnswer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body ?? {}));
}
