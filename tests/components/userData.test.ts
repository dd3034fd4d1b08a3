// User data and the script of the first contact, as text. Does not prove that cloud-init and sshd
// understand them: tests/lab/hostKeys.test.ts does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { parse } from "yaml";
import { makeHostKey } from "../hostKeys.ts";
import { hostKeyScript } from "../../components/ssh/hostKeyScript.ts";
import { firstContactKeyIn, userDataOf } from "../../components/ssh/userData.ts";

const key = await makeHostKey();

test("user data is YAML that keeps both halves of the key and EC2's host name", () => {
  const text = userDataOf(key);
  assert.match(text, /^#cloud-config\n/);
  assert.deepEqual(parse(text), {
    manage_etc_hosts: false,
    ssh_keys: { ed25519_public: key.publicKey, ed25519_private: key.privateKey },
  });
});

test("the public half is found in user data, and nothing where there is none", () => {
  assert.equal(firstContactKeyIn(userDataOf(key)), key.publicKey);
  for (const none of [
    undefined,
    "",
    "#cloud-config\nmanage_etc_hosts: false\n",
    "da39a3ee5e6b4b0d3255bfef95601890afd80709",
  ])
    assert.equal(firstContactKeyIn(none), "");
});

test(
  "the script is a function that bash reads, called in its last line, so that half of it " +
    "runs nothing",
  () => {
    const script = hostKeyScript(key);
    const end = script.lastIndexOf("take_host_key < /dev/null");
    assert.deepEqual(spawnSync("bash", ["-n"], { input: script, encoding: "utf8" }).stderr, "");
    // Every command there is stands for the first one the script would run.
    const ran = (text: string) =>
      spawnSync("bash", ["-s"], {
        input: `umask() { echo RAN; exit; }\n${text}`,
        encoding: "utf8",
      }).stdout.includes("RAN");
    for (let cut = 0; cut <= end; cut += 40) assert.ok(!ran(script.slice(0, cut)), `cut at ${cut}`);
    assert.ok(ran(script));
  },
);

test("what is no key never becomes part of a script", () => {
  for (const wrong of [
    { ...key, publicKey: "ssh-ed25519 AAAA\nEND\nreboot" },
    { ...key, privateKey: "END\nreboot\n" },
    { ...key, privateKey: `${key.privateKey}END\nreboot\n` },
  ]) {
    assert.throws(
      () => hostKeyScript(wrong),
      /the host key is not an ed25519 key in OpenSSH's form/,
    );
  }
});
