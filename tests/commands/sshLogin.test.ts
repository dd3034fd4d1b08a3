// In which form `npm run ssh` hands a key of the settings to ssh. Does not prove that ssh reads it.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import test, { after } from "node:test";
import { loginBy } from "../../commands/stack/sshLogin.ts";
import { privateKey } from "../components/validSettings.ts";

const folder = mkdtempSync(path.join(tmpdir(), "etcd-login-"));
after(() => rmSync(folder, { recursive: true }));
const file = path.join(folder, "key");
const loginWith = (text: string) => {
  writeFileSync(file, text);
  return loginBy(file);
};

test("a file that ssh reads, or asks a passphrase for, is named to it", () => {
  for (const text of [privateKey, "of a kind that is not known here"])
    assert.deepEqual(loginWith(text), { file });
});

test("a key in PKCS 8 is handed over in OpenSSH form, which ssh before 9.6 needs", () => {
  const pem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" });
  const login = loginWith(String(pem));
  assert.ok(typeof login === "object" && "key" in login, JSON.stringify(login));
  assert.match(login.key, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
});

test("a file that is not there says so", () => {
  assert.match(String(loginBy(path.join(folder, "no"))), /^the file cannot be read \(ENOENT, /);
});
