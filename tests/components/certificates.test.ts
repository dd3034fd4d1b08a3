// Certificates that the program makes, and a CA that is brought. Does not prove that etcd takes
// them: tests/lab/access does.
import assert from "node:assert/strict";
import { createPrivateKey, generateKeyPairSync, X509Certificate } from "node:crypto";
import test, { before } from "node:test";
import {
  type Issued,
  authorityWarning,
  issueCertificate,
  makeAuthority,
  renewalDue,
} from "../../components/pki/certificates.ts";
import { clockTrouble } from "../../components/pki/clock.ts";
import { describeProblems } from "../../components/settings/problems.ts";
import { checkSettings } from "../../components/settings/settings.ts";
import { checkStack } from "../../components/settings/stackConfig.ts";
import { foreignAuthority } from "../foreignAuthority.ts";
import { validSettings } from "./validSettings.ts";

const profile = {
  commonName: "a.etcd.test",
  dnsNames: ["etcd.test", "a.etcd.test"],
  addresses: ["10.0.0.1", "127.0.0.1"],
  days: 365,
};
const serverAuth = "1.3.6.1.5.5.7.3.1";
const clientAuth = "1.3.6.1.5.5.7.3.2";
let ca: Issued;
let leaf: Issued;
before(async () => {
  ca = await makeAuthority("etcd CA of etcd.test", 3650);
  leaf = await issueCertificate(ca, profile);
});

test("a CA signs, and nothing else", () => {
  const certificate = new X509Certificate(ca.certificate);
  assert.deepEqual(
    [
      certificate.ca,
      certificate.subject,
      certificate.verify(certificate.publicKey),
      certificate.keyUsage,
    ],
    [true, "CN=etcd CA of etcd.test", true, undefined],
  );
  assert.equal(certificate.publicKey.asymmetricKeyDetails?.namedCurve, "prime256v1");
});

test("a member's certificate: server and client, for its names and addresses, of this CA", () => {
  const certificate = new X509Certificate(leaf.certificate);
  assert.deepEqual(
    [
      certificate.ca,
      certificate.verify(new X509Certificate(ca.certificate).publicKey),
      certificate.checkPrivateKey(createPrivateKey(leaf.privateKey)),
    ],
    [false, true, true],
  );
  assert.deepEqual(
    [certificate.subjectAltName, certificate.keyUsage],
    [
      "DNS:etcd.test, DNS:a.etcd.test, IP Address:10.0.0.1, IP Address:127.0.0.1",
      [serverAuth, clientAuth],
    ],
  );
  assert.ok(
    [certificate, new X509Certificate(ca.certificate)].every(
      ({ validFrom }) => Date.parse(validFrom) <= Date.now() - 23 * 3_600_000,
    ),
    "a host whose clock is behind would refuse it",
  );
});

test("without names it is a client's only", async () => {
  const certificate = new X509Certificate(
    (await issueCertificate(ca, { ...profile, dnsNames: [], addresses: [] })).certificate,
  );
  assert.deepEqual([certificate.subjectAltName, certificate.keyUsage], [undefined, [clientAuth]]);
});

test("a renewal keeps the key and changes the rest; no certificate outlives its CA", async () => {
  const again = await issueCertificate(ca, profile, leaf.privateKey);
  const serial = (pem: string) => new X509Certificate(pem).serialNumber;
  assert.equal(again.privateKey, leaf.privateKey);
  assert.ok(
    new X509Certificate(again.certificate).checkPrivateKey(createPrivateKey(leaf.privateKey)),
  );
  assert.notEqual(serial(again.certificate), serial(leaf.certificate));
  const short = await makeAuthority("short", 10);
  assert.equal(
    new X509Certificate((await issueCertificate(short, profile)).certificate).validTo,
    new X509Certificate(short.certificate).validTo,
  );
});

test("a CA with an RSA key, or on another curve, signs too", async () => {
  for (const made of [
    generateKeyPairSync("rsa", { modulusLength: 2048 }),
    generateKeyPairSync("ec", { namedCurve: "secp384r1" }),
  ]) {
    const privateKey = made.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    // Only the issuer's name is taken from its certificate; the signature is by the key.
    const issued = new X509Certificate(
      (await issueCertificate({ certificate: ca.certificate, privateKey }, profile)).certificate,
    );
    assert.ok(issued.verify(made.publicKey), made.privateKey.asymmetricKeyType);
  }
});

test(
  "of a CA made by other tools, name and key identifier are taken byte by byte: Go " +
    "compares the one, OpenSSL the other",
  async () => {
    const x509 = await import("@peculiar/x509");
    for (const keyId of ["00".repeat(19) + "07", ""]) {
      const foreign = await foreignAuthority(keyId);
      const authority = new x509.X509Certificate(foreign.certificate);
      const issued = new x509.X509Certificate(
        (await issueCertificate(foreign, profile)).certificate,
      );
      assert.deepEqual(
        Buffer.from(issued.issuerName.toArrayBuffer()),
        Buffer.from(authority.subjectName.toArrayBuffer()),
      );
      assert.equal(
        issued.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId,
        keyId || undefined,
      );
      assert.ok(
        new X509Certificate(issued.toString("pem")).checkIssued(
          new X509Certificate(foreign.certificate),
        ),
        "OpenSSL does not see the issuer",
      );
      assert.equal(
        brought({ caCertificate: foreign.certificate, caPrivateKey: foreign.privateKey }).text,
        "",
      );
    }
  },
);

const day = 86_400_000;
const now = Date.parse("2027-01-01T00:00:00Z");
const at = (days: number) => new Date(now + days * day).toISOString();
const dues: [string, end: number, caEnd: number, days: number, before: number, due: boolean][] = [
  ["plenty of time", 200, 3000, 365, 60, false],
  ["the last day before the window", 61, 3000, 365, 60, false],
  ["inside the window", 60, 3000, 365, 60, true],
  ["expired", -1, 3000, 365, 60, true],
  ["the CA ends with it: nothing would be gained, at every up again", 30, 30, 365, 60, false],
  ["the CA ends a little later", 30, 40, 365, 60, true],
  ["certificates of one day, half of it over", 0.4, 3000, 1, 0, false],
  ["certificates of one day, over", -0.1, 3000, 1, 0, true],
];
for (const [name, end, caEnd, days, renewBefore, due] of dues)
  test(`renewal: ${name}`, () =>
    assert.equal(
      renewalDue(now, { notAfter: at(end), authorityNotAfter: at(caEnd) }, days, renewBefore),
      due,
    ));

for (const [name, start, due] of [
  ["a certificate of a clock that was ahead, not valid yet", 0.01, true],
  ["one that has become valid", -0.01, false],
] as const)
  test(`renewal: ${name}`, () => {
    const validity = { notBefore: at(start), notAfter: at(365), authorityNotAfter: at(3000) };
    assert.equal(renewalDue(now, validity, 365, 60), due);
  });

const hour = 3_600_000;
for (const [name, offMs, want] of [
  ["the same", 0, /^$/],
  ["a minute apart", 60_000, /^$/],
  ["61 s ahead", 61_000, /^this machine's clock is 1 minute ahead: it says 2027-01-01T00:01:01Z, /],
  ["10 min ahead", hour / 6, /is 10 minutes ahead: .* and api\.test says 2027-01-01T00:00:00Z\./],
  ["24 h ahead", 24 * hour, /is 24 hours ahead: it says 2027-01-02T00:00:00Z, .*timedatectl/],
  ["3 days behind", -72 * hour, /is 3 days behind: it says 2026-12-29T00:00:00Z, /],
] as const)
  test(`two clocks, ${name}`, () => assert.match(clockTrouble(now + offMs, now, "api.test"), want));

test("the end of the CA is said as soon as it cuts certificates short, and not before", () => {
  assert.equal(authorityWarning(now, at(365), 365), "");
  assert.match(
    authorityWarning(now, at(364), 365),
    /^the CA ends on \d{4}-\d\d-\d\d, in 364 days, and every certificate with it/,
  );
});

const brought = (raw: object, { tls = true, secret = true } = {}) => {
  const given = validSettings({ tls: String(tls), ...raw });
  const isSecret = (key: string) => secret || key === "sshPrivateKey";
  return {
    authority: checkSettings(given).settings?.authority,
    text: describeProblems(checkStack(given, isSecret).problems),
  };
};
test("a CA of one's own is taken, and none is needed", () => {
  assert.deepEqual(brought({}), { authority: undefined, text: "" });
  assert.deepEqual(brought({ caCertificate: ca.certificate, caPrivateKey: ca.privateKey }), {
    authority: { certificate: ca.certificate, privateKey: ca.privateKey.trim() },
    text: "",
  });
});
const refusedAuthorities: [string, () => { text: string } | Promise<{ text: string }>, RegExp][] = [
  [
    "no key",
    () => brought({ caCertificate: ca.certificate }),
    /^caPrivateKey: the key of caCertificate is needed too/,
  ],
  [
    "no certificate",
    () => brought({ caPrivateKey: ca.privateKey }),
    /^caCertificate: the certificate of the CA whose key/,
  ],
  [
    "another's key",
    () => brought({ caCertificate: ca.certificate, caPrivateKey: leaf.privateKey }),
    /^caPrivateKey: the key of caCertificate is needed; this is another one \(got a text that is not shown\)$/,
  ],
  [
    "a leaf",
    () => brought({ caCertificate: leaf.certificate, caPrivateKey: leaf.privateKey }),
    /^caCertificate: a CA's certificate is needed \(this one, CN=a\.etcd\.test/,
  ],
  [
    "a chain",
    () =>
      brought({ caCertificate: ca.certificate + leaf.certificate, caPrivateKey: ca.privateKey }),
    /^caCertificate: one certificate in PEM form/,
  ],
  [
    "no PEM",
    () => brought({ caCertificate: "ca.crt", caPrivateKey: "ca.key" }),
    /^caCertificate: one certificate in PEM form is needed \(got ca\.crt\)\ncaPrivateKey: a private key in PEM form without passphrase.*not shown\)$/,
  ],
  [
    "a key in plain text",
    () =>
      brought({ caCertificate: ca.certificate, caPrivateKey: ca.privateKey }, { secret: false }),
    /^caPrivateKey: a secret is needed/,
  ],
  [
    "a CA for a plain cluster",
    () => brought({ caCertificate: ca.certificate, caPrivateKey: ca.privateKey }, { tls: false }),
    /^caCertificate: a CA goes with tls: true/,
  ],
  [
    "an ed25519 key",
    () =>
      brought({
        caCertificate: ca.certificate,
        caPrivateKey: generateKeyPairSync("ed25519")
          .privateKey.export({ format: "pem", type: "pkcs8" })
          .toString(),
      }),
    /caPrivateKey: an RSA key of 2048 bits or more, or an EC key/,
  ],
  [
    "a CA that another one signed",
    async () => {
      const x509 = await import("@peculiar/x509");
      const root = new x509.X509Certificate(ca.certificate);
      const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
        "sign",
        "verify",
      ]);
      const signingKey = await crypto.subtle.importKey(
        "pkcs8",
        new Uint8Array(createPrivateKey(ca.privateKey).export({ format: "der", type: "pkcs8" })),
        { name: "ECDSA", namedCurve: "P-256" },
        false,
        ["sign"],
      );
      const middle = await x509.X509CertificateGenerator.create({
        subject: "CN=middle",
        issuer: root.subjectName,
        publicKey: keys.publicKey,
        signingKey,
        signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
        extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
      });
      return brought({ caCertificate: middle.toString("pem"), caPrivateKey: leaf.privateKey });
    },
    /^caCertificate: a CA that signed itself is needed: .*this one, CN=middle, is signed by CN=etcd CA of etcd\.test/,
  ],
  [
    "a CA that ended",
    async () => {
      const old = await makeAuthority("old", -1 / 1440);
      return brought({ caCertificate: old.certificate, caPrivateKey: old.privateKey });
    },
    /^caCertificate: a CA that is valid is needed \(this one ended on/,
  ],
];
for (const [name, make, want] of refusedAuthorities) {
  test(`refused: ${name}`, async () => {
    const { text } = await make();
    assert.match(text, want);
    assert.ok(!/PRIVATE KEY/.test(text), "the key is part of the message");
  });
}
