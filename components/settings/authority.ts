/** Settings of TLS, checked. Pure but for the clock: a CA that ended is refused in preview. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { integerOf, notShown, type Problem, type RawConfig, textOf } from "./problems.ts";

export interface CertificateSettings {
  /** Days that a member's or the operator's certificate is valid. */
  readonly certificateDays: number;
  /** Days before its end at which `up` renews it. */
  readonly renewBeforeDays: number;
}

export function readCertificateSettings(raw: RawConfig, problems: Problem[]): CertificateSettings {
  const certificateDays = integerOf(raw, "certificateDays", 1, 3650, "days", problems);
  const renewBeforeDays = integerOf(raw, "renewBeforeDays", 0, 3649, "days", problems);
  if (renewBeforeDays >= certificateDays)
    problems.push({
      field: "renewBeforeDays",
      rule:
        `fewer days than certificateDays (${certificateDays}) are needed, or every up ` +
        "would renew",
      value: renewBeforeDays,
    });
  return { certificateDays, renewBeforeDays };
}

/**
 * A CA that the user brings, as the stack configures it; undefined when there is none. The key is
 * never part of a message.
 */
export function readAuthority(
  raw: RawConfig,
  tls: boolean,
  keyIsSecret: boolean,
  problems: Problem[],
): { certificate: string; privateKey: string } | undefined {
  const certificate = pemOf(raw, "caCertificate", problems);
  const privateKey = pemOf(raw, "caPrivateKey", problems);
  if (!certificate && !privateKey) return undefined;
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
  if (privateKey && !keyIsSecret)
    refuse(
      "caPrivateKey",
      "a secret is needed: pulumi config set --secret etcd:caPrivateKey",
      notShown,
    );
  const parsed = parse(certificate, (rule) =>
    refuse("caCertificate", rule, certificate.split("\n")[0]),
  );
  const key = parseKey(privateKey, (rule) => refuse("caPrivateKey", rule, notShown));
  if (parsed && key && !parsed.checkPrivateKey(key))
    refuse("caPrivateKey", "the key of caCertificate is needed; this is another one", notShown);
  return { certificate: certificate.endsWith("\n") ? certificate : `${certificate}\n`, privateKey };
}

function pemOf(raw: RawConfig, key: string, problems: Problem[]): string {
  const value = raw[key];
  return typeof value === "string" ? value.trim() : textOf(raw, key, problems);
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
