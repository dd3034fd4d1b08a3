/**
 * GitHub's REST API as far as pipelines use it, and the OIDC endpoint of a job. Every call is
 * written down.
 */
import * as http from "node:http";
import type { AddressInfo } from "node:net";

export interface Item {
  id: number;
  number: number;
  state?: string;
  title?: string;
  body: string;
  user: { type: string };
  /** Of a comment. */
  pull?: number;
  pull_request?: unknown;
  edits: number;
}

export interface FakeGithub {
  readonly api: string;
  readonly comments: Item[];
  readonly issues: Item[];
  /** Such as "POST /repos/acme/etcd/issues". */
  readonly calls: string[];
  /** Answers this status to what begins with this, until it is undefined again. */
  broken: { readonly call: string; readonly status: number } | undefined;
  close(): Promise<void>;
}

export const token = "ghs_testtoken0815";

export async function startFakeGithub(): Promise<FakeGithub> {
  const comments: Item[] = [];
  const issues: Item[] = [];
  const calls: string[] = [];
  let next = 100;
  const made = (list: Item[], rest: Partial<Item> & { body: string }): Item => {
    const item = { id: next, number: next, user: { type: "Bot" }, edits: 0, ...rest };
    next++;
    list.push(item);
    return item;
  };
  const page = <T>(items: readonly T[], query: URLSearchParams): T[] => {
    const size = Number(query.get("per_page") ?? 30);
    const start = (Number(query.get("page") ?? 1) - 1) * size;
    return items.slice(start, start + size);
  };
  const edited = (item: Item | undefined, change: object) => {
    if (item) Object.assign(item, change, { edits: item.edits + 1 });
    return item;
  };
  const answer = (method: string, url: URL, body: { body: string; title?: string }): unknown => {
    const [, kind = "", id = "", comment = ""] =
      /^\/repos\/acme\/etcd\/(issues)(?:\/(\d+|comments))?(?:\/(comments|\d+))?$/.exec(
        url.pathname,
      ) ?? [];
    if (kind === "") return undefined;
    if (id === "comments")
      return edited(
        comments.find((one) => one.id === +comment),
        body,
      );
    if (comment === "comments" && method === "POST")
      return made(comments, { pull: +id, body: body.body });
    if (comment === "comments")
      return page(
        comments.filter((one) => one.pull === +id),
        url.searchParams,
      );
    if (id !== "")
      return edited(
        issues.find((one) => one.number === +id),
        body,
      );
    if (method === "POST") return made(issues, { state: "open", ...body });
    return page(
      issues.filter((one) => one.state === "open"),
      url.searchParams,
    );
  };
  const fake = { comments, issues, calls, broken: undefined as FakeGithub["broken"] };
  const server = http.createServer((request, response) => {
    let raw = "";
    request.setEncoding("utf8").on("data", (chunk: string) => (raw += chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "", "http://fake");
      const call = `${request.method ?? ""} ${url.pathname}`;
      calls.push(call);
      const send = (status: number, body: unknown) =>
        response
          .writeHead(status, { "content-type": "application/json" })
          .end(JSON.stringify(body));
      if (url.pathname === "/oidc") return send(200, { value: "header.payload.signature" });
      if (fake.broken && call.startsWith(fake.broken.call))
        return send(fake.broken.status, { message: "broken on purpose" });
      if (request.headers.authorization !== `Bearer ${token}`)
        return send(401, { message: "Bad credentials" });
      const body = raw === "" ? { body: "" } : (JSON.parse(raw) as { body: string });
      const found = answer(request.method ?? "", url, body);
      return found === undefined
        ? send(404, { message: "Not Found" })
        : send(request.method === "POST" ? 201 : 200, found);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(fake, {
    api: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
