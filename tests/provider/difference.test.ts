/**
 * How the lab's plugins find changes and plan. Pure functions; does not prove that the tables of
 * the resource types are the official ones.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { differences, withoutIgnored } from "../../lab/plugins/difference.ts";
import { inputsFromState, plannedCreation, plannedUpdate } from "../../lab/plugins/planning.ts";
import type { Properties } from "../../lab/plugins/properties.ts";
import { unknown } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

const table: Properties = {
  given: {},
  zone: { replaces: true },
  filled: { computed: true },
  group: { computed: true, set: true },
  size: { default: 8 },
  told: { output: true },
  stamp: { output: true, renewed: true },
  mine: { local: true },
  disk: {
    computed: true,
    fields: {
      kind: { computed: true },
      sealed: { computed: true, replaces: true },
      id: { output: true },
    },
  },
  tags: {},
};

const cases: Record<string, [state: Values, wanted: Values, expected: string[]]> = {
  "nothing differs": [{ given: "a", size: 8 }, { given: "a" }, []],
  "another value": [{ given: "a", size: 8 }, { given: "b" }, ["update given"]],
  "a value more": [{ size: 8 }, { given: "b" }, ["add given"]],
  "a value less": [{ given: "a", size: 8 }, {}, ["delete given"]],
  "absent and empty are the same": [{ given: "", tags: {}, size: 8 }, {}, []],
  "what the API fills in may be left out": [{ filled: "x", group: ["a"], size: 8 }, {}, []],
  "what the API fills in may differ": [
    { filled: "x", size: 8 },
    { filled: "y" },
    ["update filled"],
  ],
  "a list without order": [{ group: ["a", "b"], size: 8 }, { group: ["b", "a"] }, []],
  "the default is wanted when nothing is said": [{ size: 4 }, {}, ["update size"]],
  "outputs are nobody's wish": [{ told: "x", size: 8 }, { told: "y" }, []],
  "a change that replaces": [{ zone: "a", size: 8 }, { zone: "b" }, ["update! zone"]],
  "what is not known counts as changed": [
    { zone: "a", size: 8 },
    { zone: unknown },
    ["update! zone"],
  ],
  "inside an object only what is said counts": [
    { disk: { kind: "gp3", sealed: true, id: "1" }, size: 8 },
    { disk: { kind: "gp2" } },
    ["update disk.kind"],
  ],
  "inside an object a property may replace": [
    { disk: { kind: "gp3", sealed: true }, size: 8 },
    { disk: { sealed: false } },
    ["update! disk.sealed"],
  ],
  "keys of a map": [
    { tags: { a: "1", b: "2", "c d": "3" }, size: 8 },
    { tags: { a: "1", b: "3", e: "4" } },
    ["update tags.b", 'delete tags["c d"]', "add tags.e"],
  ],
};

for (const [name, [state, wanted, expected]] of Object.entries(cases)) {
  test(`differences: ${name}`, () => {
    assert.deepEqual(
      differences(table, state, wanted).map(
        ({ path, kind, replaces }) => `${kind}${replaces ? "!" : ""} ${path}`,
      ),
      expected,
    );
  });
}

test("ignored changes are left out, with all below them", () => {
  const changes = differences(
    table,
    { given: "a", tags: { a: "1" }, size: 8 },
    { given: "b", tags: { a: "2" } },
  );
  assert.deepEqual(
    withoutIgnored(changes, ["tags"]).map(({ path }) => path),
    ["given"],
  );
  assert.deepEqual(withoutIgnored(changes, ["tags.a", "given"]), []);
});

test("a planned creation knows inputs and defaults, and what the API will say is open", () => {
  assert.deepEqual(
    JSON.parse(JSON.stringify(plannedCreation(table, { given: "a", disk: { kind: "gp3" } }))),
    {
      given: "a",
      filled: unknown,
      group: unknown,
      size: 8,
      told: unknown,
      stamp: unknown,
      disk: { kind: "gp3", sealed: unknown, id: unknown },
    },
  );
});

test("a planned update keeps what it has no reason to doubt", () => {
  const state = {
    given: "a",
    filled: "x",
    told: "y",
    stamp: "1",
    size: 8,
    disk: { kind: "gp3", id: "1" },
  };
  assert.deepEqual(plannedUpdate(table, state, { filled: "z", disk: { kind: "gp2" } }), {
    filled: "z",
    told: "y",
    stamp: unknown,
    size: 8,
    disk: { kind: "gp2", id: "1" },
  });
});

test("a refresh looks at what the program had said, an import at all it could have said", () => {
  const state = {
    given: "b",
    filled: "x",
    told: "y",
    size: 8,
    disk: { kind: "gp3", sealed: true, id: "1" },
    tags: {},
  };
  assert.deepEqual(inputsFromState(table, { given: "a", disk: { kind: "gp2" } }, state), {
    given: "b",
    disk: { kind: "gp3" },
  });
  assert.deepEqual(inputsFromState(table, {}, state), {
    given: "b",
    filled: "x",
    disk: { kind: "gp3", sealed: true },
  });
});
