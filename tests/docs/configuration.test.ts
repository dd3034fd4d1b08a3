// docs/configuration.md is what Pulumi.yaml and index.ts say now. Does not prove that what they say is true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import { configurationPage, outputsOf } from "../../docs/configurationTable.ts";
import { projectDir } from "../../lab/paths.ts";

const read = (name: string) => readFileSync(path.join(projectDir, name), "utf8");
const project = (key: string) => `name: etcd\nconfig:\n  size:\n${key.split("\n").map((line) => `    ${line}`).join("\n")}\n`;

test("the page is up to date", () => {
  assert.equal(read("docs/configuration.md"), configurationPage(read("Pulumi.yaml"), read("index.ts")), "docs/configuration.md is stale; run: npm run docs");
});

test("a change of a type, a default or a description changes the page", () => {
  const page = (text: string) => configurationPage(project(text), "");
  const row = "type: integer\ndefault: 20\ndescription: How big.";
  assert.match(page(row), /^\| `etcd:size` \| integer \| `20` \| How big\. \|$/m);
  for (const changed of [row.replace("integer", "string"), row.replace("20", "30"), row.replace("How big", "Its size")]) assert.notEqual(page(changed), page(row));
});

const cells: [string, string, string][] = [
  ["an empty text is no default", "type: string\ndefault: ''\ndescription: Text.", "| `etcd:size` | string | – | Text. |"],
  ["nor is an empty object", "type: object\ndefault: {}\ndescription: Text.", "| `etcd:size` | object | – | Text. |"],
  ["false is one", "type: boolean\ndefault: false\ndescription: Text.", "| `etcd:size` | boolean | `false` | Text. |"],
  ["a list says of what", "type: array\nitems: { type: string }\ndefault: []\ndescription: Text.", "| `etcd:size` | array of string | – | Text. |"],
  ["bars and angle brackets do not break the table", "type: string\ndefault: a\ndescription: 'a | b, <name>.'", "| `etcd:size` | string | `a` | a \\| b, &lt;name>. |"],
];
for (const [name, key, row] of cells) {
  test(`settings: ${name}`, () => assert.ok(configurationPage(project(key), "").split("\n").includes(row)));
}

test("settings: a key without description or default is refused, by name", () => {
  assert.throws(() => configurationPage(project("type: string\ndefault: a"), ""), /^Error: size: a description is needed/);
  assert.throws(() => configurationPage(project("type: string\ndescription: Text."), ""), /^Error: size: a default is needed/);
});

test("outputs are the exports of the program, in order, and each needs its comment", () => {
  assert.deepEqual(outputsOf("/** One. */\nexport const a = 1;\nconst b = 2;\n/** Two. */\nexport const c = 3;\n"), [{ name: "a", description: "One." }, { name: "c", description: "Two." }]);
  assert.throws(() => outputsOf("export const a = 1;\n"), /^Error: a: a description is needed/);
  assert.deepEqual(outputsOf(read("index.ts")).map(({ name }) => name), ["discoveryDomain", "endpoints", "clusterId", "peerUrls", "sshUser"]);
});
