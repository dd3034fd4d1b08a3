/**
 * The Cloudflare emulator around its records: lists, zones, tokens, unknown routes, its log, and
 * requests a fault makes fail. Does not prove that Cloudflare itself still answers so (its answers
 * are from recordings and bug reports).
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { otherZone, zone } from "../../lab/addresses.ts";
import type { DnsRecord } from "../../lab/cloudflare/records.ts";
import { listen } from "../../lab/httpServer.ts";
import { a, codes, emulator, goodToken, records, srv } from "./emulator.ts";

const lists: [query: string, names: string[]][] = [
  ["", ["a", "b", "c", "_x"]],
  ["?type=SRV", ["_x"]],
  ["?name=b.etcd.test", ["b"]],
  ["?name=B.ETCD.TEST", ["b"]],
  ["?name=b", []],
  ["?content=10.213.0.4", ["a"]],
  ["?comment=second", ["b"]],
  ["?comment.contains=eco", ["b"]],
  ["?name.startswith=b.etcd", ["b"]],
  ["?proxied=true", []],
  ["?proxied=false&type=A", ["a", "b", "c"]],
  ["?name.endswith=.etcd.test&type=A", ["a", "b", "c"]],
  ["?per_page=2&page=2", ["c", "_x"]],
  ["?page=9", []],
  ["?type=SRV&name=b.etcd.test&match=any", ["b", "_x"]],
  ["?order=name&direction=desc", ["c", "b", "a", "_x"]],
];
for (const [query, expected] of lists) {
  test(`list ${query || "without a filter"}`, async () => {
    const { call, created } = emulator();
    for (const [i, name] of ["a", "b", "c"].entries())
      await created({
        ...a,
        name,
        content: `10.213.0.${4 + i}`,
        ...(name === "b" ? { comment: "second" } : {}),
      });
    await created({ ...srv, name: "_x" });
    const { body } = await call("GET", `${records}${query}`);
    const found = (body.result as DnsRecord[]).map((record) =>
      record.name.replace(".etcd.test", ""),
    );
    assert.deepEqual(found, expected);
    assert.equal(body.result_info?.["count"], expected.length);
  });
}

test("the pages of a list say how many there are", async () => {
  const { call, created } = emulator();
  for (const i of [1, 2, 3]) await created({ ...a, content: `10.213.0.${i}` });
  assert.deepEqual((await call("GET", `${records}?per_page=2&page=2`)).body.result_info, {
    page: 2,
    per_page: 2,
    count: 1,
    total_count: 3,
    total_pages: 2,
  });
  assert.equal((await call("GET", `${records}?page=0`)).status, 400);
});

test("what nothing reads is refused: all records would pass for its answer", async () => {
  const { call } = emulator();
  for (const query of ["search=etcd", "tag.exact=x", "colour=red", "proxied.exact=true"]) {
    const { status, body } = await call("GET", `${records}?${query}`);
    assert.equal(status, 400, query);
    assert.match(body.errors[0]?.message ?? "", /does nothing with (search|tag|colour|proxied)/);
  }
});

test("zones are found by name and by id", async () => {
  const { call } = emulator();
  const found = (await call("GET", "/zones?name=etcd.test")).body;
  assert.deepEqual(
    (found.result as { id: string }[]).map(({ id }) => id),
    [zone.id],
  );
  assert.equal(found.result_info?.["total_count"], 1);
  assert.deepEqual((await call("GET", "/zones?name=example.org")).body.result, []);
  assert.deepEqual((await call("GET", "/zones?name=etcd.test&page=2")).body.result, []);
  assert.equal(
    ((await call("GET", `/zones/${zone.id}`)).body.result as { name: string }).name,
    "etcd.test",
  );
});

test("zones of one account: one token opens each, and each keeps its own records", async () => {
  const { call, created, saved, lines, store, other } = emulator();
  const listed = (await call("GET", "/zones")).body.result as { name: string }[];
  assert.deepEqual(
    listed.map(({ name }) => name),
    ["etcd.test", "example.test"],
  );
  await created(a);
  const elsewhere = `/zones/${otherZone.id}/dns_records`;
  const { status, body } = await call("POST", elsewhere, a);
  assert.equal(status, 200);
  assert.match(lines.at(-1) ?? "", /^POST {4}\/zones\/example\.test\/dns_records /);
  const { id } = body.result as DnsRecord;
  assert.deepEqual(
    other.list().map(({ name }) => name),
    ["a.etcd.test.example.test"],
  );
  assert.deepEqual(codes((await call("GET", `${records}/${id}`)).body), ["81044"]);
  assert.equal((await call("PATCH", `${elsewhere}/${id}`, { ttl: 120 })).status, 200);
  assert.equal(other.list()[0]?.name, "a.etcd.test.example.test");
  assert.equal((await call("DELETE", `${elsewhere}/${id}`)).status, 200);
  assert.deepEqual(other.list(), []);
  assert.equal(store.list().length, 1);
  assert.equal(saved.length, 1);
});

const wrongWays: [
  what: string,
  method: string,
  path: string,
  authorization: string | null,
  status: number,
  codes: string[],
][] = [
  [
    "another zone",
    "GET",
    "/zones/ffffffffffffffffffffffffffffffff/dns_records",
    goodToken,
    404,
    ["7003", "7000"],
  ],
  [
    "another zone itself",
    "GET",
    "/zones/ffffffffffffffffffffffffffffffff",
    goodToken,
    404,
    ["7003", "7000"],
  ],
  ["a record id of another form", "GET", `${records}/123`, goodToken, 404, ["7003", "7000"]],
  ["a wrong token", "GET", records, `Bearer ${"x".repeat(40)}`, 403, ["10000"]],
  ["a malformed token", "GET", records, "Bearer short", 400, ["6003/6111"]],
  ["no token", "GET", records, null, 400, ["9106"]],
  [
    "a wrong token to verify",
    "GET",
    "/user/tokens/verify",
    `Bearer ${"x".repeat(40)}`,
    401,
    ["1000"],
  ],
  ["an unknown route", "POST", `/zones/${zone.id}/purge_cache`, goodToken, 404, ["7000"]],
  ["a method that is not there", "DELETE", `/zones/${zone.id}`, goodToken, 405, ["7001"]],
];
for (const [what, method, path, authorization, status, expected] of wrongWays) {
  test(`${what}: ${status} ${expected.join(", ")}`, async () => {
    const { call } = emulator();
    const answer = await call(method, path, undefined, authorization);
    assert.deepEqual(
      [answer.status, codes(answer.body), answer.body.success],
      [status, expected, false],
    );
  });
}

test("an unknown route is named in the answer", async () => {
  const { call } = emulator();
  assert.match(
    (await call("POST", "/accounts/1/workers")).body.errors[0]?.message ?? "",
    /POST \/client\/v4\/accounts\/1\/workers/,
  );
});

test("the good token verifies", async () => {
  const { call } = emulator();
  const { status, body } = await call("GET", "/user/tokens/verify");
  assert.deepEqual([status, (body.result as { status: string }).status], [200, "active"]);
});

test("bodies that are no JSON object are refused", async () => {
  const { call } = emulator();
  assert.deepEqual(codes((await call("POST", records, "{")).body), ["6007"]);
  assert.deepEqual(codes((await call("POST", records, "[1]")).body), ["9207"]);
});

test("each request is one line: what was asked, about what, what came of it", async () => {
  const { call, lines } = emulator();
  await call("POST", records, srv);
  await call("POST", records, srv);
  assert.match(
    lines[0] ?? "",
    /^POST {4}\/zones\/etcd\.test\/dns_records {2}SRV _etcd-server-ssl\._tcp\.etcd\.test 0 0 2380 a\.etcd\.test {2}200 {2}\d+ ms$/,
  );
  assert.match(lines[1] ?? "", /400 81058 An identical record already exists\./);
});

test(
  "a throttled request gets 429 with Retry-After, a failed one its status alone, and " +
    "neither does anything",
  async () => {
    const { call, failures, store } = emulator();
    failures.push({ kind: "api-fault", status: 429, retryAfter: 2 });
    const answer = await call("POST", records, a);
    assert.deepEqual(
      [answer.status, answer.headers.get("retry-after"), codes(answer.body), store.list().length],
      [429, "2", ["971"], 0],
    );
    failures.push({ kind: "api-fault", status: 500 });
    const broken = await call("POST", records, a);
    assert.deepEqual(
      [broken.status, broken.headers.get("retry-after"), store.list().length],
      [500, null, 0],
    );
    assert.equal((await call("POST", records, a)).status, 200);
  },
);

for (const [drop, kept] of [
  ["before-write", 0],
  ["after-write", 1],
] as const) {
  test(`a connection dropped ${drop} leaves ${kept} records and no answer`, async () => {
    const { app, failures, store } = emulator();
    const server = await listen("test", app.fetch, "127.0.0.1", 0);
    try {
      failures.push({ kind: "api-fault", drop });
      await assert.rejects(
        fetch(`http://127.0.0.1:${server.port}/client/v4${records}`, {
          method: "POST",
          headers: { authorization: goodToken },
          body: JSON.stringify(a),
        }),
        /fetch failed/,
      );
      assert.equal(store.list().length, kept);
    } finally {
      await server.close();
    }
  });
}
