/**
 * Why a member with TLS cannot be talked to, when certificates are the reason: gRPC only says "no
 * connection", and a member that its peers refuse does not even open its client port. So the
 * certificate is looked at, at both ports. Runs inside a dynamic provider: imports inside
 * functions.
 */
import { byAddress, type Asking, type Credentials } from "./asking.ts";
import type { DeclaredMember } from "./memberHealth.ts";

/**
 * What is wrong with a member's certificate, or with our own, in words that end a sentence; "" when
 * nothing is, or nothing can be seen.
 */
export async function certificateTrouble(member: DeclaredMember, asking: Asking): Promise<string> {
  if (!asking.credentials) return "";
  const own = await ownTrouble(asking.credentials);
  if (own) return own;
  // At once: each takes its time when nothing is shown.
  const troubles = await Promise.all(
    [member.endpoint, member.peerUrl].map(async (url) => {
      const { port } = new URL(url);
      const trouble = troubleOf(await shownAt(member, Number(port), asking));
      return trouble && `${trouble} (port ${port})`;
    }),
  );
  return troubles.find(Boolean) ?? "";
}

/**
 * When the certificate that a member shows to clients ends, in milliseconds since 1970; undefined
 * when none can be seen.
 */
export async function certificateEnd(
  member: DeclaredMember,
  asking: Asking,
): Promise<number | undefined> {
  const shown = await shownAt(member, Number(new URL(member.endpoint).port), asking);
  return shown && Date.parse(shown.validTo);
}

async function ownTrouble({ certChain }: Credentials): Promise<string> {
  if (!certChain) return "";
  const { X509Certificate } = await import("node:crypto");
  const { validFrom, validTo } = new X509Certificate(certChain);
  const now = Date.now();
  if (now > Date.parse(validTo)) return `the client certificate expired on ${iso(validTo)}`;
  if (now < Date.parse(validFrom))
    return (
      `the client certificate is valid only from ${iso(validFrom)}: look at this ` +
      "machine's clock"
    );
  return "";
}

/** The certificate that a port shows. */
interface Shown {
  readonly validFrom: string;
  readonly validTo: string;
  /** OpenSSL's code for what is wrong with it; "" when nothing is. */
  readonly problem: string;
  /** The address that it has to be for. */
  readonly address: string;
}

function troubleOf(shown: Shown | undefined): string {
  switch (shown?.problem) {
    case undefined:
    case "":
      return "";
    case "CERT_HAS_EXPIRED":
      return `its certificate expired on ${iso(shown.validTo)}`;
    case "CERT_NOT_YET_VALID":
      return `its certificate is valid only from ${iso(shown.validFrom)}: look at the clocks`;
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is not for ${shown.address}`;
    default:
      return "its certificate is not signed by this cluster's CA";
  }
}

/** Undefined when the port shows none in time. */
async function shownAt(
  member: DeclaredMember,
  port: number,
  { deadlineMs, credentials, accessTo = byAddress }: Asking,
): Promise<Shown | undefined> {
  const tls = await import("node:tls");
  const address = new URL(member.endpoint).hostname;
  const dialled = await accessTo(member)
    .dial(port)
    .catch(() => undefined);
  if (!dialled) return undefined;
  const shown = await new Promise<Shown | undefined>((resolve) => {
    const socket = tls.connect(
      {
        host: dialled.host,
        port: dialled.port,
        ca: credentials?.rootCertificate,
        key: credentials?.privateKey,
        cert: credentials?.certChain,
        servername: "",
        rejectUnauthorized: false,
        // Judged for the member's own address, whatever way led there.
        checkServerIdentity: (_host, certificate) => tls.checkServerIdentity(address, certificate),
      },
      () => {
        const { valid_from: validFrom, valid_to: validTo } = socket.getPeerCertificate();
        const error = socket.authorizationError as (Error & { code?: string }) | string | null;
        const problem = typeof error === "string" ? error : (error?.code ?? error?.message ?? "");
        socket.destroy();
        resolve({ validFrom, validTo, problem, address });
      },
    );
    const nothing = () => {
      socket.destroy();
      resolve(undefined);
    };
    socket.setTimeout(deadlineMs, nothing);
    socket.once("error", nothing);
  });
  dialled.close();
  return shown;
}

function iso(date: string): string {
  return new Date(date).toISOString().replace(".000", "");
}
