/**
 * What the Cloudflare emulator accepts as a record, refuses and gives back, through its HTTP
 * routes, with its records in memory. Does not prove that Cloudflare itself still answers so (its
 * answers are from recordings and bug reports), nor that the nameservers follow.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { DnsRecord } from "../../lab/cloudflare/records.ts";
import { a, codes, emulator, records, srv } from "./emulator.ts";

test("a record comes back as it was given, with what Cloudflare adds", async () => {
  const { call } = emulator();
  const { status, body } = await call("POST", records, {
    ...a,
    comment: "node a",
    settings: {},
    tags: [],
    data: null,
    priority: null,
  });
  assert.equal(status, 200);
  const { id, created_on, modified_on, ...rest } = body.result as DnsRecord;
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(created_on, modified_on);
  assert.ok(!Number.isNaN(Date.parse(created_on)));
  assert.deepEqual(rest, {
    ...a,
    comment: "node a",
    proxiable: false,
    settings: {},
    meta: {},
    tags: [],
  });
  assert.deepEqual([body.success, body.errors, body.messages], [true, [], []]);
});

test(
  "SRV content is made from data, whatever the body's content says, and the priority " +
    "stands beside it",
  async () => {
    const { created } = emulator();
    const record = await created({
      ...srv,
      content: "stale content of an earlier state",
      data: { ...srv.data, priority: 7, weight: 3 },
      priority: 0,
    });
    assert.equal(record.content, "3 2380 a.etcd.test");
    assert.equal(record.priority, 7);
    assert.deepEqual(record.data, { priority: 7, weight: 3, port: 2380, target: "a.etcd.test" });
  },
);

const names: [given: string, stored: string][] = [
  ["a", "a.etcd.test"],
  ["@", "etcd.test"],
  ["etcd.test", "etcd.test"],
  ["A.Etcd.Test.", "a.etcd.test"],
  ["a.example.org", "a.example.org.etcd.test"],
  ["*.etcd.test", "*.etcd.test"],
];
for (const [given, stored] of names) {
  test(`name ${given} becomes ${stored}`, async () => {
    const { created } = emulator();
    assert.equal((await created({ ...a, name: given })).name, stored);
  });
}

const text = { name: "_x", type: "TXT", content: '"words"', ttl: 60, comment: "first" };

const refused: [what: string, body: unknown, codes: string[]][] = [
  ["TTL below 60", { ...a, ttl: 30 }, ["1004/9021"]],
  ["TTL above a day", { ...a, ttl: 86_401 }, ["1004/9021"]],
  ["TTL as text", { ...a, ttl: "60" }, ["1004/9021"]],
  ["no name", { ...a, name: "" }, ["1004/9000"]],
  ["two dots in a name", { ...a, name: "a..etcd.test" }, ["1004/9000"]],
  ["a label of 64 characters", { ...a, name: "a".repeat(64) }, ["1004/9000"]],
  ["no IPv4 address", { ...a, content: "10.213.0" }, ["9005"]],
  ["IPv6 in an A record", { ...a, content: "fd00::1" }, ["9005"]],
  ["no IPv6 address", { ...a, type: "AAAA" }, ["9006"]],
  ["an address in a CNAME", { ...a, type: "CNAME" }, ["1004/9007"]],
  ["an unknown type", { ...a, type: "LOC" }, ["1004/9002"]],
  ["SRV without data", { ...srv, data: undefined }, ["9101", "9101", "9101", "9101"]],
  [
    "SRV with priority only beside data",
    { ...srv, data: { weight: 0, port: 2380, target: "a.etcd.test" } },
    ["9101"],
  ],
  ["SRV with a port too high", { ...srv, data: { ...srv.data, port: 65_536 } }, ["1004/9102"]],
  [
    "SRV with a target that is no name",
    { ...srv, data: { ...srv.data, target: "a b" } },
    ["1004/9103"],
  ],
  ["a comment of 101 characters", { ...a, comment: "x".repeat(101) }, ["9313"]],
  ["a comment of two lines", { ...a, comment: "one\ntwo" }, ["1004/9312"]],
  ["tags", { ...a, tags: ["owner:me"] }, ["1004/9300"]],
  ["a proxied SRV", { ...srv, proxied: true }, ["9004"]],
  ["a proxied private address", { ...a, proxied: true }, ["9003"]],
  ["proxied as text", { ...a, proxied: "yes" }, ["1004/9003"]],
  [
    "several faults at once",
    { ...a, name: "", ttl: 5, content: "x" },
    ["1004/9000", "1004/9021", "9005"],
  ],
];
for (const [what, body, expected] of refused) {
  test(`refused: ${what}`, async () => {
    const { call, store } = emulator();
    const answer = await call("POST", records, body);
    assert.equal(answer.status, 400);
    assert.deepEqual(codes(answer.body), expected);
    assert.deepEqual([answer.body.success, answer.body.result], [false, null]);
    assert.equal(store.list().length, 0);
  });
}

test("what is at the limit passes", async () => {
  const { call } = emulator();
  for (const body of [
    { ...a, ttl: 60 },
    { ...a, name: "b", ttl: 86_400 },
    { ...a, name: "c", ttl: 1 },
    { ...a, name: "d", comment: "x".repeat(100) },
    { ...a, name: "e", ttl: null, proxied: null, comment: null },
  ]) {
    assert.equal((await call("POST", records, body)).status, 200);
  }
});

test("a proxied public address has TTL automatic", async () => {
  const { created } = emulator();
  const record = await created({ ...a, content: "203.0.113.9", proxied: true, ttl: 300 });
  assert.deepEqual([record.proxied, record.ttl, record.proxiable], [true, 1, true]);
});

const conflicts: [what: string, first: unknown, second: unknown, codes: string[]][] = [
  ["an identical record", a, { ...a, ttl: 300, comment: "other" }, ["81058"]],
  ["an identical name in other letters", a, { ...a, name: "A" }, ["81058"]],
  ["an identical SRV record", srv, srv, ["81058"]],
  ["an identical text of another owner", text, { ...text, comment: "second" }, ["81058"]],
  ["a CNAME beside an A", a, { ...a, type: "CNAME", content: "b.etcd.test" }, ["81053"]],
  ["an A beside a CNAME", { ...a, type: "CNAME", content: "b.etcd.test" }, a, ["81054"]],
  [
    "a second CNAME",
    { ...a, type: "CNAME", content: "b.etcd.test" },
    { ...a, type: "CNAME", content: "b.etcd.test" },
    ["81053"],
  ],
  ["an A with another address", a, { ...a, content: "10.213.0.5" }, []],
  ["an SRV that differs in weight only", srv, { ...srv, data: { ...srv.data, weight: 5 } }, []],
  ["an SRV that differs in priority only", srv, { ...srv, data: { ...srv.data, priority: 5 } }, []],
];
for (const [what, first, second, expected] of conflicts) {
  test(`second record: ${what} is ${expected[0] ?? "accepted"}`, async () => {
    const { call } = emulator();
    assert.equal((await call("POST", records, first)).status, 200);
    const answer = await call("POST", records, second);
    assert.deepEqual(codes(answer.body), expected);
    // never 409: the official provider would try that ten times
    assert.equal(answer.status, expected.length > 0 ? 400 : 200);
  });
}

test("of many identical requests at the same time one succeeds", async () => {
  const { call, store } = emulator();
  const answers = await Promise.all(Array.from({ length: 20 }, () => call("POST", records, a)));
  assert.equal(answers.filter((answer) => answer.status === 200).length, 1);
  assert.equal(store.list().length, 1);
});

test(
  "PUT replaces, PATCH changes in part, both keep id and time of creation, and every " +
    "change is saved",
  async () => {
    const { call, created, saved } = emulator();
    const before = await created({ ...a, comment: "old" });
    const put = (await call("PUT", `${records}/${before.id}`, { ...a, content: "10.213.0.8" })).body
      .result as DnsRecord;
    assert.deepEqual(
      [put.id, put.content, put.comment, put.created_on],
      [before.id, "10.213.0.8", null, before.created_on],
    );
    const patched = (await call("PATCH", `${records}/${before.id}`, { ttl: 300 })).body
      .result as DnsRecord;
    assert.deepEqual([patched.content, patched.ttl], ["10.213.0.8", 300]);
    assert.deepEqual(
      saved.map((all) => all[0]?.ttl),
      [60, 60, 300],
    );
  },
);

test("PATCH of one field of an SRV record's data keeps the others", async () => {
  const { call, created } = emulator();
  const { id } = await created(srv);
  const patched = (await call("PATCH", `${records}/${id}`, { data: { port: 2381 } })).body
    .result as DnsRecord;
  assert.equal(patched.content, "0 2381 a.etcd.test");
});

test("a change into a copy of another record is refused and changes nothing", async () => {
  const { call, created, store } = emulator();
  await created(a);
  const { id } = await created({ ...a, content: "10.213.0.5" });
  const answer = await call("PUT", `${records}/${id}`, a);
  assert.deepEqual([answer.status, codes(answer.body)], [400, ["81058"]]);
  assert.equal(store.get(id).content, "10.213.0.5");
});

test("a record that is gone is 404 and 81044 in every way", async () => {
  const { call, created } = emulator();
  const { id } = await created(a);
  assert.deepEqual((await call("DELETE", `${records}/${id}`)).body.result, { id });
  for (const [method, body] of [["GET"], ["PUT", a], ["PATCH", { ttl: 60 }], ["DELETE"]] as const) {
    const answer = await call(method, `${records}/${id}`, body);
    assert.deepEqual([method, answer.status, codes(answer.body)], [method, 404, ["81044"]]);
  }
});
