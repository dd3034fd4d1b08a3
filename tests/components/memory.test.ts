// Whether what members show is the cluster that is remembered, and what is said when it is not.
// Does not prove what etcd shows after a loss: tests/etcd/memory does.
import assert from "node:assert/strict";
import test from "node:test";
import { refusalOf, type Sight, strangerAmong } from "../../components/health/memory.ts";

const known = { clusterId: "c1", word: "f0f0", revision: 100, healthyAt: "2027-01-01T00:00:00Z" };
const seen = (change: Partial<Sight> = {}, name = "a"): Sight => ({
  ...{ name, clusterId: "c1", word: "f0f0", revision: 100 },
  ...change,
});
const remembered = { founding: "f0f0", known };
const founded = { founding: "f0f0" };

/** What is seen, what is remembered, and what differs. */
const cases: [string, readonly Sight[], typeof remembered | typeof founded, string[]][] = [
  ["the same", [seen()], remembered, []],
  ["written to since", [seen({ revision: 101 })], remembered, []],
  ["nobody answers", [], remembered, []],
  ["no memory, no word", [seen({ word: "" })], founded, []],
  ["no memory, our word", [seen({ revision: 1 })], founded, []],
  [
    "no memory, another word",
    [seen({ word: "0a0a" })],
    founded,
    ["a: under _etcd-on-ec2/identity stands 0a0a; this stack's cluster was founded as f0f0"],
  ],
  ["older than such words", [seen({ word: "0a0a" })], { founding: "" }, []],
  [
    "emptied",
    [seen({ word: "", revision: 1 }), seen({ word: "", revision: 1 }, "b")],
    remembered,
    [
      "a, b: nothing stands under _etcd-on-ec2/identity; it was f0f0",
      "a, b: the revision is 1; it was 100",
    ],
  ],
  ["an older backup", [seen({ revision: 99 })], remembered, ["a: the revision is 99; it was 100"]],
  [
    "one of them in another cluster",
    [seen(), seen({ clusterId: "c2" }, "b")],
    remembered,
    ["b: the cluster ID is c2; it was c1"],
  ],
  [
    "another word than ours",
    [seen({ word: "0a0a" })],
    remembered,
    ["a: under _etcd-on-ec2/identity stands 0a0a; it was f0f0"],
  ],
];
for (const [name, sights, recognition, differences] of cases)
  test(`recognised: ${name}`, () =>
    assert.deepEqual(strangerAmong(sights, recognition)?.differences ?? [], differences));

const words: [string, readonly Sight[], string, boolean, RegExp][] = [
  [
    "what to type",
    [seen({ word: "" })],
    "",
    false,
    /: pulumi config set etcd:acceptRestore c1, th/,
  ],
  ["another ID is set", [seen({ word: "" })], "c9", false, / up \(it is set to c9\)$/],
  ["it was used before", [seen({ word: "" })], "c1", true, /pulumi config rm etcd:acceptRestore, /],
  [
    "several clusters cannot be let through",
    [seen({ clusterId: "c2" }), seen({ clusterId: "c3" }, "b")],
    "",
    false,
    /^ {2}They are in several clusters \(c2, c3\): bring them together first\.$/m,
  ],
];
for (const [name, sights, accept, used, want] of words)
  test(`refused: ${name}`, () => {
    const said = refusalOf(strangerAmong(sights, remembered)!, accept, used);
    assert.match(said, want);
    assert.match(
      said,
      /^This is not the cluster that was healthy at 2027-01-01T00:00:00Z\. Nothing/,
    );
  });
