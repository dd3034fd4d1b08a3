// docs/configuration.md and the config section of Pulumi.yaml are what the schema of settings and
// index.ts say now. Does not prove that what they say is true.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { schema } from "../../components/settings/schema.ts";
import { configurationPage, outputsOf } from "../../docs/configurationTable.ts";
import { withSettings } from "../../docs/projectFile.ts";
import { settingRows, type SettingRow } from "../../docs/settingRows.ts";
import { projectDir } from "../../lab/paths.ts";

const read = (name: string) => readFileSync(path.join(projectDir, name), "utf8");
const size: SettingRow = {
  name: "size",
  type: "whole number, 1 to 30",
  default: 20,
  description: "How big.",
};

test("the page is up to date", () => {
  assert.equal(
    read("docs/configuration.md"),
    configurationPage(settingRows(schema), read("index.ts")),
    "docs/configuration.md is stale; run: npm run docs",
  );
});

test("the project file is up to date", () => {
  const now = read("Pulumi.yaml");
  assert.equal(
    now,
    withSettings(now, settingRows(schema)),
    "the config section of Pulumi.yaml is stale; run: npm run docs",
  );
});

test("a change of type, default or description changes the page and the project file", () => {
  const page = (row: SettingRow) => configurationPage([row], "");
  assert.match(page(size), /^\| `etcd:size` \| whole number, 1 to 30 \| `20` \| How big\. \|$/m);
  assert.notEqual(page({ ...size, type: "text" }), page(size));
  for (const change of [{ default: 30 }, { description: "Its size." }]) {
    assert.notEqual(page({ ...size, ...change }), page(size));
    const file = (row: SettingRow) => withSettings("name: etcd\nconfig:\n", [row]);
    assert.notEqual(file({ ...size, ...change }), file(size));
  }
});

const cells: [string, Partial<SettingRow>, string][] = [
  ["an empty text is no default", { default: "" }, "–"],
  ["nor is an empty object", { default: {} }, "–"],
  ["nor an empty list", { default: [] }, "–"],
  ["false is one", { default: false }, "`false`"],
  ["zero is one", { default: 0 }, "`0`"],
];
for (const [name, change, cell] of cells) {
  test(`settings: ${name}`, () =>
    assert.ok(
      configurationPage([{ ...size, ...change }], "")
        .split("\n")
        .includes(`| \`etcd:size\` | whole number, 1 to 30 | ${cell} | How big. |`),
    ));
}

test("settings: bars and angle brackets do not break the table", () => {
  assert.match(
    configurationPage([{ ...size, description: "a | b, <name>." }], ""),
    /\| a \\\| b, &lt;name>\. \|$/m,
  );
});

test("settings: one without description is refused, by name", () => {
  assert.throws(
    () => configurationPage([{ ...size, description: " " }], ""),
    /^Error: size: a description is needed/,
  );
});

test("what stands above the section stays, and what stands in it is replaced", () => {
  const head = "name: etcd # config:\n# why\nconfig:\n";
  const long = { ...size, default: "a: b", description: `${"word: # ".repeat(20)}'"end".` };
  const text = withSettings(`${head}  old:\n    default: 1\n`, [
    long,
    { ...size, name: "list", default: [] },
  ]);
  assert.ok(text.startsWith(head));
  assert.deepEqual((parse(text) as { config: unknown }).config, {
    size: { default: "a: b", description: long.description },
    list: { default: [], description: "How big." },
  });
  for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
  assert.throws(
    () => withSettings("name: etcd\n", [size]),
    /^Error: Pulumi\.yaml: a line `config:`/,
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
      "peerUrls",
      "sshUser",
      "hostKeys",
      "caCertificate",
      "clientCertificate",
      "clientPrivateKey",
    ],
  );
});
