// Which machines a run would make anew, and the words of the refusal. Does not prove that the
// engine asks, nor who is alive: tests/lab/oneMachine.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import { leavers, refusalOf } from "../../components/charter/machinesInOneRun.ts";

const olds = { a: "i-1", b: "i-2", c: "i-3" };
/** As a hook is given what a preview does not know. */
const unknown = { __pulumiUnknown: true };

for (const [what, news, going] of [
  ["the same", olds, []],
  ["another order", { c: "i-3", b: "i-2", a: "i-1" }, []],
  ["a new member", { ...olds, d: unknown }, []],
  ["one that is not known", { ...olds, b: unknown }, ["b"]],
  ["others", { a: "i-4", b: "i-5", c: "i-3" }, ["a", "b"]],
  ["one that is declared no more", { a: "i-1", b: "i-2" }, ["c"]],
  ["nothing known", {}, ["a", "b", "c"]],
] as const)
  test(`machines that leave: ${what}`, () => {
    assert.deepEqual(
      leavers(olds, news).map(({ member }) => member),
      going,
    );
  });

test("nobody leaves a record that names nobody", () => {
  assert.deepEqual(leavers({}, olds), []);
});

test("one that is alive may be made anew, several may not", () => {
  const [a, b, c] = leavers(olds, {});
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
