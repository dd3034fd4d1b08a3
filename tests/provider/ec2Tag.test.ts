/**
 * The lab's aws plugin: a tag of its own on a thing that another resource manages, called as the
 * engine calls it, against scripted answers of EC2's Query API. Does not prove that moto, or EC2,
 * answers like the script (the lab tier runs it against moto).
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { FakeEc2 } from "./fakeEc2.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import type { Values } from "../../lab/plugins/values.ts";

const type = "aws:ec2/tag:Tag";
const inputs: Values = { resourceId: "i-1", key: "Member", value: "word" };
const id = "i-1,Member";

let api: FakeEc2;
let plugin: PluginProcess;
before(async () => {
  api = await startFakeEc2();
  plugin = await startPlugin("aws");
  await plugin.configure(ec2Config(api.endpoint));
});
after(async () => {
  await plugin.stop();
  await api.close();
});
beforeEach(() => {
  api.calls.length = 0;
  api.script = { CreateTags: "", DeleteTags: "" };
});

const tagsXml = (value?: string) =>
  value === undefined
    ? "<tagSet/>"
    : `<tagSet><item><resourceId>i-1</resourceId><key>Member</key><value>${value}</value></item></tagSet>`;

test("a tag is set on its thing, and its id names both", async () => {
  const made = await plugin.create(type, "mark", inputs);
  assert.equal(made.id, id);
  assert.deepEqual(made.state, { ...inputs, id, region: "us-east-1" });
  assert.deepEqual(api.calls, [
    {
      action: "CreateTags",
      parameters: { "ResourceId.1": "i-1", "Tag.1.Key": "Member", "Tag.1.Value": "word" },
    },
  ]);
});

test("another value changes in place; another thing or key makes a new tag", async () => {
  const difference = (news: Values) => plugin.diff(type, inputs, inputs, { ...inputs, ...news });
  assert.deepEqual((await difference({ value: "other" })).replaces, []);
  assert.deepEqual((await difference({ value: "other" })).changed, ["value"]);
  assert.deepEqual((await difference({ resourceId: "i-2" })).replaces, ["resourceId"]);
  assert.deepEqual((await difference({ key: "Role" })).replaces, ["key"]);
  const state = await plugin.update(type, id, inputs, inputs, { ...inputs, value: "other" });
  assert.equal(state.value, "other");
  assert.deepEqual(api.actions(), ["CreateTags"]);
  assert.equal(api.calls[0]?.parameters["Tag.1.Value"], "other");
});

test("a deletion takes the tag away, by key and value as the official provider does", async () => {
  await plugin.remove(type, id, inputs, inputs);
  assert.deepEqual(api.calls, [
    {
      action: "DeleteTags",
      parameters: { "ResourceId.1": "i-1", "Tag.1.Key": "Member", "Tag.1.Value": "word" },
    },
  ]);
});

test("a refresh sees another value, and a tag that is gone", async () => {
  api.script = { DescribeTags: tagsXml("other") };
  const found = await plugin.read(type, id, inputs, { ...inputs, id });
  assert.equal(found.state.value, "other");
  assert.equal(found.inputs.value, "other");
  assert.equal(api.calls[0]?.parameters["Filter.1.Value.1"], "i-1");
  assert.equal(api.calls[0]?.parameters["Filter.2.Value.1"], "Member");
  api.script = { DescribeTags: tagsXml() };
  assert.equal((await plugin.read(type, id, inputs, { ...inputs, id })).id, "");
});

test("an import names the thing and the key, which may hold a comma", async () => {
  api.script = { DescribeTags: tagsXml("word") };
  const found = await plugin.read(type, "i-1,a,b", {}, {});
  assert.equal(api.calls[0]?.parameters["Filter.2.Value.1"], "a,b");
  const { resourceId, key, value } = found.inputs;
  assert.deepEqual({ resourceId, key, value }, { resourceId: "i-1", key: "a,b", value: "word" });
  for (const wrong of ["i-1", "i-1,", ",Member"])
    await assert.rejects(plugin.read(type, wrong, {}, {}), /a tag's key with a comma between/);
});

test("a refusal of EC2 names the thing, the key and the reason", async () => {
  api.script = { CreateTags: { code: "InvalidInstanceID.NotFound", message: "no such thing" } };
  await assert.rejects(
    plugin.create(type, "mark", inputs),
    /creating EC2 resource \(i-1\) tag \(Member\): .*InvalidInstanceID\.NotFound: no such thing/,
  );
});
