// Every rule of the configuration. Does not prove that preview shows the message:
// tests/lab/firstLight does.
import assert from "node:assert/strict";
import test from "node:test";
import { checkSettings } from "../../components/settings/settings.ts";
import { describeProblems, type RawConfig } from "../../components/settings/problems.ts";
import { broken, valid, zones } from "./brokenSettings.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { validSettings } from "./validSettings.ts";

for (const [name, change, want] of broken) {
  test(`refused: ${name}`, () => {
    const lines = describeProblems(checkSettings({ ...valid, ...change }).problems).split("\n");
    assert.ok(
      lines.some((line) => want.test(line)),
      lines.join("\n") || "accepted",
    );
  });
}

test("a valid configuration has no problem, and its defaults are filled in", () => {
  const { settings, problems } = checkSettings(valid);
  const pinned = { packageSha256: "", version: "18.8.54", product: "cinc" };
  assert.deepEqual(problems, []);
  assert.deepEqual(settings?.nodes.a, { zone: "us-east-1a", instanceType: "t3.medium" });
  assert.match(settings?.etcdSha256.amd64 ?? "", /^ffe840ff/);
  // The order is part of the bootstrap's digest: another would run Chef on every node again.
  for (const given of [settings?.chef, checkSettings({ ...valid, chef: pinned }).settings?.chef])
    assert.equal(
      JSON.stringify(given),
      '{"product":"cinc","version":"18.8.54","packageUrl":"","packageSha256":""}',
    );
});

test("a digest of one's own stands in for the table, and a mirror's own list needs none", () => {
  assert.equal(
    checkSettings({ ...valid, etcdVersion: "3.6.99", etcdSha256: { amd64: "a".repeat(64) } })
      .problems.length,
    0,
  );
  const believed = checkSettings({ ...valid, etcdVersion: "3.6.99", etcdChecksums: "mirror" });
  assert.deepEqual([believed.problems, believed.settings?.etcdSha256], [[], {}]);
});

test("what looks odd and is right", () => {
  const fine: RawConfig[] = [
    { domain: "xn--tcd-9la.example.com" },
    { nodes: zones("1", "2", "3") },
    { nodes: { a: { zone: "us-west-2-lax-1a" } } },
    { nodes: zones("constructor", "b", "c") },
    { architecture: "arm64", instanceType: "im4gn.large" },
    { instanceType: "g5.xlarge" },
    { instanceType: "u7i-12tb.224xlarge" },
    { instanceType: "m7i-flex.large" },
    { clientsFrom: ["sg-0123456789abcdef0", "sg-01234567"] },
    { clientsFrom: ["8.8.0.0/16", "100.64.0.0/10"], sshFrom: ["172.16.0.0/12"] },
    { openToTheWorld: "true", clientsFrom: ["0.0.0.0/0"] },
    { openToTheWorld: "true", clientsFrom: ["0.0.0.0/1", "128.0.0.0/1"] },
    { clientsFrom: ["1.0.0.0/32", "223.255.255.255/32", "169.254.171.0/24"] },
    { kmsKeyId: "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab" },
    { kmsKeyId: `arn:aws:kms:us-east-1:123456789012:key/mrk-${"0a".repeat(16)}` },
    {
      nodes: { a: { zone: "cn-north-1a" } },
      kmsKeyId: "arn:aws-cn:kms:cn-north-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    },
    {
      nodes: { a: { zone: "us-gov-west-1a" } },
      kmsKeyId:
        "arn:aws-us-gov:kms:us-gov-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    },
    { etcdMirror: "http://10.0.0.1:8080/etcd/" },
    {
      chef: {
        packageUrl: "https://example.com/a/cinc_18.8.54-1_amd64.deb",
        packageSha256: "a".repeat(64),
      },
    },
    { certificateDays: "1", renewBeforeDays: "0" },
    { certificateDays: "2", renewBeforeDays: "1" },
    { chef: { product: "preinstalled" } },
    { chef: { product: "chef", version: "19.1.0" } },
    { nameservers: ["10.0.0.1:53", "10.0.0.1:5353"] },
  ];
  for (const change of fine)
    assert.equal(
      describeProblems(checkSettings({ ...valid, ...change }).problems),
      "",
      JSON.stringify(change),
    );
});

test("one mistake is one line", () => {
  for (const change of [
    { domain: 5 },
    { nodes: 3 },
    { sshFrom: "10.0.0.0/8" },
    { architecture: "x86" },
    { instanceType: "t3" },
    { dnsTimeout: "soon" },
    { chef: { version: 18 } },
    { zoneId: " " },
  ]) {
    const text = describeProblems(checkSettings({ ...valid, ...change }).problems);
    assert.equal(text.split("\n").length, 1, text);
  }
});

test("no secret is shown, under whatever key it was put", () => {
  const pem = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE";
  const problems = [
    { field: "caPrivatKey", rule: "unknown key", value: "MHcCAQEE" },
    { field: "sshPrivateKeyFile", rule: "cannot be read", value: pem },
    { field: "ttl", rule: "a number", value: "1" },
  ];
  assert.equal(
    describeProblems(problems, (key) => key === "caPrivatKey"),
    "caPrivatKey: unknown key (got a text that is not shown)\nsshPrivateKeyFile: cannot " +
      "be read (got a text that is not shown)\nttl: a number (got 1)",
  );
});

test("all problems come together, in one message", () => {
  const { problems } = checkSettings({
    ...valid,
    domain: "",
    zoneId: "x",
    nodes: zones("a", "b"),
    ttl: "1",
  });
  assert.deepEqual(problems.map((p) => p.field).sort(), ["domain", "nodes", "ttl", "zoneId"]);
});

test("the default and every version under test have a digest for each architecture", () => {
  assert.ok(etcdVersions.includes(String(validSettings().etcdVersion)), "the default is tested");
  for (const etcdVersion of etcdVersions)
    for (const [architecture, instanceType] of [
      ["amd64", "t3.medium"],
      ["arm64", "t4g.medium"],
    ]) {
      const given = validSettings({ architecture, instanceType, etcdVersion });
      assert.deepEqual(checkSettings(given).problems, [], `${etcdVersion} ${architecture}`);
    }
});
