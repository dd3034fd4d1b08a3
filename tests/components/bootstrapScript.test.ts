// The text of the bootstrap script. Does not prove that it runs: bootstrapRun.test.ts does, in a
// sandbox, and tests/lab on machines.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import {
  bootstrapScript,
  type BootstrapSettings,
} from "../../components/bootstrap/bootstrapScript.ts";

const settings: BootstrapSettings = {
  nodeJson: { run_list: ["recipe[etcd]"], etcd: { domain: "etcd.test", token: "s3cret-token" } },
  cookbook: Buffer.from("not an archive").toString("base64"),
  chef: { product: "preinstalled" },
  digest: "0123456789abcdef",
  timeoutSeconds: 900,
};
const script = bootstrapScript(settings);

test("bash reads it without complaint", () => {
  const run = spawnSync("bash", ["-n"], { input: script, encoding: "utf8" });
  assert.deepEqual([run.status, run.stderr], [0, ""]);
});

test("a script that arrives in half runs nothing", () => {
  const end = script.lastIndexOf("bootstrap < /dev/null");
  const cuts = [...Array(80).keys()]
    .map((i) => Math.floor((end * i) / 80))
    .concat([end - 1, end, end + 1, end + 8]);
  for (const cut of cuts) {
    // Every command there is stands for the first one the script would run.
    const run = spawnSync("bash", ["-s"], {
      input: `umask() { echo RAN; exit; }\n${script.slice(0, cut)}`,
      encoding: "utf8",
    });
    assert.ok(!run.stdout.includes("RAN"), `cut at ${cut} of ${script.length}`);
  }
  assert.ok(
    spawnSync("bash", ["-s"], {
      input: `umask() { echo RAN; exit; }\n${script}`,
      encoding: "utf8",
    }).stdout.includes("RAN"),
  );
});

test("no secret stands in it readable, so that a shell's trace or an error does not show one", () =>
  assert.ok(!script.includes("s3cret-token")));

test("everything given changes the text, so a digest over it changes too", () => {
  const others: BootstrapSettings[] = [
    { ...settings, nodeJson: {} },
    { ...settings, cookbook: "AAAA" },
    { ...settings, digest: "ff" },
    { ...settings, timeoutSeconds: 60 },
    { ...settings, ticket: { machine: "i-1" } },
    { ...settings, ticket: { machine: "i-2" } },
    { ...settings, chef: { product: "cinc", version: "18.8.54" } },
    { ...settings, chef: { product: "cinc", version: "18.8.55" } },
    {
      ...settings,
      chef: {
        product: "cinc",
        version: "18.8.54",
        packageUrl: "https://x.test/a.deb",
        packageSha256: "0".repeat(64),
      },
    },
  ];
  assert.equal(new Set([script, ...others.map(bootstrapScript)]).size, others.length + 1);
  assert.equal(bootstrapScript({ ...settings }), script);
});

for (const [name, change, message] of [
  ["digest", { digest: "x; reboot" }, /^digest: a value of the form .* \(got "x; reboot"\)$/],
  ["version", { chef: { product: "cinc", version: "18'; reboot '" } }, /^chef\.version: /],
  [
    "package URL",
    { chef: { product: "cinc", version: "18.8.54", packageUrl: "https://x/'$(reboot)" } },
    /^chef\.packageUrl: /,
  ],
  [
    "package digest",
    {
      chef: { product: "cinc", version: "18.8.54", packageUrl: "https://x/", packageSha256: "abc" },
    },
    /^chef\.packageSha256: /,
  ],
  ["timeout", { timeoutSeconds: 1.5 }, /^timeoutSeconds: /],
] as [string, Partial<BootstrapSettings>, RegExp][]) {
  test(`a ${name} that would break out of the shell is refused`, () =>
    assert.throws(
      () => bootstrapScript({ ...settings, ...change }),
      (error: Error) => message.test(error.message),
    ));
}

test("a status is written in one step: an empty one would be read as a failure", () => {
  for (const name of ["launch.sh", "converge.sh"]) {
    const file = path.join(import.meta.dirname, "../../components/bootstrap", name);
    const text = readFileSync(file, "utf8");
    assert.match(text, /mv "\$\w+\/status\.new" "\$\w+\/status"/, name);
    assert.doesNotMatch(text, /> *"\$\w+\/status"/, name);
  }
});
