/**
 * The seed that cloud-init finds in a machine. Does not prove that cloud-init takes it so:
 * tests/lab/ec2.test.ts does.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "yaml";
import { hostName, seed } from "../../lab/ec2/seed.ts";

const input = {
  instanceId: "i-0abc",
  address: "10.213.0.4",
  zone: "us-east-1a",
  userData: Buffer.from("#cloud-config\n"),
};

test("the whole of meta-data", () => {
  const key = `ssh-ed25519 ${"A".repeat(200)} somebody@somewhere\n`;
  assert.equal(
    seed({ ...input, publicKey: key })["meta-data"],
    [
      "instance-id: i-0abc",
      "local-hostname: ip-10-213-0-4",
      "local-ipv4: 10.213.0.4",
      "availability-zone: us-east-1a",
      "public-keys:",
      `  - ${key.trim()}`,
      "",
    ].join("\n"),
  );
});

test("without a key pair there is no list of keys", () => {
  assert.ok(!("public-keys" in (parse(String(seed(input)["meta-data"])) as object)));
});

test("user data stays what it was, byte for byte, also when it is no text", () => {
  const gzip = Uint8Array.from([0x1f, 0x8b, 0x08, 0x00, 0xff]);
  assert.equal(seed({ ...input, userData: gzip })["user-data"], gzip);
});

test("no user data is an empty file, which cloud-init wants to be there", () => {
  assert.equal(seed({ ...input, userData: new Uint8Array() })["user-data"].length, 0);
});

test("what the lab adds is vendor data, which user data can override", () => {
  assert.deepEqual(parse(String(seed(input)["vendor-data"])), { ssh_genkeytypes: ["ed25519"] });
  assert.match(String(seed(input)["vendor-data"]), /^#cloud-config\n/);
});

test("a host is named as EC2 names it", () =>
  assert.equal(hostName("10.213.32.4"), "ip-10-213-32-4"));
