/**
 * What the bootstrap of one node is made of: Chef attributes, the text for its standard input, and
 * when it has to run again. Pure.
 */
import { createHash } from "node:crypto";
import type { ChefSettings } from "../settings/settings.ts";
import { bootstrapScript } from "./bootstrapScript.ts";
import type { Ticket } from "./ticket.ts";

export interface NodeBootstrap {
  /** Name of the member that is bootstrapped. */
  readonly name: string;
  readonly domain: string;
  readonly tls: boolean;
  /** Its own private address, where etcd listens. */
  readonly address: string;
  /**
   * Private address of each founder by name: the set that a node checks before its first start. It
   * never changes, so that a member that is declared later changes nobody else's bootstrap.
   */
  readonly founders: Readonly<Record<string, string>>;
  /** EBS volume that holds the member's data. */
  readonly volumeId: string;
  /** `initial-cluster-token`. */
  readonly token: string;
  /** For the first start; undefined where there is none (ticket.ts). */
  readonly ticket?: Ticket | undefined;
  readonly etcdVersion: string;
  readonly etcdMirror: string;
  readonly etcdChecksums: "pinned" | "mirror";
  /** Digest by architecture; empty with `mirror`. */
  readonly etcdSha256: Readonly<Record<string, string>>;
  readonly chef: ChefSettings;
  /** The member's certificate and key and the CA, PEM; with TLS only. */
  readonly pki?:
    { readonly ca: string; readonly certificate: string; readonly privateKey: string } | undefined;
  /** The cookbook as tar.gz in base64. */
  readonly cookbook: string;
  /** How long the converge may take, in seconds. */
  readonly timeoutSeconds: number;
  /** How long the node waits for its own resolver to see the whole set, in seconds. */
  readonly dnsTimeoutSeconds: number;
}

/**
 * One short line; everything else, secrets too, comes by standard input: the provider's error
 * message repeats the whole command.
 */
export const launcher = "sudo -n bash -s";

/**
 * Where the bootstrap puts the member's certificate and key for the recipe to take: beside Chef's
 * attributes, which Chef keeps and may send to a server.
 */
export const pkiFolder = "/var/lib/etcd-bootstrap/pki";

/** The node's JSON as Chef reads it. */
export function nodeJson(node: NodeBootstrap): {
  run_list: string[];
  etcd: Record<string, unknown>;
} {
  const isFounder = node.name in node.founders;
  return {
    run_list: ["recipe[etcd]"],
    etcd: {
      domain: node.domain,
      name: node.name,
      tls: node.tls,
      token: node.token,
      address: node.address,
      members: isFounder ? node.founders : {},
      volume: node.volumeId,
      // On an empty disk only a founder may be part of a new cluster, whatever DNS says.
      initial_state: isFounder ? "new" : "existing",
      // And nobody without a ticket, which comes beside the attributes: Chef keeps those.
      tickets: true,
      // A node with neither data nor ticket is left for the reconciler of members to join.
      joins: true,
      version: node.etcdVersion,
      mirror: node.etcdMirror,
      checksums: node.etcdChecksums,
      sha256: node.etcdSha256,
      dns_timeout: node.dnsTimeoutSeconds,
      ...(node.tls ? { pki: pkiFolder } : {}),
    },
  };
}

/**
 * The script for standard input, and the digest of everything in it: the digest changes exactly
 * when the bootstrap does.
 */
export function bootstrapOf(node: NodeBootstrap): { stdin: string; digest: string } {
  const settings = {
    nodeJson: nodeJson(node),
    cookbook: node.cookbook,
    chef: node.chef,
    pki: node.pki,
    ticket: node.ticket,
    timeoutSeconds: node.timeoutSeconds,
  };
  const digest = createHash("sha256")
    .update(bootstrapScript({ ...settings, digest: "" }))
    .digest("hex");
  return { stdin: bootstrapScript({ ...settings, digest }), digest };
}
