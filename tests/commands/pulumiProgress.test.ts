// What a person reads while pulumi up runs: lines from engine events. Does not prove that the
// engine sends these events; npm run up in the lab tier does.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { PulumiProgress } from "../../commands/stack/pulumiProgress.ts";

const step = (type: string, name: string, op = "create") => ({
  op,
  urn: `urn:pulumi:dev::etcd::${type}::${name}`,
  type,
});
const event = (part: object) => ({ sequence: 0, timestamp: 0, ...part }) as EngineEvent;
const begin = (type: string, name: string, op?: string) =>
  event({ resourcePreEvent: { metadata: step(type, name, op) } });
const end = (type: string, name: string, op?: string) =>
  event({ resOutputsEvent: { metadata: step(type, name, op) } });
const says = (severity: string, message: string, urn?: string) =>
  event({ diagnosticEvent: { urn, message, severity, color: "never" } });
const record = "cloudflare:index/dnsRecord:DnsRecord";
const gate = "pulumi-nodejs:dynamic/etcd:DnsReadiness";

test("a group is told once, when it has been quiet for a moment", () => {
  const progress = new PulumiProgress();
  const told = [
    ...progress.take(begin(record, "a"), 0),
    ...progress.take(end(record, "a"), 100),
    ...progress.tick(200),
    ...progress.take(begin(record, "b"), 300),
    ...progress.take(end(record, "b"), 1_500),
    ...progress.tick(1_600),
  ];
  assert.deepEqual(told, []);
  assert.deepEqual(progress.tick(2_000), ["DNS records  2 made (1.5 s)"]);
  assert.deepEqual(progress.finish(), []);
  assert.deepEqual([...progress.endedAt], [["DNS records", 1_500]]);
});

test("the gate for clients is another group than the gate before etcd starts", () => {
  const progress = new PulumiProgress();
  for (const name of ["etcd-dns-readiness", "etcd-clients-dns"]) {
    progress.take(begin(gate, name), 0);
    progress.take(end(gate, name), 100);
  }
  assert.deepEqual(progress.finish(), [
    "DNS gate     1 made (0.1 s)",
    "client DNS   1 made (0.1 s)",
  ]);
});

test("frames and what stays the same are not told", () => {
  const progress = new PulumiProgress();
  for (const [type, op] of [
    ["etcd:index:EtcdNode", "create"],
    ["pulumi:pulumi:Stack", "create"],
    ["pulumi:providers:aws", "create"],
    [record, "same"],
  ] as const) {
    progress.take(begin(type, "x", op), 0);
    progress.take(end(type, "x", op), 10);
  }
  assert.deepEqual([...progress.tick(60_000), ...progress.finish()], []);
});

test(
  "what a resource says while it waits is told at once, with its name, without the " +
    "engine's blank lines",
  () => {
    const progress = new PulumiProgress();
    const urn = step(gate, "etcd-dns-readiness").urn;
    assert.deepEqual(progress.take(says("info", "c.etcd.test A: not on ns2 yet\n\n", urn), 0), [
      "  etcd-dns-readiness: c.etcd.test A: not on ns2 yet",
    ]);
    assert.deepEqual(progress.take(says("debug", "RegisterResource RPC finished"), 0), []);
  },
);

test("after 10 s of silence it says what is still running, and since when", () => {
  const progress = new PulumiProgress();
  progress.take(begin(gate, "etcd-dns-readiness"), 0);
  assert.deepEqual(progress.tick(9_000), []);
  assert.deepEqual(progress.tick(10_000), ["still at work: DNS gate (etcd-dns-readiness, 10.0 s)"]);
  assert.deepEqual(progress.tick(12_000), []);
  assert.deepEqual(progress.tick(20_000), ["still at work: DNS gate (etcd-dns-readiness, 20.0 s)"]);
});

test("failures are counted as such, and errors kept once each for the end", () => {
  const progress = new PulumiProgress();
  progress.take(begin(gate, "g"), 0);
  progress.take(event({ resOpFailedEvent: { metadata: step(gate, "g") } }), 500);
  for (const message of ["DNS is not complete", "DNS is not complete", "update failed"])
    progress.take(says("error", message), 500);
  assert.deepEqual(progress.finish(), ["DNS gate     1 failed (0.5 s)"]);
  const kept = progress.failures.list().map(({ message }) => message);
  assert.deepEqual(kept, ["DNS is not complete", "update failed"]);
});

test("the same said again with other numbers is told every 10 s", () => {
  const progress = new PulumiProgress();
  const dial = (attempt: number, now: number) =>
    progress.take(says("info", `Dial ${attempt}/60 failed: retrying`, "urn::x::y::etcd-a"), now);
  assert.deepEqual(
    [...dial(1, 0), ...dial(2, 500), ...dial(3, 9_999), ...dial(9, 10_000)],
    ["  etcd-a: Dial 1/60 failed: retrying", "  etcd-a: Dial 9/60 failed: retrying"],
  );
});

test("the time of a group is what it was at work, without pauses", () => {
  const progress = new PulumiProgress();
  progress.take(begin(record, "a"), 1_000);
  progress.take(end(record, "a"), 2_000);
  progress.tick(3_000);
  progress.take(begin(record, "a-client"), 9_000);
  progress.take(end(record, "a-client"), 9_500);
  progress.finish();
  assert.deepEqual(progress.busy(), [{ name: "DNS records", seconds: 1.5 }]);
});
