// What status says of DNS: of a state, of a nameserver in this process, and of what it answers.
// Does not prove that a record removed at Cloudflare is seen: tests/lab/noHarm.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import type { Mismatch, MismatchKind } from "../../components/dns/dnsAnswers.ts";
import { dnsReport, reportOf } from "../../commands/stack/dnsReport.ts";
import { savedIn } from "../../commands/stack/savedCluster.ts";
import { startDnsStub } from "../dnsStub.ts";

const refresh = "pulumi up --refresh";
const mismatch = (kind: MismatchKind): Mismatch => ({
  kind,
  record: "a.etcd.test A",
  server: "ns1",
  problem: kind,
});

for (const [kinds, is, cure] of [
  [[], "as declared", /^$/],
  [["not published"], "different", /made again by: pulumi up --refresh$/],
  // an A changed by hand
  [["wrong address", "not published"], "different", /by: pulumi up --refresh\. What is named even/],
  [["not published", "stale target"], "different", /remove them at Cloudflare; then pulumi up/],
  [["server silent"], "unknown", /port 53/],
  [["server silent", "stale target"], "different", /remove them/],
] as const)
  test(`${kinds.join(" and ") || "nothing differs"}: ${is}`, () => {
    const report = reportOf([{ mismatches: kinds.map(mismatch), leaving: [] }], [], refresh);
    assert.equal(report.is, is);
    assert.match(report.cure, cure);
    if (is === "different")
      assert.ok(!report.problems.join().includes("silent"), "what is not seen is no difference");
  });

test("what the last up declared is read from the state, for members and for clients", () => {
  const gate = { expected: { domain: "etcd.test" }, nameservers: [], timeoutSeconds: 60 };
  const type = "pulumi-nodejs:dynamic/etcd:DnsReadiness";
  const resources = [{ type, outputs: gate }, { type, outputs: {} }, { type: "aws:ec2/eip:Eip" }];
  assert.deepEqual(savedIn({ deployment: { resources } }).dns, [gate]);
  assert.deepEqual(savedIn({}), { memory: undefined, dns: [], named: [], since: {} });
});

test("whom the stack's own records name is read from the state", () => {
  const type = "cloudflare:index/dnsRecord:DnsRecord";
  const a = { type: "A", name: "a.etcd.test", content: "10.0.0.1" };
  const srv = { type: "SRV", name: "_etcd-server-ssl._tcp.etcd.test" };
  const resources = [a, srv].map((outputs) => ({ type, outputs }));
  assert.deepEqual(savedIn({ deployment: { resources } }).named, [
    { target: a.name, address: a.content },
  ]);
});

test("since when a member votes is read from the state", () => {
  const done = { a: { id: "1", machine: "i-a", volume: "vol-a", since: "2026-11-29T07:00:00Z" } };
  const resources = [{ type: "pulumi-nodejs:dynamic/etcd:Membership", outputs: { done } }];
  assert.deepEqual(savedIn({ deployment: { resources } }).since, { a: done.a.since });
});

const expected = {
  domain: "etcd.test",
  tls: true,
  port: 2380,
  members: [{ target: "a.etcd.test", address: "10.0.0.1" }],
};

test("a nameserver that lacks the records is quoted", async (t) => {
  const stub = await startDnsStub(() => ({ rcode: "NXDOMAIN", authoritative: true }));
  t.after(() => stub.close());
  const report = await dnsReport(
    { dns: [{ expected, nameservers: [stub.server], timeoutSeconds: 60 }], named: [] },
    refresh,
  );
  assert.equal(report.is, "different");
  assert.match(
    report.problems.join("\n"),
    /_etcd-server-ssl\._tcp\.etcd\.test SRV at 127\.0\.0\.1/,
  );
});

test("who left, or was named by a run that was cut off, is no difference", async (t) => {
  const record = (name: string, target: string) => ({
    name,
    type: "SRV" as const,
    ttl: 60,
    data: { target, port: 2380, priority: 0, weight: 0 },
  });
  const stub = await startDnsStub((name, type) =>
    name.startsWith("_etcd-server-ssl")
      ? { records: [record(name, "a.etcd.test"), record(name, "d.etcd.test")] }
      : type === "A"
        ? { records: [{ name, type: "A", ttl: 60, data: "10.0.0.1" }] }
        : {},
  );
  t.after(() => stub.close());
  const gate = { expected, nameservers: [stub.server], timeoutSeconds: 60 };
  const former = [{ target: "d.etcd.test", address: "10.0.0.4" }];
  const d = ["d.etcd.test"];
  for (const [dns, named, leaving, coming] of [
    [{ ...gate, former }, [], d, []],
    [{ ...gate, former }, former, d, []],
    [gate, former, [], d],
  ] as const)
    assert.deepEqual(await dnsReport({ dns: [dns], named }, refresh), {
      ...{ is: "as declared", problems: [], cure: "", leaving, coming },
    });
  const { problems } = await dnsReport({ dns: [gate], named: [] }, refresh);
  assert.match(problems.join(), /names d\.etcd\.test/, "a stranger's");
});

test("one that never answers is no difference, and holds nobody up", async (t) => {
  const stub = await startDnsStub(() => ({ silent: true }));
  t.after(() => stub.close());
  const started = Date.now();
  const report = await dnsReport(
    { dns: [{ expected, nameservers: [stub.server], timeoutSeconds: 60 }], named: [] },
    refresh,
  );
  assert.equal(report.is, "unknown");
  assert.ok(Date.now() - started < 8000, `${Date.now() - started} ms`);
});

test("a state that says nothing of records", async () => {
  assert.equal((await dnsReport({ dns: [], named: [] }, refresh)).is, "unknown");
});
