// How long a learner that copies is waited for. Does not prove that a node tells what it has
// copied, nor that the reconciler asks: tests/cookbook/etcdLook and tests/etcd/reconcile do.
import assert from "node:assert/strict";
import test from "node:test";
import { patience } from "../../components/membership/patience.ts";
import type { View } from "../../components/membership/view.ts";

/** A learner that has applied so much, and so much on its disk; without one: nobody joins. */
const view = (id?: string, applied = 0, bytes = 0) =>
  ({ learners: id ? [{ id, answer: { applied }, machine: { bytes } }] : [] }) as unknown as View;

type Sight = readonly [second: number, seen: View];
const rows: readonly (readonly [string, readonly Sight[], number, boolean])[] = [
  ["nobody joins", [[0, view()]], 120, false],
  ["a learner seen once", [[0, view("d", 10, 10)]], 120, false],
  [
    "it stands still",
    [
      [0, view("d", 10)],
      [60, view("d", 10)],
    ],
    120,
    false,
  ],
  [
    "its log grows",
    [
      [0, view("d", 10)],
      [60, view("d", 11)],
    ],
    120,
    true,
  ],
  [
    "its disk fills",
    [
      [0, view("d", 0, 10)],
      [60, view("d", 0, 11)],
    ],
    120,
    true,
  ],
  [
    "what it had copied is thrown away",
    [
      [0, view("d", 0, 10)],
      [60, view("d", 0, 2)],
    ],
    120,
    false,
  ],
  [
    "it is copied again, not further",
    [
      [0, view("d", 0, 10)],
      [30, view("d", 0, 2)],
      [60, view("d", 0, 9)],
    ],
    120,
    false,
  ],
  [
    "another learner",
    [
      [0, view("d", 10)],
      [60, view("e", 11)],
    ],
    120,
    false,
  ],
  [
    "the bound is over",
    [
      [0, view("d", 10)],
      [3599, view("d", 11)],
    ],
    3600,
    false,
  ],
];
for (const [name, seen, asked, wanted] of rows)
  test(`a learner is waited for: ${name}`, () => {
    const patient = patience();
    for (const [second, what] of seen) patient.saw(what, second * 1000);
    assert.equal(patient.more(asked * 1000), wanted);
  });

test("what was got on once is told once", () => {
  const patient = patience();
  patient.saw(view("d", 1), 0);
  patient.saw(view("d", 2), 1000);
  assert.equal(patient.more(120_000), true);
  patient.saw(view("d", 2), 121_000);
  assert.equal(patient.more(240_000), false);
});
