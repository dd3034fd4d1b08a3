// Which things in the cloud are taken for leftovers of a cut-off run. Does not prove that removing
// them works: tests/lab/kills does.
import assert from "node:assert/strict";
import test from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { sortRecords, type ListedRecord } from "../../components/recovery/cloudflareLeftovers.ts";
import { tagFilters } from "../../components/recovery/ec2Things.ts";
import { markComment, markOf } from "../../components/recovery/marks.ts";
import { removeLeftoverRecord } from "../../components/recovery/recordLeftovers.ts";
import { startFakeCloudflare } from "../provider/fakeCloudflare.ts";

const mark = markComment({ project: "etcd", stack: "prod", stackId: "0a1b2c3d4e5f" });
const srv = {
  zoneId: "z",
  name: "_etcd-server._tcp.etcd.test",
  type: "SRV",
  comment: mark,
  data: { priority: 0, weight: 0, target: "a.etcd.test", port: 2380 },
};
const a = { zoneId: "z", name: "a.etcd.test", type: "A", comment: mark, content: "10.0.0.1" };
const listed = (change: Partial<ListedRecord>): ListedRecord => ({
  id: "1",
  name: srv.name,
  type: "SRV",
  content: "0 2380 a.etcd.test",
  comment: mark,
  data: { priority: 0, weight: 0, target: "a.etcd.test", port: 2380 },
  ...change,
});
const listedA = (change: Partial<ListedRecord>): ListedRecord => ({
  id: "1",
  name: a.name,
  type: "A",
  content: "10.0.0.1",
  comment: mark,
  ...change,
});

const cases: [string, typeof srv | typeof a, ListedRecord, "ours" | "foreign" | "neither"][] = [
  ["the same SRV with our mark", srv, listed({}), "ours"],
  [
    "the same SRV of another incarnation",
    srv,
    listed({
      comment: markComment({ project: "etcd", stack: "prod", stackId: "ffffffffffff" }),
    }),
    "foreign",
  ],
  ["the same SRV without a mark", srv, listed({ comment: null }), "foreign"],
  [
    "somebody else's SRV with another weight: the gate names it",
    srv,
    listed({ comment: null, data: { priority: 0, weight: 5, target: "a.etcd.test", port: 2380 } }),
    "neither",
  ],
  [
    "another member's SRV with our mark",
    srv,
    listed({ data: { target: "b.etcd.test", port: 2380 } }),
    "neither",
  ],
  [
    "another SRV of somebody else",
    srv,
    listed({ comment: null, data: { target: "b.etcd.test", port: 2380 } }),
    "neither",
  ],
  ["the same A with our mark", a, listedA({}), "ours"],
  ["our A with an older address", a, listedA({ content: "10.0.0.9" }), "ours"],
  ["the same A of somebody else", a, listedA({ comment: "by hand" }), "foreign"],
  [
    "another A of somebody else: the gate names it, nobody removes it",
    a,
    listedA({ comment: "by hand", content: "10.0.0.9" }),
    "neither",
  ],
  ["another name", a, listedA({ name: "b.etcd.test" }), "neither"],
];
for (const [name, wanted, record, want] of cases) {
  test(`record: ${name} is ${want}`, () => {
    const { ours, foreign } = sortRecords(wanted, [record]);
    assert.deepEqual(
      [ours.length, foreign.length],
      want === "ours" ? [1, 0] : want === "foreign" ? [0, 1] : [0, 0],
    );
  });
}

test("without a mark of ours to look for, nothing is ours", () => {
  assert.deepEqual(sortRecords({ ...a, comment: "" }, [listedA({ comment: "" })]).ours, []);
});

test(
  "the mark fits into a comment on Cloudflare's free plan, whatever the stack is called, " +
    "and never loses the incarnation",
  () => {
    const long = markComment({
      project: "p".repeat(80),
      stack: "s".repeat(100),
      stackId: "0a1b2c3d4e5f",
    });
    assert.ok(long.length <= 100, String(long.length));
    assert.ok(long.endsWith(" 0a1b2c3d4e5f"));
  },
);

test("things in EC2 are found by all of their tags, the incarnation among them", () => {
  assert.deepEqual(tagFilters({ tags: { Project: "etcd", Name: "a", __defaults: [] } }), [
    { Name: "tag:Project", Values: ["etcd"] },
    { Name: "tag:Name", Values: ["a"] },
  ]);
});

test("a mark is read back from a comment, and nothing else is taken for one", () => {
  const written = { project: "etcd", stack: "prod/eu", stackId: "0a1b2c3d4e5f" };
  assert.deepEqual(markOf(markComment(written)), written);
  for (const comment of ["", "website", "pulumi etcd", `x ${mark}`, `${mark}0`, "pulumi a/b c"])
    assert.equal(markOf(comment), undefined, comment);
});

/** Looks `a` up at a provider that lists these, and removes at an API that answers `status`. */
async function heal(listed: readonly ListedRecord[], status: number) {
  const asked: unknown[] = [];
  await pulumi.runtime.setMocks({
    newResource: () => ({ id: "none", state: {} }),
    call: ({ token, inputs }) => {
      asked.push([token, inputs]);
      return { results: listed };
    },
  });
  const api = await startFakeCloudflare();
  api.next.push({ status, body: { success: status < 400, errors: [{ code: 10000 }] } });
  const setting = (key: string) => (key === "cloudflare:baseUrl" ? api.baseUrl : undefined);
  try {
    const removed = await removeLeftoverRecord(a, setting, {}).catch((e: Error) => e.message);
    return { removed, asked, requests: api.requests.map((r) => `${r.method} ${r.path}`) };
  } finally {
    await api.close();
  }
}

test("a record is looked for through the provider, and removed through the API", async () => {
  const { removed, asked, requests } = await heal([listedA({})], 200);
  assert.deepEqual(removed, ["the DNS record a.etcd.test A 10.0.0.1"]);
  assert.deepEqual(asked, [
    [
      "cloudflare:index/getDnsRecords:getDnsRecords",
      { zoneId: "z", name: { exact: "a.etcd.test" } },
    ],
  ]);
  assert.deepEqual(requests, ["DELETE /client/v4/zones/z/dns_records/1"]);
});

test("one that the stack's own token may not remove is named with the command", async () => {
  const { removed } = await heal([listedA({})], 403);
  assert.match(
    String(removed),
    /^the DNS record a\.etcd\.test A 10\.0\.0\.1, left behind [^]*: 403 [^]*\n {2}Remove it with a token of its zone, [^]*\n {2}curl -X DELETE [^ ]+ "[^"]+" http:[^ ]+\/zones\/z\/dns_records\/1$/,
  );
});

test("an identical record of somebody else is left alone", async () => {
  const { removed, requests } = await heal([listedA({ comment: "by hand" })], 200);
  assert.match(String(removed), /exists at Cloudflare already [^]*"by hand"[^]*curl -X DELETE/);
  assert.deepEqual(requests, []);
});
