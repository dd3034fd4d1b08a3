// Which changes of a founded cluster preview refuses. Does not prove that the engine asks:
// tests/lab/firstLight does.
import assert from "node:assert/strict";
import test from "node:test";
import {
  type CharterInputs,
  foundedRefusals,
  typeRefusals,
  volumeRefusals,
} from "../../components/charter/refusals.ts";

/** All of them: what a founded cluster keeps, and what no cluster may do at once. */
const refusals = (olds: CharterInputs, news: CharterInputs) => [
  ...foundedRefusals(olds, news),
  ...typeRefusals(olds, news),
];

const types = { a: "t3.medium", b: "t3.medium", c: "t3.medium" };
const places = { a: "us-east-1a subnet-1", b: "us-east-1b subnet-2", c: "us-east-1c subnet-3" };
const founded = {
  nodes: ["a", "b", "c"],
  domain: "etcd.test",
  zoneId: "0123",
  tls: false,
  authority: "",
  etcdVersion: "3.6.14",
  sshPublicKey: "ssh-ed25519 AAAA",
  kmsKeyId: "",
  instanceTypes: types,
  places,
};
// how preview shows a value that is not known yet
const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const refused: [string, object, string, RegExp][] = [
  [
    "a node more",
    { nodes: ["a", "b", "c", "d", "e"] },
    "nodes",
    /founded by a, b, c; got a, b, c, d, e/,
  ],
  ["a node less", { nodes: ["a"] }, "nodes", /got a\)/],
  ["a renamed node", { nodes: ["a", "b", "x"] }, "nodes", /got a, b, x/],
  ["another domain", { domain: "other.test" }, "domain", /etcd\.test; got other\.test/],
  ["another zone of Cloudflare's", { zoneId: "4567" }, "zoneId", /founded in 0123; got 4567/],
  ["TLS switched", { tls: true }, "tls", /founded with false; got true/],
  [
    "another CA",
    { authority: "-----BEGIN CERTIFICATE-----" },
    "authority",
    /^caCertificate: members believe the CA they were started with/,
  ],
  [
    "another version",
    { etcdVersion: "3.7.1" },
    "etcdVersion",
    /one member at a time.*founded with 3\.6\.14; got 3\.7\.1/,
  ],
  [
    "another SSH key",
    { sshPublicKey: "ssh-ed25519 BBBB" },
    "sshPublicKey",
    /replace every machine at once/,
  ],
  [
    "a KMS key where there was none",
    { kmsKeyId: "arn:key" },
    "kmsKeyId",
    /replace every data volume \(founded with the account's default; got arn:key\)/,
  ],
  [
    "a node moved to another zone",
    { places: { ...places, b: "us-east-1f subnet-2" } },
    "places",
    /nodes\.b: a member keeps its zone/,
  ],
  [
    "another type for all at once",
    { instanceTypes: { a: "m7i.large", b: "m7i.large", c: "m7i.large" } },
    "instanceTypes",
    /changes for a, b, c, which would stop them all at once/,
  ],
  [
    "a zone of Cloudflare's that is made in the same run",
    { zoneId: unknown },
    "zoneId",
    /founded in 0123; got a value that is not known yet/,
  ],
];
for (const [name, change, property, reason] of refused) {
  test(`refused: ${name}`, () => {
    const found = refusals(founded, { ...founded, ...change });
    assert.deepEqual(
      found.map((f) => f.property),
      [property],
    );
    assert.match(found[0]?.reason ?? "", reason);
  });
}
test("refused: a KMS key for a cluster that was founded before there was such a setting", () => {
  const { kmsKeyId: _, ...older } = founded;
  assert.deepEqual(
    refusals(older, { ...founded, kmsKeyId: "arn:key" }).map((f) => f.property),
    ["kmsKeyId"],
  );
  assert.deepEqual(refusals(older, founded), []);
});
test("accepted: the first up, and no change", () => {
  assert.deepEqual(refusals({}, founded), []);
  assert.deepEqual(refusals(founded, { ...founded, nodes: ["c", "b", "a"] }), []);
  assert.deepEqual(
    refusals(founded, { ...founded, instanceTypes: { ...types, b: "m7i.large" } }),
    [],
    "one node at a time may change its type",
  );
});

const volumes = { a: "vol-1", b: "vol-2", c: "vol-3" };
for (const [name, change, lost] of [
  ["another volume", { b: "vol-9" }, "b"],
  ["a volume about to be replaced", { c: unknown }, "c"],
  ["two volumes", { a: "vol-8", b: "vol-9" }, "a, b"],
] as const) {
  test(`refused: ${name}`, () => {
    const [refusal, ...more] = volumeRefusals(volumes, { ...volumes, ...change });
    assert.equal(refusal?.property, "volumeIds");
    assert.match(refusal?.reason ?? "", new RegExp(`^data volume of ${lost}: `));
    assert.deepEqual(more, []);
  });
}
test("accepted: volumes at the first up, no change, and a volume of a member more", () => {
  assert.deepEqual(volumeRefusals(undefined, volumes), []);
  assert.deepEqual(volumeRefusals(volumes, volumes), []);
  assert.deepEqual(volumeRefusals(volumes, { ...volumes, d: unknown }), []);
});
