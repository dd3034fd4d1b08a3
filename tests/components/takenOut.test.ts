// What the members' lists say of one that was taken out of `nodes`. Does not prove that anybody is
// asked: tests/etcd/leaving.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import { judgedBy } from "../../components/bootstrap/takenOut.ts";

const url = (name: string) => `https://${name}.etcd.test:2380`;
/** `b: abc` is what b lists. */
const lists = (all: Record<string, string>) =>
  Object.entries(all).map(([name, named]) => ({
    by: { name, endpoint: "", peerUrl: url(name) },
    peerUrls: [...named].map(url),
  }));

for (const [what, said, is] of [
  ["nobody answers", {}, "unknown"],
  ["all list it", { b: "abc", c: "abc" }, "a member"],
  ["one lists it yet", { b: "bc", c: "abc" }, "a member"],
  ["none lists it", { b: "bcd", c: "bcd", d: "bcd" }, "removed"],
  ["one that was removed itself lists it yet", { b: "abcd", c: "cd", d: "cd" }, "removed"],
  ["two halves know nothing of one another", { b: "ab", c: "cd" }, "unknown"],
] as const)
  test(`${what}: ${is}`, () => {
    assert.equal(judgedBy(url("a"), lists(said), []).is, is);
  });
