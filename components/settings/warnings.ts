/** What is allowed, and said all the same. Pure. */
import { instanceTypeWarning } from "./instanceTypes.ts";
import type { Settings } from "./settings.ts";

/**
 * What may be unwise in these settings, a sentence each.
 *
 * @param standIn whether EC2 is an emulator, where nobody's data is
 */
export function warnings(settings: Settings, standIn: boolean): string[] {
  const { tls, etcdChecksums, dnsTimeout, ttl, openToTheWorld } = settings;
  return [
    tls
      ? ""
      : "tls: false leaves everything to whoever reaches ports 2379 and 2380: they read, " +
        "write and join unseen, and nothing is encrypted on its way",
    etcdChecksums === "mirror"
      ? "etcdChecksums: mirror believes the SHA256SUMS of etcd:etcdMirror; a mirror that " +
        "is tampered with would not be noticed"
      : "",
    dnsTimeout < ttl
      ? `dnsTimeout: ${dnsTimeout} s are less than ttl, ${ttl} s: a ` +
        "resolver that remembers addresses from before a destroy may hold them for longer " +
        "than a node waits"
      : "",
    openToTheWorld
      ? "openToTheWorld: sshFrom and clientsFrom may hold networks of strangers, and do; " +
        "whoever is in clientsFrom reads and writes everything unless etcd asks for " +
        "certificates"
      : "",
    standIn ? "" : volumeWarning(settings.dataVolumeGb),
    ...typeWarnings(settings),
    addressWarning(settings),
    zoneWarning(Object.values(settings.nodes).map(({ zone }) => zone)),
  ].filter(Boolean);
}

/** etcd's database may take 2 GiB (the cookbook's quota), and twice that while it is copied. */
const enoughGb = 8;

function volumeWarning(dataVolumeGb: number): string {
  return dataVolumeGb < enoughGb
    ? `dataVolumeGb: ${dataVolumeGb} GiB may fill up, and a full volume stops its member: etcd's ` +
        "database may take 2 GiB, as much again while it is defragmented or restored, and its " +
        `journal and snapshots lie beside it; ${enoughGb} GiB have room for all`
    : "";
}

/** Elastic IPs of an account in a region, unless it asked for more. */
const addressQuota = 5;

function addressWarning({ nodes, publicAddress }: Settings): string {
  const count = Object.keys(nodes).length;
  return publicAddress && count > addressQuota
    ? `publicAddress: ${count} nodes take an Elastic IP each, and an account has ${addressQuota} ` +
        "in a region unless it asked for more (AddressLimitExceeded); ask for more in Service " +
        "Quotas first, or give the subnets a NAT gateway"
    : "";
}

/** Each type that is not known, once. */
function typeWarnings({ nodes, architecture }: Settings): string[] {
  return [...new Set(Object.values(nodes).map(({ instanceType }) => instanceType))]
    .map((type) => instanceTypeWarning(type, architecture))
    .filter(Boolean)
    .map((warning) => `instanceType: ${warning}`);
}

/** One zone whose end leaves too few members to agree. */
function zoneWarning(zones: readonly string[]): string {
  const needed = Math.floor(zones.length / 2) + 1;
  for (const zone of new Set(zones)) {
    const inIt = zones.filter((other) => other === zone).length;
    if (zones.length > 1 && zones.length - inIt < needed)
      return (
        `nodes: ${inIt === zones.length ? "all" : `${inIt} of`} ${zones.length} members lie in ` +
        `${zone}, and a cluster of ${zones.length} stops with fewer than ${needed}: an outage of ` +
        `that zone stops it; more than ${zones.length - needed} in one zone are too many`
      );
  }
  return "";
}
