// CIS 2.1 to 2.7, 1.1.11 and 1.1.12 against what the cookbook writes. Does not prove what a running
// etcd makes of it: tests/lab/access.test.ts does.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { cisFindings } from "../cis.ts";
import { cookbookFolder } from "./files.ts";
import { needsRuby, render } from "./render.ts";

/** Mode and owner that the recipe gives the data directory, as stat prints them. */
function dataDir(): string {
  const recipe = readFileSync(path.join(cookbookFolder, "recipes/volume.rb"), "utf8");
  const [, body = ""] = /^directory '\/var\/lib\/etcd\/data' do\n([^]*?)^end$/m.exec(recipe) ?? [];
  const of = (key: string) => new RegExp(`^ +${key} '(.*)'$`, "m").exec(body)?.[1] ?? "nothing";
  return `${of("mode")} ${of("owner")}:${of("group")}`;
}

const rendered = async (tls: boolean) => ({
  config: parse(await render("etcd.yaml", { tls })) as Record<string, unknown>,
  dataDir: dataDir(),
});

test("with TLS every control holds", needsRuby, async () => {
  assert.deepEqual(cisFindings(await rendered(true)), []);
});

test("a plain cluster says what it gives up", needsRuby, async () => {
  assert.deepEqual(
    cisFindings(await rendered(false)).map((finding) => finding.split(" ")[0]),
    ["2.1", "2.1", "2.2", "2.4", "2.5", "2.7"],
  );
});

/** Each control finds its own violation, and nothing else. */
const broken: readonly [control: string, key: string, change: Readonly<Record<string, unknown>>][] =
  [
    ["2.1 certificate and key for clients", "client-transport-security", { "key-file": undefined }],
    ["2.2 ", "client-transport-security", { "client-cert-auth": "true" }],
    ["2.3 ", "client-transport-security", { "auto-tls": true }],
    ["2.4 ", "peer-transport-security", { "cert-file": "" }],
    ["2.5 ", "peer-transport-security", { "client-cert-auth": undefined }],
    ["2.6 ", "peer-transport-security", { "auto-tls": true }],
    [
      "2.7 ",
      "peer-transport-security",
      { "trusted-ca-file": "/etc/ssl/certs/ca-certificates.crt" },
    ],
    [
      "2.1 no plain listener",
      "",
      { "listen-client-urls": "https://10.0.0.1:2379,http://127.0.0.1:2379" },
    ],
  ];
for (const [control, key, change] of broken) {
  test(`${control.trim()}: ${JSON.stringify(change)}`, needsRuby, async () => {
    const { config, dataDir } = await rendered(true);
    const found = cisFindings({
      dataDir,
      config: key
        ? { ...config, [key]: { ...(config[key] as object), ...change } }
        : { ...config, ...change },
    });
    assert.equal(found.length, 1, found.join("\n"));
    assert.ok(found[0]?.startsWith(control), found[0]);
  });
}

test(
  "1.1.11 and 1.1.12: a data directory that others may read, or that is root's",
  needsRuby,
  async () => {
    const { config } = await rendered(true);
    assert.deepEqual(cisFindings({ config, dataDir: "755 root:root" }), [
      '1.1.11 data directory closed to others (got "755")',
      '1.1.12 data directory of etcd:etcd (got "root:root")',
    ]);
  },
);
