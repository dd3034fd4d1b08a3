// Which word a state has of a founding whose record it has lost. Does not prove that the engine
// tells the state, nor what EC2 says of the word: the lab does.
import assert from "node:assert/strict";
import test from "node:test";
import { wordIn } from "../../components/recovery/forgottenWord.ts";
import { memberTagKey } from "../../components/recovery/marks.ts";

const urn = (name: string) => `urn:pulumi:dev::etcd::some:type$other::${name}`;
const tag = (name: string, value: string, key = memberTagKey) => ({
  [urn(name)]: { type: "aws:ec2/tag:Tag", outputs: { key, value } },
});
const record = { [urn("etcd-founding-volumes")]: { type: "dynamic", outputs: {} } };
const tags = { ...tag("etcd-b-machine-tag", "f0f0f0f0"), ...tag("etcd-d-volume-tag", "f0f0f0f0") };

for (const [what, saved, word] of [
  ["the tags of members have it", tags, "f0f0f0f0"],
  ["the record is there", { ...tags, ...record }, undefined],
  ["a state without members", {}, undefined],
  ["a cluster older than such words", tag("etcd-b-machine-tag", "founded"), undefined],
  ["two words", { ...tags, ...tag("etcd-e-volume-tag", "0a0a0a0a") }, undefined],
  ["another cluster's tags", tag("other-b-machine-tag", "f0f0f0f0"), undefined],
  ["another tag", tag("etcd-b-machine-tag", "f0f0f0f0", "Backup"), undefined],
] as const)
  test(`the founding's word in a state: ${what}`, () => {
    assert.equal(wordIn(saved, "etcd-founding-volumes", "etcd"), word);
  });
