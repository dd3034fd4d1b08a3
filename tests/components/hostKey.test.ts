// Host keys as bytes, those with zeros at an end too. Does not prove that sshd takes them:
// tests/lab/hostKeys.test.ts does, for a few.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import ssh2 from "ssh2";
import { keyPairOf, type KeyPair } from "../../components/ssh/hostKey.ts";
import { makeHostKey } from "../hostKeys.ts";

/** The point of a public half, which has its 32 bytes whatever they are. */
function pointOf({ publicKey }: KeyPair): Buffer {
  const blob = Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
  const head = Buffer.from("0000000b7373682d6564323535313900000020", "hex");
  assert.deepEqual(blob.subarray(0, head.length), head, publicKey);
  assert.equal(blob.length, head.length + 32, publicKey);
  return blob.subarray(head.length);
}

test(
  "a key is whole when its public half or its seed begins with zeros, which happens to " +
    "one in 256",
  async () => {
    let first = 0;
    let last = 0;
    for (let n = 0; (first < 3 || last < 3) && n < 20_000; n++) {
      const seed = createHash("sha256").update(String(n)).digest();
      if (n % 2) seed[0] = 0;
      const key = await keyPairOf(seed);
      const point = pointOf(key);
      const parsed = ssh2.utils.parseKey(key.privateKey);
      assert.ok(!(parsed instanceof Error), String(parsed));
      assert.equal(parsed.getPublicSSH().toString("base64"), key.publicKey.split(" ")[1]);
      first += point[0] === 0 ? 1 : 0;
      last += point[31] === 0 ? 1 : 0;
    }
    assert.ok(first >= 3 && last >= 3, `${first} and ${last} with zeros`);
  },
);

test("every key that is made is whole, and another one", async () => {
  const made = new Set<string>();
  // A maker that cuts zeros off gets through here once in 2500 runs.
  for (let n = 0; n < 2000; n++) made.add(pointOf(await makeHostKey()).toString("hex"));
  assert.equal(made.size, 2000);
});
