/**
 * Why a member with TLS cannot be talked to, when certificates are the reason: gRPC only says "no
 * connection", and a member that its peers refuse does not even open its client port. So the
 * certificate is looked at, at both ports. Runs inside a dynamic provider: imports inside
 * functions.
 */
import type { DeclaredMember } from "./memberHealth.ts";

/** PEM. */
export interface Credentials {
  readonly rootCertificate: Buffer;
  readonly privateKey?: Buffer | undefined;
  readonly certChain?: Buffer | undefined;
}

/** An identity as gRPC takes it. */
export function credentialsOf({
  ca,
  certificate,
  privateKey,
}: {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}): Credentials {
  return {
    rootCertificate: Buffer.from(ca),
    privateKey: Buffer.from(privateKey),
    certChain: Buffer.from(certificate),
  };
}

/**
 * What is wrong with a member's certificate, or with our own, in words that end a sentence; "" when
 * nothing is, or nothing can be seen.
 */
export async function certificateTrouble(
  member: DeclaredMember,
  credentials: Credentials | undefined,
  timeoutMs: number,
): Promise<string> {
  if (!credentials) return "";
  const { X509Certificate } = await import("node:crypto");
  if (credentials.certChain) {
    const own = new X509Certificate(credentials.certChain);
    const now = Date.now();
    if (now > Date.parse(own.validTo))
      return `the client certificate expired on ${iso(own.validTo)}`;
    if (now < Date.parse(own.validFrom))
      return (
        `the client certificate is valid only from ${iso(own.validFrom)}: look at this ` +
        "machine's clock"
      );
  }
  const endpoint = new URL(member.endpoint);
  for (const port of [endpoint.port, new URL(member.peerUrl).port]) {
    const trouble = await shownAt(endpoint.hostname, Number(port), credentials, timeoutMs);
    if (trouble) return `${trouble} (port ${port})`;
  }
  return "";
}

/**
 * When the certificate that a member shows to clients ends, in milliseconds since 1970; undefined
 * when none can be seen.
 */
export async function certificateEnd(
  member: DeclaredMember,
  credentials: Credentials,
  timeoutMs: number,
): Promise<number | undefined> {
  const tls = await import("node:tls");
  const { hostname: host, port } = new URL(member.endpoint);
  return new Promise((resolve) => {
    const done = (end?: number) => {
      socket.destroy();
      resolve(end);
    };
    const socket = tls.connect(
      {
        host,
        port: Number(port),
        ca: credentials.rootCertificate,
        key: credentials.privateKey,
        cert: credentials.certChain,
        servername: "",
        rejectUnauthorized: false,
      },
      () => done(Date.parse(socket.getPeerCertificate().valid_to)),
    );
    socket.setTimeout(timeoutMs, () => done());
    socket.once("error", () => done());
  });
}

async function shownAt(
  host: string,
  port: number,
  credentials: Credentials,
  timeoutMs: number,
): Promise<string> {
  const tls = await import("node:tls");
  return new Promise((resolve) => {
    const socket = tls.connect(
      {
        host,
        port,
        ca: credentials.rootCertificate,
        key: credentials.privateKey,
        cert: credentials.certChain,
        servername: "",
        rejectUnauthorized: false,
      },
      () => {
        const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
        const error = socket.authorizationError as Error | string | null;
        const code = String((error as { code?: string } | null)?.code ?? error ?? "");
        const trouble =
          code === "CERT_HAS_EXPIRED"
            ? `its certificate expired on ${iso(to)}`
            : code === "CERT_NOT_YET_VALID"
              ? `its certificate is valid only from ${iso(from)}: look at the clocks`
              : code === "ERR_TLS_CERT_ALTNAME_INVALID"
                ? `its certificate is not for ${host}`
                : code
                  ? "its certificate is not signed by this cluster's CA"
                  : "";
        socket.destroy();
        resolve(trouble);
      },
    );
    const nothing = () => {
      socket.destroy();
      resolve("");
    };
    socket.setTimeout(timeoutMs, nothing);
    socket.once("error", nothing);
  });
}

function iso(date: string): string {
  return new Date(date).toISOString().replace(".000", "");
}
