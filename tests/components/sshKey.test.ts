// Which SSH keys are taken, and in which form they are handed on. Does not prove that Go and ssh
// read that form: tests/lab/access.test.ts logs in with one that is taken as it is.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import test from "node:test";
import ssh2 from "ssh2";
import { sshKey } from "../../components/settings/sshKey.ts";
import { privateKey } from "./validSettings.ts";

const pkcs8 = { type: "pkcs8", format: "pem" } as const;
const pkcs1 = { type: "pkcs1", format: "pem" } as const;
const openSsh = privateKey;
const ed25519 = generateKeyPairSync("ed25519").privateKey;
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
const plain = String(ed25519.export(pkcs8));
const spaces = (pem: string) => pem.replaceAll("\n", " \t\n");

test("what everything reads as it is stays as it is, because the state holds it", () => {
  for (const given of [
    openSsh,
    openSsh.trimEnd(),
    openSsh.replaceAll("\n", "\r\n"),
    `\n${openSsh}\n  `,
    String(rsa.export(pkcs1)),
  ]) {
    const { privateKey, publicKey, problem } = sshKey(given);
    assert.deepEqual([privateKey, problem], [given, ""]);
    assert.match(publicKey, /^ssh-(ed25519|rsa) AAAA/);
  }
});

const accepted: [string, given: string, first: RegExp][] = [
  ["ed25519 in PKCS 8", plain, /^-----BEGIN OPENSSH PRIVATE KEY-----\n/],
  ["RSA in PKCS 8", String(rsa.export(pkcs8)), /^-----BEGIN RSA PRIVATE KEY-----\n/],
  ["PKCS 8 with CRLF", plain.replaceAll("\n", "\r\n"), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/],
  ["PKCS 8 with trailing spaces", spaces(plain), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/],
  ["OpenSSH form with trailing spaces", spaces(openSsh), /^-----BEGIN OPENSSH [A-Z ]+-+\n/],
  ["a space before the first line", ` ${openSsh}`, /^-----BEGIN OPENSSH [A-Z ]+-+\n/],
];
for (const [name, given, first] of accepted)
  test(`accepted: ${name}, with the same public half, and the same text each time`, () => {
    const { privateKey, publicKey, problem } = sshKey(given);
    assert.equal(problem, "");
    assert.match(privateKey, first);
    assert.doesNotMatch(privateKey, /[ \t\r]$/m);
    assert.equal(sshKey(given).privateKey, privateKey);
    const parsed = ssh2.utils.parseKey(privateKey);
    assert.ok(!(parsed instanceof Error), String(parsed));
    assert.equal(publicKey, `${parsed.type} ${parsed.getPublicSSH().toString("base64")}`);
    const signed = parsed.sign("a word");
    assert.ok(!(signed instanceof Error), String(signed));
    const open = ssh2.utils.parseKey(publicKey);
    assert.ok(!(open instanceof Error) && open.verify("a word", signed) === true);
  });

test("the converted key is the key that was given", () => {
  const { x } = ed25519.export({ format: "jwk" });
  const blob = Buffer.from(sshKey(plain).publicKey.split(" ")[1]!, "base64");
  assert.equal(blob.subarray(-32).toString("base64url"), x);
});

const encrypted = { ...pkcs8, cipher: "aes-256-cbc", passphrase: "word" };
const elliptic = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
const weak = /^an RSA key of 2048 bits or more is needed, or an ed25519 .*\(this one has 1024 bits/;
const refused: [string, given: string, problem: RegExp][] = [
  ["PKCS 8 with a passphrase", String(ed25519.export(encrypted)), /^a key without passphrase/],
  ["EC in PKCS 8", String(elliptic.export(pkcs8)), /^an ed25519 or RSA key .*\(this is ec\)$/],
  ["RSA of 1024 bits", String(short.export(pkcs1)), weak],
  ["RSA of 1024 bits in PKCS 8", String(short.export(pkcs8)), weak],
  ["half a key", plain.slice(0, 60), /^a private key in OpenSSH or PEM form is needed$/],
  ["a public key", sshKey(openSsh).publicKey, /^the private half is needed; this is a public key$/],
  [
    "a public key in PEM",
    String(generateKeyPairSync("ed25519").publicKey.export({ type: "spki", format: "pem" })),
    /^a private key in OpenSSH or PEM form is needed$/,
  ],
  ["PuTTY's form", "PuTTY-User-Key-File-3: ssh-ed25519\nEnc", /puttygen FILE -O private-openssh/],
];
for (const [name, given, problem] of refused)
  test(`refused: ${name}`, () => {
    const { privateKey, publicKey, problem: said } = sshKey(given);
    assert.match(said, problem);
    assert.deepEqual([privateKey, publicKey], ["", ""]);
  });
