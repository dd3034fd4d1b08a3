// The charter as the engine calls it. Does not prove who may correct it:
// tests/components/foundedOnce.test.ts does; nor what the rest of a program is given meanwhile:
// tests/components/charter.test.ts does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { Charter } from "../../components/charter/charter.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";

const founded = {
  nodes: ["a", "b", "c"],
  domain: "etcd.test",
  zoneId: "0123",
  tls: true,
  authority: "",
  etcdVersion: "3.6.14",
  sshPublicKey: "ssh-ed25519 AAAA",
  kmsKeyId: "",
  places: { a: "us-east-1a s-1", b: "us-east-1b s-2", c: "us-east-1c s-3" },
  instanceTypes: { a: "t3.medium", b: "t3.medium", c: "t3.medium" },
};
const grown = {
  ...founded,
  nodes: ["a", "b", "c", "d", "e"],
  places: { ...founded.places, d: "us-east-1d s-4", e: "us-east-1a s-1" },
  instanceTypes: { ...founded.instanceTypes, d: "t3.medium", e: "t3.medium" },
};
let charter: DynamicProvider;
before(async () => {
  charter = await startDynamicProvider(() => new Charter("charter", founded));
});
after(() => charter.close());

test("other members are written down, and no member's type or order is", async () => {
  const { outputs } = await charter.create(founded);
  assert.equal(await charter.diff(outputs, founded), false);
  assert.equal(await charter.diff(outputs, { ...founded, nodes: ["c", "b", "a"] }), false);
  const retyped = { ...founded.instanceTypes, b: "m7i.large" };
  assert.equal(await charter.diff(outputs, { ...founded, instanceTypes: retyped }), false);
  assert.deepEqual(await charter.check(founded, grown), []);
  assert.equal(await charter.diff(outputs, grown), true);
  const later = await charter.update(outputs, grown);
  assert.equal(await charter.diff(later, grown), false);
  const moved = { ...grown.places, d: "us-east-1b s-2" };
  assert.equal(await charter.diff(later, { ...grown, places: moved }), true, "for its hook to see");
});

test("a member that came later is one whose type changes alone", async () => {
  const retyped = { ...grown.instanceTypes, a: "m7i.large", d: "m7i.large" };
  const [refusal] = await charter.check(grown, { ...grown, instanceTypes: retyped });
  assert.match(refusal?.reason ?? "", /changes for a, d, which would stop them all at once/);
});
