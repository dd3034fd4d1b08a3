// The judgement "healthy" over members' reports. Does not prove that etcd reports like this:
// tests/etcd/clusterHealth does.
import assert from "node:assert/strict";
import test from "node:test";
import {
  membersNotHealthy,
  reasonsNotHealthy,
  type MemberReport,
} from "../../components/health/memberHealth.ts";

const names = ["a", "b", "c"];
const declared = names.map((name) => ({
  name,
  endpoint: `http://10.0.0.${name}:2379`,
  peerUrl: `http://${name}.etcd.test:2380`,
}));
const members = names.map((name) => ({
  id: `id-${name}`,
  name,
  peerUrls: [`http://${name}.etcd.test:2380`],
  learner: false,
}));
const report = (name: string, change: Partial<MemberReport> = {}): MemberReport => ({
  name,
  endpoint: `http://10.0.0.${name}:2379`,
  error: "",
  clusterId: "c1",
  memberId: `id-${name}`,
  leaderId: "id-a",
  version: "3.6.14",
  learner: false,
  dbSizeBytes: 1,
  revision: 1,
  alarms: [],
  members,
  marker: "m",
  ...change,
});
const all = (change: Partial<MemberReport> = {}) => names.map((name) => report(name, change));

/** What the reports are, the reason that is wanted, and the members it speaks of. */
const cases: [string, MemberReport[], RegExp | undefined, string][] = [
  ["three members as declared", all(), undefined, ""],
  [
    "one does not answer",
    [report("a"), report("b"), report("c", { error: "does not answer" })],
    /^c \(http:\/\/10\.0\.0\.c:2379\): does not answer$/,
    "c",
  ],
  [
    "two cluster IDs",
    [report("a", { clusterId: "c2", members: [members[0]!] }), report("b"), report("c")],
    /2 clusters instead of one: a in c2; b, c in c1/,
    "abc",
  ],
  [
    "a cluster without one declared member",
    all({ members: members.slice(0, 2) }),
    /a does not list c \(http:\/\/c\.etcd\.test:2380\) as a member/,
    "abc",
  ],
  [
    "a fourth member",
    all({
      members: [
        ...members,
        { id: "x", name: "d", peerUrls: ["http://d.etcd.test:2380"], learner: false },
      ],
    }),
    /lists d \(http:\/\/d\.etcd\.test:2380\), which is not declared/,
    "abc",
  ],
  [
    "a member that never started",
    all({
      members: [
        ...members,
        { id: "x", name: "", peerUrls: ["http://d.etcd.test:2380"], learner: false },
      ],
    }),
    /a member that never started/,
    "abc",
  ],
  [
    "a wrong peer URL",
    all({
      members: [members[0]!, members[1]!, { ...members[2]!, peerUrls: ["http://10.0.0.9:2380"] }],
    }),
    /lists c at http:\/\/10\.0\.0\.9:2380, declared/,
    "abc",
  ],
  ["a learner", [report("a"), report("b"), report("c", { learner: true })], /c is a learner/, "c"],
  ["no leader", all({ leaderId: "" }), /a, b, c see no leader/, "abc"],
  [
    "no leader, by one of them",
    [report("a"), report("b"), report("c", { leaderId: "0" })],
    /c sees no leader/,
    "c",
  ],
  [
    "two leaders",
    [report("a"), report("b"), report("c", { leaderId: "id-b" })],
    /2 leaders/,
    "abc",
  ],
  [
    "an alarm",
    [report("a"), report("b", { alarms: ["NOSPACE"] }), report("c")],
    /b raises the alarm NOSPACE/,
    "b",
  ],
  [
    "a marker not seen",
    [report("a"), report("b", { marker: "" }), report("c")],
    /b does not show the marker .*nothing/,
    "b",
  ],
  [
    "an older marker",
    [report("a"), report("b", { marker: "old" }), report("c")],
    /b does not show the marker .*an older one/,
    "b",
  ],
];

for (const [name, reports, want, members] of cases) {
  test(name, () => {
    const reasons = reasonsNotHealthy(declared, reports, "m");
    if (want)
      assert.ok(
        reasons.some((r) => want.test(r)),
        reasons.join("\n") || "healthy",
      );
    else assert.deepEqual(reasons, []);
    assert.equal(membersNotHealthy(declared, reports, "m").join(""), members);
  });
}

test("no report at all is not healthy by silence", () => {
  const reasons = reasonsNotHealthy(
    declared,
    names.map((n) => report(n, { error: "does not answer" })),
    "m",
  );
  assert.equal(reasons.length, 3);
});
