// The dynamic resources of certificates, as the engine runs them. Does not prove that etcd takes
// what they make: tests/lab/access does.
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import test from "node:test";
import { Certificate } from "../../components/pki/certificate.ts";
import { CertificateAuthority } from "../../components/pki/certificateAuthority.ts";
import { startDynamicProvider } from "./dynamicProvider.ts";

test(
  "a CA is made once; a leaf is issued, renewed in its window with the same key, and " +
    "issued again for other names",
  async () => {
    const authorities = await startDynamicProvider(
      () => new CertificateAuthority("ca", { commonName: "etcd CA of etcd.test" }),
    );
    const leaves = await startDynamicProvider(
      () =>
        new Certificate("leaf", {
          authority: { certificate: "", privateKey: "" },
          commonName: "a",
          dnsNames: [],
          addresses: [],
          days: 1,
          renewBeforeDays: 0,
        }),
    );
    try {
      const { outputs: ca } = await authorities.create({ commonName: "etcd CA of etcd.test" });
      assert.equal(
        await authorities.diff(ca, { commonName: "another" }),
        false,
        "another CA would need every member restarted",
      );
      const authority = { certificate: ca.certificate, privateKey: ca.privateKey };
      const inputs = {
        authority,
        commonName: "a.etcd.test",
        dnsNames: ["etcd.test"],
        addresses: ["10.0.0.1"],
        days: 365,
        renewBeforeDays: 60,
        version: 1,
      };
      const { outputs: leaf } = await leaves.create(inputs);
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

      assert.equal(await leaves.diff(leaf, inputs), false);
      assert.equal(
        await leaves.diff(leaf, { ...inputs, days: 100 }),
        false,
        "another duration waits for the next renewal",
      );
      assert.equal(await leaves.diff(leaf, { ...inputs, addresses: ["10.0.0.2"] }), true);
      assert.equal(
        await leaves.diff(leaf, { ...inputs, days: 3000, renewBeforeDays: 400 }),
        true,
        "its window has begun",
      );
      const renewed = await leaves.update(leaf, { ...inputs, days: 3000, renewBeforeDays: 400 });
      assert.equal(renewed.privateKey, leaf.privateKey);
      assert.notEqual(renewed.certificate, leaf.certificate);
      assert.equal(
        await leaves.diff(renewed, { ...inputs, days: 3000, renewBeforeDays: 400 }),
        false,
      );
    } finally {
      authorities.close();
      leaves.close();
    }
  },
);
