/**
 * A CA as other tools make it: the names as UTF8String (openssl), a key identifier that is no SHA-1
 * (newer Go). Our own library would write neither, and etcd compares names byte by byte.
 */
import { createPrivateKey } from "node:crypto";
import type { Issued } from "../components/pki/certificates.ts";

export async function foreignAuthority(
  keyId: string | undefined = `${"00".repeat(19)}07`,
  days = 30,
): Promise<Issued> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: new x509.Name([
      { CN: [{ utf8String: "a CA that was brought" }] },
      { O: [{ utf8String: "Example" }] },
    ]),
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + days * 86_400_000),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
      ...(keyId ? [new x509.SubjectKeyIdentifierExtension(keyId)] : []),
    ],
  });
  const privateKey = createPrivateKey({
    key: Buffer.from(await crypto.subtle.exportKey("pkcs8", keys.privateKey)),
    format: "der",
    type: "pkcs8",
  });
  return {
    certificate: `${certificate.toString("pem")}\n`,
    privateKey: privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}
