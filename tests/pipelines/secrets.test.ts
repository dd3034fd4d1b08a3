// What hides secrets, in every form. Does not prove that nothing else writes one: the other files
// here look into all that was written.
import assert from "node:assert/strict";
import test from "node:test";
import { configuredSecrets, hiding, secretsOf } from "../../pipelines/secrets.ts";
import { formsOfSecret } from "./leaks.ts";

const secret = "pass+word/0815?geheim und\tmehr";
const hide = hiding([secret]);

for (const [form, text] of Object.entries(formsOfSecret(secret)))
  test(`hidden: ${form}`, () => {
    const shown = hide(`before ${text} after`);
    assert.ok(!shown.includes(text), shown);
    assert.match(shown, /^before .*\[secret\].* after$/);
  });

test("a private key is hidden whichever it is, over lines and in base64", () => {
  const key =
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAA\n" +
    "-----END OPENSSH PRIVATE KEY-----";
  const hidden = hiding([]);
  assert.equal(hidden(`x ${key} y`), "x [secret]\n\n\n y");
  assert.equal(hidden("next"), "next");
  // In pieces, as a stream brings it.
  const pieces = hiding([]);
  assert.equal(key.split("\n").map(pieces).join("").includes("AAAA"), false);
  assert.equal(hiding([])(`k=${Buffer.from(key).toString("base64")};`), "k=[secret];");
  assert.equal(hiding([])(JSON.stringify({ key })).includes("AAAA"), false);
});

test("secrets of the stack's settings are known, also within lists", () => {
  const json = JSON.stringify({
    "etcd:domain": { value: "etcd.test", secret: false },
    "cloudflare:apiToken": { value: "geheim1", secret: true },
    "etcd:list": { value: "x", objectValue: ["geheim2", { a: "geheim3" }], secret: true },
  });
  assert.deepEqual(configuredSecrets(json), ["geheim1", "x", "geheim2", "geheim3"]);
});

test("what is no secret is left as it is", () => {
  const text = "etcd-a-instance created, 3 members healthy\nhttps://127.0.0.1:2379";
  assert.equal(hiding([secret, "abc"])(text), text);
});

test("secrets are known by the names of variables; addresses and numbers are none", () => {
  assert.deepEqual(
    secretsOf({
      PULUMI_CONFIG_PASSPHRASE: "geheim1",
      GITHUB_TOKEN: "geheim2",
      AWS_SECRET_ACCESS_KEY: "geheim3",
      ACTIONS_ID_TOKEN_REQUEST_URL: "http://x",
      TOKEN_TTL: "3600",
      USE_TOKEN: "true",
      HOME: "/root",
      EMPTY_TOKEN: "",
    }),
    ["geheim1", "geheim2", "geheim3"],
  );
});
