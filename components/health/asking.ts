/** How members are asked: with which certificates, for how long, and by which way. */
import { directDialler, type Dialler } from "../ssh/dialler.ts";
import type { DeclaredMember } from "./memberHealth.ts";

export interface Asking {
  /** For each call, in milliseconds. */
  readonly deadlineMs: number;
  /** For members with TLS. */
  readonly credentials?: Credentials | undefined;
  /** The way to a member. @default by the address in its client URL */
  readonly accessTo?: (member: DeclaredMember) => Dialler;
}

/** PEM, as gRPC and Node's TLS take it. */
export interface Credentials {
  readonly rootCertificate: Buffer;
  readonly privateKey?: Buffer | undefined;
  readonly certChain?: Buffer | undefined;
}

/** The operator's identity, PEM, as credentials; undefined without TLS. */
export function credentialsOf(
  identity:
    { readonly ca: string; readonly certificate: string; readonly privateKey: string } | undefined,
): Credentials | undefined {
  return (
    identity && {
      rootCertificate: Buffer.from(identity.ca),
      privateKey: Buffer.from(identity.privateKey),
      certChain: Buffer.from(identity.certificate),
    }
  );
}

/** By the address in the client URL, so that DNS need not work. */
export function byAddress({ endpoint }: DeclaredMember): Dialler {
  return directDialler(new URL(endpoint).hostname);
}
