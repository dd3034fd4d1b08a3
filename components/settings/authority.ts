/** Rules of a CA that the user brings. Pure but for the clock: one that ended is refused. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { notShown, type Problem } from "./problems.ts";

/** PEM; empty where there is none. What is known only later is judged then. */
export interface GivenAuthority {
  readonly caCertificate: pulumi.Input<string>;
  readonly caPrivateKey: pulumi.Input<string>;
  readonly tls: boolean;
}

/** What is wrong with a CA. The key is never part of a message. */
export function authorityProblems({ caCertificate, caPrivateKey, tls }: GivenAuthority): Problem[] {
  const certificate = typeof caCertificate === "string" ? caCertificate.trim() : caCertificate;
  const privateKey = typeof caPrivateKey === "string" ? caPrivateKey.trim() : caPrivateKey;
  if (!certificate && !privateKey) return [];
  const problems: Problem[] = [];
  const refuse = (field: string, rule: string, value: unknown) => {
    problems.push({ field, rule, value });
  };
  if (!tls) refuse("caCertificate", "a CA goes with tls: true", "a CA, and tls: false");
  if (!certificate)
    refuse(
      "caCertificate",
      "the certificate of the CA whose key caPrivateKey is, is needed too",
      "",
    );
  if (!privateKey)
    refuse(
      "caPrivateKey",
      "the key of caCertificate is needed too: pulumi config set --secret etcd:caPrivateKey",
      "",
    );
  const parsed =
    typeof certificate === "string"
      ? parse(certificate, (rule) => refuse("caCertificate", rule, certificate.split("\n")[0]))
      : undefined;
  const key =
    typeof privateKey === "string"
      ? parseKey(privateKey, (rule) => refuse("caPrivateKey", rule, notShown))
      : undefined;
  if (parsed && key && !parsed.checkPrivateKey(key))
    refuse("caPrivateKey", "the key of caCertificate is needed; this is another one", notShown);
  return problems;
}

function parse(pem: string, refuse: (rule: string) => void): X509Certificate | undefined {
  if (!pem) return undefined;
  if ((pem.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length !== 1) {
    refuse("one certificate in PEM form is needed");
    return undefined;
  }
  try {
    const certificate = new X509Certificate(pem);
    const now = Date.now();
    if (!certificate.ca)
      refuse(
        `a CA's certificate is needed (this one, ${certificate.subject}, may not sign others)`,
      );
    else if (!certificate.checkIssued(certificate) || !certificate.verify(certificate.publicKey))
      refuse(
        "a CA that signed itself is needed: OpenSSL, and so the health check, trusts no " +
          `other as a root (this one, ${certificate.subject}, is signed by ` +
          `${certificate.issuer})`,
      );
    if (now > Date.parse(certificate.validTo))
      refuse(`a CA that is valid is needed (this one ended on ${certificate.validTo})`);
    if (now < Date.parse(certificate.validFrom))
      refuse(`a CA that is valid is needed (this one begins on ${certificate.validFrom})`);
    return certificate;
  } catch {
    refuse("one certificate in PEM form is needed");
    return undefined;
  }
}

function parseKey(pem: string, refuse: (rule: string) => void): KeyObject | undefined {
  if (!pem) return undefined;
  try {
    const key = createPrivateKey(pem);
    const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
    const fits =
      key.asymmetricKeyType === "rsa"
        ? modulusLength >= 2048
        : key.asymmetricKeyType === "ec" &&
          ["prime256v1", "secp384r1", "secp521r1"].includes(namedCurve);
    if (!fits)
      refuse("an RSA key of 2048 bits or more, or an EC key on P-256, P-384 or P-521 is needed");
    return key;
  } catch {
    refuse("a private key in PEM form without passphrase is needed");
    return undefined;
  }
}
