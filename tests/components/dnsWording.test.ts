// What a person reads from the gate. Does not prove that the gate says it at the right moment:
// tests/provider/dnsReadiness does.
import assert from "node:assert/strict";
import test from "node:test";
import type { Mismatch } from "../../components/dns/dnsAnswers.ts";
import { describeFailure, describeWaiting } from "../../components/dns/dnsWording.ts";

const missing: Mismatch = {
  kind: "on some servers only",
  record: "c.etcd.test A",
  server: "ns2.etcd.test (10.0.0.12)",
  problem: "NXDOMAIN, wanted 10.0.0.3, which ns1 has",
};
const stale: Mismatch = {
  kind: "stale target",
  record: "_etcd-server._tcp.etcd.test SRV",
  server: "ns1",
  problem: "names old.etcd.test, which is no member",
};

test("on expiry: a line for each mismatch, aligned, the seconds waited and the next step", () => {
  assert.equal(
    describeFailure({ domain: "etcd.test" }, [missing, stale], 120.4),
    [
      "DNS for etcd.test is not complete after 120 s. etcd would form a wrong cluster, " +
        "so nothing was started.",
      "  c.etcd.test A                     ns2.etcd.test (10.0.0.12)   NXDOMAIN, wanted " +
        "10.0.0.3, which ns1 has",
      "  _etcd-server._tcp.etcd.test SRV   ns1                         names " +
        "old.etcd.test, which is no member",
      "  Correct the records named above at Cloudflare (another tool or an earlier " +
        "cluster may own them), then run `pulumi up` again.",
    ].join("\n"),
  );
});

test("records that are only late need no repair", () => {
  assert.match(describeFailure({ domain: "etcd.test" }, [missing], 5), /nothing needs repair/);
});

test("clients that find nothing yet: the cluster is well, and late records need only time", () => {
  assert.equal(
    describeFailure({ domain: "etcd.test", service: "client" }, [missing], 60.2),
    [
      "Clients cannot find etcd.test yet after 60 s. The cluster is up and healthy; only " +
        "the records that clients look up are not right everywhere.",
      "  c.etcd.test A   ns2.etcd.test (10.0.0.12)   NXDOMAIN, wanted 10.0.0.3, which ns1 has",
      "  Run `pulumi up` again when the nameservers have caught up; nothing needs repair " +
        "unless a record was removed by hand (then add `--refresh`).",
    ].join("\n"),
  );
  const other: Mismatch = { ...stale, kind: "both client kinds" };
  assert.match(
    describeFailure({ domain: "etcd.test", service: "client" }, [other], 60),
    /Correct the records named above at Cloudflare/,
  );
});

test("while waiting: the first three, and how many more", () => {
  const line = describeWaiting([missing, missing, stale, stale, stale], 12.3, 120);
  assert.match(line, /^waiting for DNS, 12 s of 120 s: c\.etcd\.test A at ns2/);
  assert.match(line, /\(and 2 more\)$/);
  assert.ok(!line.includes("\n"));
});
