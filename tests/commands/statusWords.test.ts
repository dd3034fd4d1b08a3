// What status says, from what it saw. Does not prove that it sees: tests/lab/noHarm and
// tests/commands/anyStack do.
import assert from "node:assert/strict";
import test from "node:test";
import { said } from "../../commands/stack/machineWords.ts";
import type { Status } from "../../commands/status/look.ts";
import { memberHints } from "../../commands/status/memberHints.ts";
import { bad, certificateLines, good, isWell } from "../../commands/status/words.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.parse("2026-01-01T00:00:00Z");

const well: Status = {
  clusterId: "c1",
  healthy: true,
  reasons: [],
  stranger: undefined,
  members: [],
  memberHints: [],
  dns: { is: "as declared", problems: [], cure: "", leaving: [] },
  machines: {},
  certificateEnds: {},
};

test("a cluster that is well: nothing on the standard error", () => {
  assert.equal(bad(well, "npm run ssh --"), "");
  assert.match(good(well, now), /Healthy: one cluster, ID c1/);
  assert.equal(isWell(well), true);
});

test("records that differ fail status beside healthy members, and are named with the cure", () => {
  const dns = {
    ...well.dns,
    is: "different",
    problems: ["a A at ns1: missing"],
    cure: "pulumi up",
  } as const;
  assert.equal(isWell({ ...well, dns }), false);
  assert.equal(
    bad({ ...well, dns }, "ssh"),
    "status: the nameservers do not say what the last up declared\n" +
      "  a A at ns1: missing\n  pulumi up\n",
  );
});

test("nameservers that cannot be asked from here are said, and fail nothing", () => {
  const dns = { ...well.dns, is: "unknown", problems: ["ns1 is silent"] } as const;
  assert.equal(isWell({ ...well, dns }), true);
  assert.match(bad({ ...well, dns }, "ssh"), /^What the nameservers say was not seen:\n {2}ns1 is/);
});

test("a member that left and is named still is said, and fails nothing", () => {
  const leaving = { ...well, dns: { ...well.dns, leaving: ["d.etcd.test"] } };
  assert.equal(isWell(leaving), true);
  assert.match(good(leaving, now), /\nd\.etcd\.test has left, and DNS still names it: .*pulumi up/);
});

test("the machine of a member that does not answer has its say", () => {
  const sick = { ...well, healthy: false, reasons: ["a does not answer"] };
  const machines = { a: ["etcd.service is failed (enabled)", "no space left on device"] };
  assert.equal(
    bad({ ...sick, machines }, "npm run ssh --"),
    "status: not healthy\n  a does not answer\n  The machine of a says:\n" +
      "    etcd.service is failed (enabled)\n    no space left on device\n" +
      "  More of a member's own words: npm run ssh -- MEMBER sudo journalctl -u etcd -n 50\n",
  );
});

test("a list that is not the declared members: what to type for each", () => {
  const member = (name: string, learner = false) => ({
    id: `id-${name}`,
    name,
    peerUrls: [`https://${name}.etcd.test:2380`],
    learner,
  });
  const declared = ["a", "b", "c"].map((name) => ({
    name,
    endpoint: "",
    peerUrl: `https://${name}.etcd.test:2380`,
  }));
  const all = [member("a"), member("b"), member("c")];
  assert.deepEqual(memberHints(declared, [{ members: all }, { members: [] }]), []);
  assert.deepEqual(memberHints(declared, [{ members: [] }]), [], "nobody answers");
  const phantom = { ...member("x"), name: "" };
  const [remove = "", back = "", vote = "", ...none] = memberHints(declared, [
    { members: [member("a"), member("b", true), phantom] },
  ]);
  assert.match(remove, /never started \(https:\/\/x\..*npm run etcdctl -- member remove id-x\./);
  assert.match(back, /^c is no member any more: pulumi up --refresh/);
  assert.match(vote, /^b has no vote yet: pulumi up/);
  assert.deepEqual(none, []);
  const status = { ...well, healthy: false, reasons: ["r"], memberHints: [remove] };
  assert.match(bad(status, "ssh"), /\n {2}r\n {2}The member that never started/);
});

test("certificates: days, hours below two days, and what ends within two weeks by name", () => {
  const ends = { "the operator": now + 300 * day, "the CA": now + 3000 * day, a: now + 30 * hour };
  assert.deepEqual(certificateLines({ ...ends, b: now + 200 * day, c: now - hour }, now), [
    "The operator's certificate ends in 300 days, the CA's in 3000 days.",
    "a: the certificate ends in 30 hours; pulumi up renews it",
    "c: the certificate has ended; pulumi up renews it",
  ]);
  assert.deepEqual(certificateLines({}, now), [], "without TLS");
});

const dial = () => assert.fail("dialled");
test("a machine that opens no SSH, and one that hangs: said in time", async () => {
  const closed = { dial, run: async () => ({ problem: "connection refused", output: "" }) };
  assert.deepEqual(await said(closed), ["SSH does not open it either: connection refused"]);
  const started = Date.now();
  const hangs = { dial, run: () => new Promise<never>(() => undefined) };
  assert.deepEqual(await said(hangs), ["SSH gave no answer in 7 s"]);
  assert.ok(Date.now() - started < 9000);
});
