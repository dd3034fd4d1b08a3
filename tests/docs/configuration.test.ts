// docs/configuration.md is what Pulumi.yaml and index.ts say now. Does not prove that what they say
// is true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import { configurationPage, outputsOf } from "../../docs/configurationTable.ts";
import { projectDir } from "../../lab/paths.ts";

const read = (name: string) => readFileSync(path.join(projectDir, name), "utf8");
const project = (key: string) =>
  `name: etcd\nconfig:\n  size:\n${key
    .split("\n")
    .map((line) => `    ${line}`)
    .join("\n")}\n`;

test("the page is up to date", () => {
  assert.equal(
    read("docs/configuration.md"),
    configurationPage(read("Pulumi.yaml"), read("index.ts")),
    "docs/configuration.md is stale; run: npm run docs",
  );
});

test("a change of a default or a description changes the page", () => {
  const page = (text: string) => configurationPage(project(text), "");
  const row = "default: 20\ndescription: How big.";
  assert.match(page(row), /^\| `etcd:size` \| whole number \| `20` \| How big\. \|$/m);
  for (const changed of [
    row.replace("20", "'20'"),
    row.replace("20", "30"),
    row.replace("How big", "Its size"),
  ])
    assert.notEqual(page(changed), page(row));
});

const cells: [string, string, string][] = [
  [
    "an empty text is no default",
    "default: ''\ndescription: Text.",
    "| `etcd:size` | text | – | Text. |",
  ],
  [
    "nor is an empty object",
    "default: {}\ndescription: Text.",
    "| `etcd:size` | object | – | Text. |",
  ],
  [
    "false is one",
    "default: false\ndescription: Text.",
    "| `etcd:size` | true or false | `false` | Text. |",
  ],
  [
    "a list says of what",
    "default: []\ndescription: Text.",
    "| `etcd:size` | list of texts | – | Text. |",
  ],
  [
    "bars and angle brackets do not break the table",
    "default: a\ndescription: 'a | b, <name>.'",
    "| `etcd:size` | text | `a` | a \\| b, &lt;name>. |",
  ],
];
for (const [name, key, row] of cells) {
  test(`settings: ${name}`, () =>
    assert.ok(configurationPage(project(key), "").split("\n").includes(row)));
}

test("settings: a key without description or default is refused, by name", () => {
  assert.throws(
    () => configurationPage(project("default: a"), ""),
    /^Error: size: a description is needed/,
  );
  assert.throws(
    () => configurationPage(project("description: Text."), ""),
    /^Error: size: a default is needed/,
  );
});

test("outputs are the exports of the program, in order, and each needs its comment", () => {
  assert.deepEqual(
    outputsOf("/** One. */\nexport const a = 1;\nconst b = 2;\n/** Two. */\nexport const c = 3;\n"),
    [
      { name: "a", description: "One." },
      { name: "c", description: "Two." },
    ],
  );
  assert.throws(() => outputsOf("export const a = 1;\n"), /^Error: a: a description is needed/);
  assert.deepEqual(
    outputsOf(read("index.ts")).map(({ name }) => name),
    [
      "discoveryDomain",
      "endpoints",
      "clusterId",
      "peerUrls",
      "sshUser",
      "hostKeys",
      "caCertificate",
      "clientCertificate",
      "clientPrivateKey",
    ],
  );
});
