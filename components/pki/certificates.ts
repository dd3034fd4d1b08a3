/**
 * Making X.509 certificates, ECDSA P-256. Runs inside dynamic providers: packages are imported
 * inside functions. The CA serves one cluster only: etcd takes any certificate of its CA for a
 * client (etcd's security guide; CIS 2.7).
 */

/** A certificate and its private key, PEM. */
export interface Issued {
  readonly certificate: string;
  /** PKCS 8. */
  readonly privateKey: string;
}

/** What a certificate says. */
export interface Profile {
  readonly commonName: string;
  /** DNS names; with addresses none, the certificate is a client's only. */
  readonly dnsNames: readonly string[];
  /** IPv4 addresses. */
  readonly addresses: readonly string[];
  /** Valid for so many days, but never longer than its CA. */
  readonly days: number;
}

const dayMs = 86_400_000;
/**
 * A new certificate is valid from a day earlier, for hosts whose clocks are behind, or a clock here
 * that is ahead while no service says so.
 */
const backdatedMs = dayMs;

/** A new CA that signs leaf certificates only. */
export async function makeAuthority(commonName: string, days: number): Promise<Issued> {
  await import("reflect-metadata"); // the library asks for it
  const x509 = await import("@peculiar/x509");
  const keys = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
    "sign",
    "verify",
  ]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: await serial(),
    name: [{ CN: [commonName] }],
    keys,
    signingAlgorithm: { name: "ECDSA", hash: "SHA-256" },
    ...validity(days),
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${certificate.toString("pem")}\n`,
    privateKey: await pemOf(keys.privateKey),
  };
}

/**
 * A leaf certificate. With `privateKey` it is for that key: a renewal that keeps the key has no
 * moment in which a server reads a certificate and a key that do not fit.
 */
export async function issueCertificate(
  authority: Issued,
  profile: Profile,
  privateKey?: string,
): Promise<Issued> {
  await import("reflect-metadata");
  const x509 = await import("@peculiar/x509");
  const issuer = new x509.X509Certificate(authority.certificate);
  const keys = privateKey
    ? await keyPairOf(privateKey)
    : await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, [
        "sign",
        "verify",
      ]);
  const signer = await signingKeyOf(authority.privateKey);
  const { notBefore, notAfter } = validity(profile.days);
  const names = [
    ...profile.dnsNames.map((value) => ({ type: "dns" as const, value })),
    ...profile.addresses.map((value) => ({ type: "ip" as const, value })),
  ];
  const { clientAuth, serverAuth } = x509.ExtendedKeyUsage;
  const issuerKeyId = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: await serial(),
    subject: [{ CN: [profile.commonName] }],
    issuer: issuer.subjectName,
    publicKey: keys.publicKey,
    signingKey: signer.key,
    signingAlgorithm: signer.algorithm,
    notBefore,
    notAfter: notAfter < issuer.notAfter ? notAfter : issuer.notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // A member is a client too: of its peers, and etcd's own gateway of its client port.
      new x509.ExtendedKeyUsageExtension(names.length ? [serverAuth, clientAuth] : [clientAuth]),
      ...(names.length ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      // As the CA itself has it: there are several ways to make one, and OpenSSL refuses a leaf
      // that names another.
      ...(issuerKeyId ? [new x509.AuthorityKeyIdentifierExtension(issuerKeyId)] : []),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: `${certificate.toString("pem")}\n`,
    privateKey: privateKey ?? (await pemOf(keys.privateKey)),
  };
}

/** When a certificate is valid, and until when its CA is; dates in ISO form. */
export interface Validity {
  /** Not in states of releases that did not look at it. */
  readonly notBefore?: string;
  readonly notAfter: string;
  readonly authorityNotAfter: string;
}

/**
 * Whether a certificate should be renewed by now: it is not valid yet, which a wrong clock made; or
 * its end is near, and its CA allows a later one. Pure.
 */
export function renewalDue(
  now: number,
  { notBefore = "", notAfter, authorityNotAfter }: Validity,
  days: number,
  renewBeforeDays: number,
): boolean {
  if (now < Date.parse(notBefore)) return true;
  const end = Date.parse(notAfter);
  const possible = Math.min(now + days * dayMs, Date.parse(authorityNotAfter));
  return (
    end - now <= renewBeforeDays * dayMs && possible - end > Math.min(dayMs, (days * dayMs) / 10)
  );
}

/**
 * What is to be said of a CA whose end cuts certificates short, or "": no renewal shows it, because
 * none can be later. Dates in ISO form. Pure.
 */
export function authorityWarning(now: number, authorityNotAfter: string, days: number): string {
  const left = Math.floor((Date.parse(authorityNotAfter) - now) / dayMs);
  return left >= days
    ? ""
    : `the CA ends on ${authorityNotAfter.slice(0, 10)}, in ${left} days, and every ` +
        "certificate with it; a cluster keeps its CA, so have another cluster by then";
}

/** When a certificate ends, in ISO form. */
export async function endOf(certificate: string): Promise<string> {
  return (await validityOf(certificate)).notAfter;
}

/** From when to when a certificate is valid, in ISO form. */
export async function validityOf(
  certificate: string,
): Promise<{ readonly notBefore: string; readonly notAfter: string }> {
  const { X509Certificate } = await import("node:crypto");
  const { validFrom, validTo } = new X509Certificate(certificate);
  return {
    notBefore: new Date(validFrom).toISOString(),
    notAfter: new Date(validTo).toISOString(),
  };
}

function validity(days: number): { notBefore: Date; notAfter: Date } {
  return {
    notBefore: new Date(Date.now() - backdatedMs),
    notAfter: new Date(Date.now() + days * dayMs),
  };
}

/** 127 random bits: positive, and unique without a register. */
async function serial(): Promise<string> {
  const { randomBytes } = await import("node:crypto");
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40;
  return bytes.toString("hex");
}

async function pemOf(key: CryptoKey): Promise<string> {
  const { KeyObject } = await import("node:crypto");
  return KeyObject.from(key).export({ format: "pem", type: "pkcs8" }).toString();
}

async function keyPairOf(
  privateKey: string,
): Promise<{ publicKey: CryptoKey; privateKey: CryptoKey }> {
  const { createPrivateKey, createPublicKey } = await import("node:crypto");
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const der = createPrivateKey(privateKey);
  const spki = createPublicKey(privateKey);
  return {
    privateKey: await crypto.subtle.importKey(
      "pkcs8",
      new Uint8Array(der.export({ format: "der", type: "pkcs8" })),
      algorithm,
      true,
      ["sign"],
    ),
    publicKey: await crypto.subtle.importKey(
      "spki",
      new Uint8Array(spki.export({ format: "der", type: "spki" })),
      algorithm,
      true,
      ["verify"],
    ),
  };
}

/** A CA that was brought may have an RSA key, or one on another curve. */
async function signingKeyOf(
  pem: string,
): Promise<{ key: CryptoKey; algorithm: { name: string; hash: string } }> {
  const { createPrivateKey } = await import("node:crypto");
  const key = createPrivateKey(pem);
  const curves: Record<string, string> = {
    prime256v1: "P-256",
    secp384r1: "P-384",
    secp521r1: "P-521",
  };
  const curve = curves[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? "";
  const algorithm =
    key.asymmetricKeyType === "rsa"
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : { name: "ECDSA", hash: "SHA-256", namedCurve: curve };
  return {
    key: await crypto.subtle.importKey(
      "pkcs8",
      new Uint8Array(key.export({ format: "der", type: "pkcs8" })),
      algorithm,
      false,
      ["sign"],
    ),
    algorithm,
  };
}
