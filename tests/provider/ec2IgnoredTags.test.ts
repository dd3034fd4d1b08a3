/**
 * A tag that somebody else set (`aws.ec2.Tag`) on a machine or volume whose program ignores it: the
 * lab's aws plugin, called as the engine calls it with `ignoreChanges`, against tags that are kept
 * as EC2 keeps them. Does not prove that the official provider does the same (its rules were read:
 * it compares `tags` and `tagsAll` apart), nor that EC2 does.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { ec2Config, startFakeEc2 } from "./fakeEc2.ts";
import type { Ec2Call, FakeEc2 } from "./fakeEc2.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { isObject } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

let api: FakeEc2;
let plugin: PluginProcess;
/** The tags of the one thing that there is. */
let tags: Map<string, string>;
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
  tags = new Map();
  api.calls.length = 0;
  api.script = {
    CreateVolume: ({ parameters }) => {
      for (const [key, value] of pairs(parameters, "TagSpecification.1.Tag")) tags.set(key, value);
      return "<volumeId>vol-1</volumeId>";
    },
    CreateTags: ({ parameters }) => {
      for (const [key, value] of pairs(parameters, "Tag")) tags.set(key, value);
      return "<return>true</return>";
    },
    DeleteTags: ({ parameters }) => {
      for (const [key] of pairs(parameters, "Tag")) tags.delete(key);
      return "<return>true</return>";
    },
    DescribeVolumes: () =>
      `<volumeSet><item><volumeId>vol-1</volumeId><status>available</status><size>4</size><volumeType>gp3</volumeType>
      <availabilityZone>us-east-1a</availabilityZone><tagSet>${[...tags].map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`).join("")}</tagSet></item></volumeSet>`,
  };
});

const type = "aws:ebs/volume:Volume";
const program = (also: string): Values => ({
  availabilityZone: "us-east-1a",
  size: 4,
  type: "gp3",
  tags: { Incarnation: "w", Also: also },
});
const both = ["tags.Member", "tagsAll.Member"];

/** A resource in the state, as the engine has it. */
interface Held {
  readonly inputs: Values;
  readonly state: Values;
}

/** `up`: what the engine does before it asks, and what the plugin then finds and does. */
async function up(held: Held, wanted: Values, ignored: readonly string[]) {
  const inputs = ignoring(held.inputs, wanted, ignored);
  const { changed } = await plugin.diff(type, held.inputs, held.state, inputs, ignored);
  const state =
    changed.length === 0
      ? held.state
      : await plugin.update(type, "vol-1", held.inputs, held.state, inputs, false, ignored);
  return { changed, held: { inputs, state } };
}

async function refreshed({ inputs, state }: Held): Promise<Held> {
  const found = await plugin.read(type, "vol-1", inputs, state);
  return { inputs: found.inputs, state: found.state };
}

/** The engine puts the old input at an ignored path into the new ones, or takes it out. */
function ignoring(old: Values, wanted: Values, ignored: readonly string[]): Values {
  const tagged = isObject(wanted.tags) ? { ...wanted.tags } : {};
  const before = isObject(old.tags) ? old.tags : {};
  for (const key of ignored.flatMap((path) => /^tags\.(.*)/.exec(path)?.[1] ?? []))
    if (before[key] === undefined) delete tagged[key];
    else tagged[key] = before[key];
  return { ...wanted, tags: tagged };
}

async function made(): Promise<Held> {
  const { state } = await plugin.create(type, "data", program("x"));
  tags.set("Member", "word"); // by aws.ec2.Tag, in the same run
  return { inputs: program("x"), state };
}

test("it stays through updates without a refresh, when both paths are ignored", async () => {
  const first = await up(await made(), program("y"), both);
  assert.deepEqual(first.changed, ["tags"]);
  assert.deepEqual(Object.fromEntries(tags), { Incarnation: "w", Also: "y", Member: "word" });
  // that update has read it into the outputs; the inputs lack it
  assert.equal((await up(first.held, program("y"), both)).changed.length, 0);
  const second = await up(first.held, program("z"), both);
  assert.deepEqual(second.changed, ["tags"]);
  assert.deepEqual(Object.fromEntries(tags), { Incarnation: "w", Also: "z", Member: "word" });
});

test("with `tags.Member` alone the next run would remove it: why both are needed", async () => {
  const first = await up(await made(), program("y"), ["tags.Member"]);
  assert.equal(tags.get("Member"), "word");
  const second = await up(first.held, program("y"), ["tags.Member"]);
  assert.deepEqual(second.changed, ["tagsAll"]);
  assert.equal(tags.has("Member"), false);
});

test("a refresh takes it over, and finds no change; later updates keep it", async () => {
  const held = await refreshed(await made());
  assert.deepEqual(held.inputs.tags, { Incarnation: "w", Also: "x", Member: "word" });
  const same = await up(held, program("x"), both);
  assert.deepEqual(same.changed, []);
  await up(same.held, program("y"), both);
  assert.deepEqual(Object.fromEntries(tags), { Incarnation: "w", Also: "y", Member: "word" });
});

test("another value of it is nobody's business, and that it is gone neither", async () => {
  const held = await refreshed(await made());
  tags.set("Member", "other");
  const after = await refreshed(held);
  assert.deepEqual((await up(after, program("x"), both)).changed, []);
  tags.delete("Member");
  const without = await refreshed(after);
  assert.deepEqual((await up(without, program("x"), both)).changed, []);
  assert.equal(tags.has("Member"), false);
});

test("without ignoring it an update takes it away", async () => {
  const held = await refreshed(await made());
  assert.deepEqual((await up(held, program("x"), [])).changed, ["tags"]);
  assert.equal(tags.has("Member"), false);
});

function pairs(parameters: Ec2Call["parameters"], prefix: string): [string, string][] {
  return Object.keys(parameters)
    .filter((key) => key.startsWith(`${prefix}.`) && key.endsWith(".Key"))
    .map((key) => [parameters[key] ?? "", parameters[key.replace(/Key$/, "Value")] ?? ""]);
}
