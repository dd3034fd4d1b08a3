// The dynamic resources of certificates, as the engine runs them. Does not prove that etcd takes
// what they make: tests/lab/access does.
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import test, { after, before } from "node:test";
import { Certificate } from "../../components/pki/certificate.ts";
import { CertificateAuthority } from "../../components/pki/certificateAuthority.ts";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { type DynamicProvider, startDynamicProvider } from "./dynamicProvider.ts";
import { type FakeCloudflare, startFakeCloudflare } from "./fakeCloudflare.ts";

const dayMs = 86_400_000;
const service: FakeCloudflare = await startFakeCloudflare();
const config = { "cloudflare:baseUrl": service.baseUrl };
let authorities: DynamicProvider;
let leaves: DynamicProvider;

const newLeaf = () =>
  new Certificate("leaf", {
    authority: { certificate: "", privateKey: "" },
    commonName: "a",
    dnsNames: [],
    addresses: [],
    days: 1,
    renewBeforeDays: 0,
  });
const newAuthority = () => new CertificateAuthority("ca", { commonName: "etcd CA of etcd.test" });
const subject = { commonName: "a.etcd.test", dnsNames: ["etcd.test"], addresses: ["10.0.0.1"] };
const authority = await makeAuthority("etcd CA of etcd.test", 3650);
const inputs = { authority, ...subject, days: 365, renewBeforeDays: 60, version: 2 };

before(async () => {
  authorities = await startDynamicProvider(newAuthority, config);
  leaves = await startDynamicProvider(newLeaf, config);
});
after(async () => {
  authorities.close();
  leaves.close();
  await service.close();
});

/** The service's next answer comes from a clock that is so far from ours. */
function serviceSays(offMs: number): void {
  const date = new Date(Date.now() + offMs).toUTCString();
  service.next.push({ status: 404, headers: { date } });
}

/** Outputs of release 0.1.0, of a clock that was so far ahead. */
async function older(aheadMs: number) {
  const { now } = Date;
  Date.now = () => now() + aheadMs;
  try {
    const issued = await issueCertificate(authority, { ...subject, days: 365 });
    return {
      ...subject,
      ...issued,
      days: 365,
      renewBeforeDays: 60,
      version: 1,
      authorityCertificate: authority.certificate,
      notAfter: new Date(new X509Certificate(issued.certificate).validTo).toISOString(),
      authorityNotAfter: new Date(now() + 3650 * dayMs).toISOString(),
    };
  } finally {
    Date.now = now;
  }
}

test(
  "a CA is made once; a leaf is issued, renewed in its window with the same key, and " +
    "issued again for other names",
  async () => {
    const { outputs: ca } = await authorities.create({ commonName: "etcd CA of etcd.test" });
    assert.equal(
      await authorities.diff(ca, { commonName: "another" }),
      false,
      "another CA would need every member restarted",
    );
    const given = {
      ...inputs,
      authority: { certificate: ca.certificate, privateKey: ca.privateKey },
    };
    const { outputs: leaf } = await leaves.create(given);
    const certificate = new X509Certificate(String(leaf.certificate));
    assert.ok(
      certificate.verify(new X509Certificate(String(ca.certificate)).publicKey) &&
        certificate.checkPrivateKey(createPrivateKey(String(leaf.privateKey))),
    );
    assert.ok(
      !JSON.stringify(leaf).includes(String(ca.privateKey).split("\n")[1] ?? "?"),
      "the leaf's state holds the CA's key",
    );
    assert.equal(leaf.notAfter, new Date(certificate.validTo).toISOString());

    assert.equal(await leaves.diff(leaf, given), false);
    assert.equal(
      await leaves.diff(leaf, { ...given, days: 100 }),
      false,
      "another duration waits for the next renewal",
    );
    assert.equal(await leaves.diff(leaf, { ...given, addresses: ["10.0.0.2"] }), true);
    const longer = { ...given, days: 3000, renewBeforeDays: 400 };
    assert.equal(await leaves.diff(leaf, longer), true, "its window has begun");
    const renewed = await leaves.update(leaf, longer);
    assert.equal(renewed.privateKey, leaf.privateKey);
    assert.notEqual(renewed.certificate, leaf.certificate);
    assert.equal(await leaves.diff(renewed, longer), false);
  },
);

for (const [name, offMs, says] of [
  ["24 h ahead", -dayMs, /clock is 24 hours ahead: it says .*Z, and 127\.0\.0\.1:\d+ says .*Z\./],
  ["10 min ahead", -dayMs / 144, /clock is 10 minutes ahead: /],
  ["an hour behind", dayMs / 24, /clock is 60 minutes behind: /],
] as const)
  test(`a clock that is ${name}: neither a leaf nor a CA is made or renewed`, async () => {
    serviceSays(offMs);
    await assert.rejects(leaves.create(inputs), says);
    serviceSays(offMs);
    const olds = { ...(await older(0)), version: 2, notAfter: new Date().toISOString() };
    await assert.rejects(leaves.update(olds, { ...inputs, days: 300, addresses: [] }), says);
    serviceSays(offMs);
    await assert.rejects(authorities.create({ commonName: "etcd CA of etcd.test" }), says);
  });

test("what does not issue asks nobody for the time: a diff, a refresh", async () => {
  const { outputs } = await leaves.create(inputs);
  const asked = service.requests.length;
  await leaves.diff(outputs, inputs);
  await leaves.read("certificate-of-a", outputs);
  assert.equal(service.requests.length, asked);
});

test("where no service gives a time, that is said, and the certificate is made", async () => {
  const alone = await startDynamicProvider(newLeaf, { "cloudflare:baseUrl": "http://127.0.0.1:9" });
  try {
    assert.match(String((await alone.create(inputs)).outputs.certificate), /BEGIN CERTIFICATE/);
    assert.match(
      alone.printed(),
      /127\.0\.0\.1:9 gave no time within 5 s, so this machine's clock/,
    );
  } finally {
    alone.close();
  }
});

test("a certificate that is not valid yet is issued again, for the same key", async () => {
  const olds = { ...(await older(3 * dayMs)), version: 2 };
  const { validFrom } = new X509Certificate(olds.certificate);
  const early = { ...olds, notBefore: new Date(validFrom).toISOString() };
  assert.equal(await leaves.diff(early, inputs), true);
  const mended = await leaves.update(early, inputs);
  const { validFrom: from } = new X509Certificate(String(mended.certificate));
  assert.ok(Date.parse(from) < Date.now(), from);
  assert.equal(mended.privateKey, olds.privateKey);
  assert.equal(await leaves.diff(mended, inputs), false);
});

test("an older state gets the new code, and keeps the certificate while that serves", async () => {
  const olds = await older(0);
  assert.equal(await leaves.diff(olds, inputs), true);
  const now = await leaves.update(olds, inputs);
  assert.equal(now.certificate, olds.certificate);
  assert.equal(await leaves.diff(now, inputs), false);
  const ahead = await older(3 * dayMs);
  assert.notEqual((await leaves.update(ahead, inputs)).certificate, ahead.certificate);
});

test("a refresh shows one that is due, and nothing else", async () => {
  const { id, outputs } = await leaves.create(inputs);
  assert.deepEqual(await leaves.read(id, outputs), { id, outputs });
  const inItsWindow = { ...outputs, notAfter: new Date(Date.now() + 30 * dayMs).toISOString() };
  assert.deepEqual((await leaves.read(id, inItsWindow)).outputs, { ...inItsWindow, due: true });
});
