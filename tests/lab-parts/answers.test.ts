/** What a record at Cloudflare is in a zone. Does not prove that the real Cloudflare answers so. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answersOf, zoneFileContent } from "../../lab/dns/answers.ts";
import { record } from "./records.ts";

test("a proxied record is answered with addresses of Cloudflare's, not with its content", () => {
  const answers = answersOf(
    record({ name: "p", type: "A", content: "203.0.113.9", proxied: true }),
  );
  assert.deepEqual(
    answers.map((answer) => answer.content),
    ["104.21.48.113", "172.67.189.20"],
  );
  assert.deepEqual(
    answers.map((answer) => answer.ttl),
    [300, 300],
  );
});

test("automatic TTL is 300 s", () => {
  assert.equal(answersOf(record({ name: "t", type: "A", content: "10.213.0.4" }))[0]?.ttl, 300);
});

test("content is put into zone-file form", () => {
  assert.equal(zoneFileContent("SRV", "0 0 2380 a.etcd.test"), "0 0 2380 a.etcd.test.");
  assert.equal(zoneFileContent("CNAME", "A.etcd.test"), "a.etcd.test.");
  assert.equal(zoneFileContent("TXT", 'say "hi"'), '"say \\"hi\\""');
  assert.equal(zoneFileContent("TXT", "x".repeat(300)), `"${"x".repeat(255)}" "${"x".repeat(45)}"`);
});
