/** The two gates of a cluster: before etcd is started, and before `up` ends. */
import type * as pulumi from "@pulumi/pulumi";
import type { ClusterContext } from "../clusterContext.ts";
import { clientPort, peerPort } from "../names.ts";
import type { Settings } from "../settings/settings.ts";
import { DnsReadiness } from "./dnsReadiness.ts";

/** What DNS has to say of a member. */
interface Named {
  readonly hostname: string;
  readonly privateIp: pulumi.Output<string>;
  /** The records that say it. */
  readonly records: readonly pulumi.Resource[];
}

/** A record at Cloudflare. */
type Published = pulumi.CustomResource;

/** Opens when members can find one another. It waits for records only, never for machines. */
export function peerGate(
  { name, names, options }: ClusterContext,
  settings: Settings,
  nodes: readonly Named[],
): DnsReadiness {
  const { domain, tls } = names;
  return new DnsReadiness(
    `${name}-dns-readiness`,
    {
      expected: { domain, tls, port: peerPort, members: expectedOf(nodes) },
      nameservers: [...settings.nameservers],
      timeoutSeconds: settings.dnsTimeout,
    },
    options.with({ dependsOn: nodes.flatMap(({ records }) => records) }),
  );
}

/**
 * Opens when clients can find the cluster: one that asked before would have its resolver remember
 * "no such name" (issue 11). It waits again when a record was made anew: `up` ends there, and the
 * first gate never has to, because members read these names at their first start only.
 */
export function clientGate(
  { name, names, options }: ClusterContext,
  settings: Settings,
  nodes: readonly Named[],
  published: readonly Published[],
): DnsReadiness {
  const { domain, tls } = names;
  return new DnsReadiness(
    `${name}-clients-dns`,
    {
      expected: { service: "client", domain, tls, port: clientPort, members: expectedOf(nodes) },
      recordIds: published.map((record) => record.id),
      nameservers: [...settings.nameservers],
      timeoutSeconds: settings.dnsTimeout,
    },
    options.with({ dependsOn: [...published] }),
  );
}

function expectedOf(nodes: readonly Named[]) {
  return nodes.map(({ hostname, privateIp }) => ({ target: hostname, address: privateIp }));
}
