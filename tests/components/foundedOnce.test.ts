// When the first `up` may still be corrected. Does not prove that the engine runs the hook, nor
// what EC2 answers: tests/lab/foundedOnce.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import { refuseLateCorrection } from "../../components/charter/foundedOnce.ts";
import { holdingInWords, type Holding } from "../../components/charter/membersInEc2.ts";

const nothing: Holding = { instances: [], volumes: [] };
const machine: Holding = { instances: ["i-1"], volumes: [] };
const disk: Holding = { instances: [], volumes: ["vol-2", "vol-1"] };
const answers = (members: Holding, machines = nothing) => ({
  members: async () => members,
  machines: async () => machines,
});
const olds = { domain: "etcd.test", zoneId: "0123", sshPublicKey: "ssh-ed25519 AAAA" };
const correct = (news: object, world = answers(nothing)) =>
  refuseLateCorrection(olds, { ...olds, ...news }, world);

test("nothing changes: nobody is asked", async () => {
  const asked = async () => assert.fail("asked");
  await refuseLateCorrection(olds, olds, { members: asked, machines: asked });
});

test("members come and go: nobody is asked; one that moves is refused", async () => {
  const asked = async () => assert.fail("asked");
  const silent = { members: asked, machines: asked };
  const before = { ...olds, nodes: ["a", "b", "c"], places: { a: "1", b: "2", c: "3" } };
  const after = { ...olds, nodes: ["b", "c", "d"], places: { b: "2", c: "3", d: "1" } };
  await refuseLateCorrection(before, after, silent);
  const moved = { ...after, places: { ...after.places, d: "2" } };
  await assert.rejects(refuseLateCorrection(after, moved, answers(machine)), /nodes\.d: a member/);
});

test("a correction is made while nothing holds a member", async () => {
  await correct({ domain: "etcd.example", zoneId: "4567" });
  await correct({ sshPublicKey: "ssh-ed25519 BBBB" });
});

for (const [what, holding] of [
  ["machine", machine],
  ["disk without a machine", disk],
] as const) {
  test(`a ${what} that was given to a member: every reason is named`, async () => {
    await assert.rejects(
      correct({ domain: "etcd.example", zoneId: "4567" }, answers(holding)),
      (e) =>
        /domain: .*founded under etcd\.test; got etcd\.example.*\n.*zoneId: .*got 4567/s.test(
          (e as Error).message,
        ),
    );
  });
}

test("EC2 cannot be asked: refused, with its words", async () => {
  const silent = async () => Promise.reject(new Error("ExpiredToken"));
  await assert.rejects(
    correct({ domain: "etcd.example" }, { members: silent, machines: silent }),
    /domain: .*\n.*could not be asked whether one was: ExpiredToken/s,
  );
});

test("machines keep the SSH key they were made with: a destroy loses nothing", async () => {
  await assert.rejects(
    correct({ sshPublicKey: "ssh-ed25519 BBBB" }, answers(nothing, machine)),
    /sshPrivateKey: .*\n.*machine i-1 keeps the key.*a destroy loses nothing: pulumi destroy/s,
  );
});

test("what holds a member, in words", () => {
  assert.equal(holdingInWords(nothing), "");
  assert.equal(holdingInWords(machine), "machine i-1");
  assert.equal(
    holdingInWords({ ...disk, instances: ["i-2", "i-1"] }),
    "machines i-1, i-2 and data volumes vol-1, vol-2",
  );
});
