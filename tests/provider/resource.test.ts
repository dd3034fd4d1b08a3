// What resource() makes of a definition, as text in the SDK's own process, the way the engine calls
// it. Does not prove that the definitions of the program mean the right thing: their own tests do.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../../components/engine/resource.ts";
import { type DynamicProvider, startDynamicProvider } from "./dynamicProvider.ts";

interface Inputs {
  readonly size: number;
  readonly note?: string;
  readonly place?: string;
}
interface Outputs extends Inputs {
  readonly word: string;
}

const least = 1;
const things = resource<Inputs, Outputs>({
  type: "Thing",
  version: 3,
  computed: ["word"],
  secrets: ["word"],
  meaning: ({ size }) => size,
  due: (olds) => olds.note === "old",
  replaces: (olds, { place }) => (olds.place === place ? [] : ["place"]),
  check: (olds, { size }) =>
    size < least
      ? [{ property: "size", reason: `size: at least ${least} (got ${size}, was ${olds.size})` }]
      : [],
  async make(inputs, { olds, setting }) {
    const { createHash } = await import("node:crypto");
    const word = olds?.word ?? createHash("md5").update(`${inputs.size}`).digest("hex").slice(0, 4);
    return { ...inputs, word: `${word}-${setting("etcd:suffix") ?? "none"}` };
  },
  id: ({ word }) => `thing-${word}`,
  async read(outputs, { setting }) {
    if (outputs.note === "fails") throw new Error("no route to host");
    if (outputs.note === "hangs")
      await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
    return { ...outputs, word: `read-${setting("etcd:suffix")}` };
  },
  async remove({ word, note }, { setting }) {
    if (note === "package") await import("a-package-of-another-release" as string);
    if (note === "refuses") throw new Error("somebody lives there");
    console.log(`removed ${word} in ${setting("etcd:suffix")}`);
  },
});

class Thing extends pulumi.dynamic.Resource {
  declare readonly word: pulumi.Output<string>;
  constructor(name: string, args: Inputs, opts?: pulumi.CustomResourceOptions) {
    super(...things(name, { ...args }, opts));
  }
}

const plain = resource<object, object>({
  type: "Plain",
  make: async (inputs) => inputs,
  id: () => "plain",
});
const guards = resource<object, object>({
  type: "Guard",
  guards: true,
  make: async (inputs) => inputs,
  id: () => "guard",
  async remove() {
    await import("a-package-of-another-release" as string);
  },
});
class Guard extends pulumi.dynamic.Resource {
  constructor(name: string, opts?: pulumi.CustomResourceOptions) {
    super(...guards(name, {}, opts));
  }
}
class Plain extends pulumi.dynamic.Resource {
  constructor() {
    super(...plain("plain", {}));
  }
}

let thing: DynamicProvider;
let guard: DynamicProvider;
before(async () => {
  guard = await startDynamicProvider(() => new Guard("guard"));
  thing = await startDynamicProvider(() => new Thing("t", { size: 2 }), { "etcd:suffix": "x" });
});
after(() => {
  thing.close();
  guard.close();
});

test(
  "it is made with all outputs, its id follows from them, and the " + "configuration is at hand",
  async () => {
    assert.deepEqual(await thing.create({ size: 2, version: 3 }), {
      id: "thing-c81e-x",
      outputs: { size: 2, version: 3, word: "c81e-x" },
    });
  },
);

test("an update knows the outputs of before, and a deletion the configuration", async () => {
  const olds = { size: 2, version: 3, word: "kept" };
  assert.deepEqual(await thing.update(olds, { size: 5, version: 3 }), {
    size: 5,
    version: 3,
    word: "kept-x",
  });
  await thing.delete("thing-kept", olds);
  assert.match(thing.printed(), /removed kept in x/);
});

for (const [name, olds, news, want] of [
  ["the same", { size: 2, version: 3 }, { size: 2, version: 3 }, false],
  ["what has no meaning", { size: 2, version: 3 }, { size: 2, version: 3, note: "new" }, false],
  ["what has", { size: 2, version: 3 }, { size: 3, version: 3 }, true],
  ["a higher version", { size: 2, version: 2 }, { size: 2, version: 3 }, true],
  ["a state that had no version", { size: 2 }, { size: 2, version: 3 }, true],
  ["another reason", { size: 2, version: 3, note: "old" }, { size: 2, version: 3 }, true],
] as const) {
  test(`an update is ${want ? "" : "not "}due: ${name}`, async () => {
    assert.equal(await thing.diff(olds, news), want);
  });
}

test("what asks for another one is named, and is a change", async () => {
  const olds = { size: 2, version: 3, place: "here" };
  assert.deepEqual(await thing.replaces(olds, { ...olds, size: 3 }), []);
  for (const place of ["there", "04da6b54-80e4-46f7-96ec-b56ff0331ba9", undefined]) {
    assert.deepEqual(await thing.replaces(olds, { ...olds, place }), ["place"]);
    assert.equal(await thing.diff(olds, { ...olds, place }), true);
  }
});

test("a refresh finds another verdict, and keeps the rest", async () => {
  const olds = { size: 2, version: 3, word: "kept" };
  assert.deepEqual(await thing.read("thing-kept", olds), {
    id: "thing-kept",
    outputs: { ...olds, word: "read-x" },
  });
});

for (const note of ["fails", "hangs"]) {
  test(`a look that ${note} changes nothing, and no refresh fails of it`, async () => {
    const olds = { size: 2, version: 3, word: "kept", note };
    const since = Date.now();
    assert.deepEqual((await thing.read("thing-kept", olds)).outputs, olds);
    assert.ok(Date.now() - since < 8000, "it takes 5 s at most");
  });
}

test("inputs are refused with the reason, for a new one too", async () => {
  assert.deepEqual(await thing.check({ size: 2 }, { size: 2 }), []);
  assert.deepEqual(await thing.check({ size: 2 }, { size: 0 }), [
    { property: "", reason: "size: at least 1 (got 0, was 2)" },
  ]);
  assert.match((await thing.check({}, { size: 0 }))[0]?.reason ?? "", /was undefined/);
});

test(
  "what is not defined is not there: nothing is refused, nothing " + "changes, nothing is removed",
  async () => {
    const least = await startDynamicProvider(() => new Plain());
    try {
      assert.deepEqual(await least.check({ a: 1 }, { a: 2 }), []);
      assert.equal(await least.diff({ a: 1 }, { a: 2 }), false);
      assert.deepEqual(await least.replaces({ a: 1 }, { a: 2 }), []);
      assert.deepEqual(await least.read("plain", { a: 1 }), { id: "plain", outputs: { a: 1 } });
      await least.delete("plain", {});
    } finally {
      least.close();
    }
  },
);

test("a package that a later release does not have fails no deletion, and is said", async () => {
  const outputs = { size: 2, version: 3, word: "w" };
  await thing.delete("thing-w", { ...outputs, note: "package" });
  assert.match(
    thing.printed(),
    /Thing looked for nothing when it was deleted: .* the package a-package-of-another-release,/,
  );
  await assert.rejects(thing.delete("thing-w", { ...outputs, note: "refuses" }), /somebody lives/);
  await assert.rejects(guard.delete("guard", {}), /a-package-of-another-release/);
});

test("the registration: type and name, version and computed outputs, secret ones", () => {
  const [, name, inputs, opts, module, type] = things("t", { size: 2 }, { protect: true });
  assert.deepEqual([name, module, type], ["t", "etcd", "Thing"]);
  assert.deepEqual(inputs, { size: 2, version: 3, word: undefined });
  assert.deepEqual(opts, { protect: true, additionalSecretOutputs: ["word"] });
  assert.equal("version" in plain("p", {})[2], false);
});
