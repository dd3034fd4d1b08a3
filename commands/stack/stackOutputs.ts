/**
 * What a stack says about its cluster: the exports of index.ts, as far as the commands use them.
 */
import { pulumi } from "./pulumiAnswer.ts";
import type { StackAccess } from "./stackAccess.ts";

/** PEM; opens the cluster. */
export interface Identity {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

export interface StackOutputs {
  readonly discoveryDomain: string;
  /** Client URL by member name. */
  readonly endpoints: Readonly<Record<string, string>>;
  /** Peer URL by member name. */
  readonly peerUrls: Readonly<Record<string, string>>;
  readonly sshUser: string;
  /** SSH host key by member name, as it stands in known_hosts; none for a machine never reached. */
  readonly hostKeys: Readonly<Record<string, string>>;
  /** The operator's; undefined without TLS. */
  readonly identity: Identity | undefined;
}

/** Asks the CLI. Throws, saying what to type, when the stack has no cluster. */
export async function stackOutputs(stack: StackAccess): Promise<StackOutputs> {
  const text = await pulumi(stack, ["stack", "output", "--json", "--show-secrets"]);
  const read = readOutputs(JSON.parse(text) as Record<string, unknown>);
  if ("outputs" in read) return read.outputs;
  throw new Error(
    `the stack ${stack.name} has no cluster that could be looked at (${read.problem}); ` +
      `${stack.up} makes it, or goes on from where it stopped`,
  );
}

/** Pure. */
export function readOutputs(
  raw: Readonly<Record<string, unknown>>,
): { readonly outputs: StackOutputs } | { readonly problem: string } {
  if (Object.keys(raw).length === 0) return { problem: "it has no outputs yet" };
  const text = (name: string) => (typeof raw[name] === "string" ? raw[name] : "");
  const missing: string[] = [];
  const needed = <T>(name: string, value: T | undefined): T | undefined => {
    if (!value) missing.push(name);
    return value;
  };
  const discoveryDomain = needed("discoveryDomain", text("discoveryDomain"));
  const sshUser = needed("sshUser", text("sshUser"));
  const endpoints = needed("endpoints", textByName(raw.endpoints));
  const peerUrls = needed("peerUrls", textByName(raw.peerUrls));
  const hostKeys = textByName(raw.hostKeys) ?? {};
  const tls = Object.values(endpoints ?? {}).some((url) => url.startsWith("https:"));
  const pem = (name: string) => (tls ? needed(name, text(name)) : undefined) ?? "";
  const ca = pem("caCertificate");
  const certificate = pem("clientCertificate");
  const privateKey = pem("clientPrivateKey");
  const identity = tls ? { ca, certificate, privateKey } : undefined;
  if (missing.length > 0 || !discoveryDomain || !sshUser || !endpoints || !peerUrls)
    return { problem: `it lacks ${missing.join(", ")} among its outputs` };
  return { outputs: { discoveryDomain, endpoints, peerUrls, sshUser, hostKeys, identity } };
}

function textByName(value: unknown): Record<string, string> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string",
  );
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
