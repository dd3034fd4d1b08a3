// What a program is given while the charter agrees, is made or updated itself, or is left out of
// the run (--target, --exclude). Does not prove that the engine answers like these mocks:
// tests/lab/noHarm.test.ts does for --exclude.
import assert from "node:assert/strict";
import test from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { agreement, Charter } from "../../components/charter/charter.ts";
import { ifKnown } from "../../components/engine/known.ts";

const declared = {
  nodes: ["a", "b"],
  domain: "etcd.test",
  zoneId: "0123",
  tls: true,
  authority: "",
  etcdVersion: "3.6.14",
  sshPublicKey: "ssh-ed25519 AAAA",
  kmsKeyId: "",
  places: { a: "us-east-1a s-1", b: "us-east-1b s-2" },
  instanceTypes: { a: "t3.medium", b: "t3.medium" },
};

/** The word that is given, where the state says this of the charter; "unknown" in a preview. */
async function given(state: object, preview = false): Promise<string> {
  await pulumi.runtime.setMocks(
    { newResource: () => ({ id: "founders", state }), call: () => ({}) },
    "etcd",
    "test",
    preview,
  );
  const charter = new Charter("etcd-founders", declared);
  return (await ifKnown(charter.whileAgreed("word"))) ?? "unknown";
}

test("a charter that agrees: the word is given", async () => {
  assert.equal(await given(declared), "word");
  assert.equal(await given(declared, true), "word");
});

test("one that was left out of the run and names other members: refused", async () => {
  await assert.rejects(
    agreement({ ...declared, nodes: ["c", "b"], places: { b: "us-east-1b s-2" } }, declared),
    /^Error: nodes: members come and go only in a run of the whole program \(there are b, c; got a, b\)/,
  );
});

test("one that was left out of the run and says otherwise: every reason is named", async () => {
  const written = {
    ...declared,
    domain: "other.test",
    places: { ...declared.places, b: "us-east-1c s-3" },
  };
  await assert.rejects(
    agreement(written, declared),
    /domain: .*\n.*nodes\.b: a member keeps its zone .*\n +The charter .* left out of this run/,
  );
});

test("one that is updated in this preview keeps nothing unknown", async () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const all = Object.fromEntries(Object.keys(declared).map((key) => [key, unknown]));
  assert.equal(await given(all, true), "word");
});
