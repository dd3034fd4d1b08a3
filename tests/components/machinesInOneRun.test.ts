// Which machines and volumes a run would make anew, and what is said of it and of other members.
// Does not prove that the engine asks, nor what is there: tests/lab/oneMachine.test.ts and
// oldState.test.ts do.
import assert from "node:assert/strict";
import test from "node:test";
import { idsIn, losers } from "../../components/charter/losers.ts";
import { refusalOf } from "../../components/charter/machinesInOneRun.ts";
import { membershipWords } from "../../components/charter/otherMembers.ts";
import { goneWords, volumeRefusal } from "../../components/charter/volumesStay.ts";

const olds = { a: "i-1", b: "i-2", c: "i-3" };
/** As a hook is given what a preview does not know. */
const unknown = { __pulumiUnknown: true };

const all = ["a", "b", "c"];

for (const [what, news, going, declared = all] of [
  ["the same", olds, []],
  ["another order", { c: "i-3", b: "i-2", a: "i-1" }, []],
  ["a new member", { ...olds, d: unknown }, [], [...all, "d"]],
  ["one that is not known", { ...olds, b: unknown }, ["b"]],
  ["others", { a: "i-4", b: "i-5", c: "i-3" }, ["a", "b"]],
  ["one that is declared no more", { a: "i-1", b: "i-2" }, [], ["a", "b"]],
  ["one for another", { b: "i-2", c: "i-3", d: unknown }, [], ["b", "c", "d"]],
  ["one anew while one leaves", { b: unknown, c: "i-3" }, ["b"], ["b", "c"]],
  ["nothing known", {}, ["a", "b", "c"]],
] as const)
  test(`machines that leave: ${what}`, () => {
    assert.deepEqual(
      losers(declared, olds, news).map(({ member }) => member),
      going,
    );
  });

test("nobody leaves a record that names nobody", () => {
  assert.deepEqual(losers(all, {}, olds), []);
  assert.deepEqual(idsIn(undefined, "machineIds"), {});
  assert.deepEqual(idsIn({ machineIds: "unknown" }, "machineIds"), {});
});

test("one that is alive may be made anew, several may not", () => {
  const [a, b, c] = losers(all, olds, {});
  assert.ok(a && b && c);
  assert.equal(refusalOf("etcd", []), "");
  assert.equal(refusalOf("etcd", [b]), "");
  assert.equal(
    refusalOf("etcd", [b, c]),
    "the machines of b (i-2), c (i-3) are alive, and this would make all of them anew in one " +
      "run; members change machines one at a time. One: pulumi up --replace " +
      "'**etcd-b-instance', and the next when all members are healthy again (npm run " +
      "status). When the program itself " +
      "wants all of them anew: pulumi up --target '**etcd-b-instance' --target-dependents. " +
      "Machines that are gone are made anew together: pulumi up --refresh",
  );
});

test("a volume that is there is not replaced, one that is gone is", () => {
  assert.equal(volumeRefusal([]), "");
  assert.match(
    volumeRefusal([{ member: "b", id: "vol-2" }]),
    /^data volume of b \(vol-2\): it is there, .* take b out of nodes and put a member with another/,
  );
  assert.match(
    goneWords([{ member: "b", id: "vol-2" }]),
    /^data volume of b \(vol-2\): it is gone/,
  );
});

test("what comes of other members, in words", () => {
  assert.equal(membershipWords(all, ["c", "b", "a"], false), "");
  assert.equal(
    membershipWords(all, ["b", "c", "d"], false),
    [
      "nodes: 3 members become 3, one change at a time, each only while all other members are " +
        "healthy:",
      "  d joins as a learner, which has no vote; it votes when it has the data, and clients " +
        "find it then",
      "  a leaves: were it the leader, another member leads first; it is removed from " +
        "the cluster, its etcd is stopped, and at the end its names, its machine and its data " +
        "volume go",
    ].join("\n"),
  );
  assert.match(membershipWords(all, ["a"], true), /become 1.*\n {2}b leaves: [^]*c leaves/);
  assert.match(membershipWords(all, ["a"], true), /its data volume stays in the account$/);
});
