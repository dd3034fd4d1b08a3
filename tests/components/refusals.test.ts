// Which changes of a founded cluster preview refuses. Does not prove that the engine asks:
// tests/lab/firstLight does.
import assert from "node:assert/strict";
import test from "node:test";
import {
  type CharterInputs,
  foundedRefusals,
  hasOtherMembers,
  typeRefusals,
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
    /nodes\.b: a member keeps its zone.*in nodes write d in place of b.* lets d join, and then b leave$/,
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

/** Members with a place and a type each. */
const membersAt = (all: Record<string, string>) => ({
  ...founded,
  nodes: Object.keys(all),
  places: all,
  instanceTypes: Object.fromEntries(Object.keys(all).map((name) => [name, "t3.medium"])),
});
const { a, b, c } = places;
const d = "us-east-1d subnet-4";
for (const [what, before, after, refused] of [
  ["members more", { a, b, c }, { a, b, c, d, e: d }, []],
  ["members less", { a, b, c }, { b }, []],
  ["one for another", { a, b, c }, { b, c, d }, []],
  ["one that came later moves", { a, b, c, d, e: d }, { a, b, c, d: a, e: d }, ["places"]],
  ["one moves while others come", { a, b, c }, { a, b: d, c, d, e: d }, ["places"]],
  ["one had left and comes back elsewhere", { b, c, d }, { b, c, a: d }, []],
] as const)
  test(`other members: ${what}`, () => {
    assert.deepEqual(
      refusals(membersAt(before), membersAt(after)).map(({ property }) => property),
      refused,
    );
    assert.equal(
      hasOtherMembers(membersAt(before), membersAt(after)),
      String(Object.keys(before)) !== String(Object.keys(after)),
    );
  });

test("two types that change while a member comes are refused; the comer's is none", () => {
  const news = membersAt({ a, b, c, d, e: d });
  const retyped = { ...types, a: "m7i.large", d: "m7i.large" };
  assert.deepEqual(refusals(founded, { ...news, instanceTypes: retyped }), []);
  assert.deepEqual(
    refusals(news, { ...news, instanceTypes: retyped }).map(({ property }) => property),
    ["instanceTypes"],
    "one of those that came later counts",
  );
});

test("an order, a state that names nobody, and a preview that knows no names are no change", () => {
  assert.equal(hasOtherMembers(founded, { ...founded, nodes: ["c", "a", "b"] }), false);
  assert.equal(hasOtherMembers({}, founded), false);
  assert.equal(hasOtherMembers(founded, { ...founded, nodes: unknown as never }), false);
});
