/**
 * Every name and port of a cluster, from its domain: host names, URLs, SRV records. Nothing else
 * puts one of these together. Pure; the functions also serve dynamic providers, which travel as
 * text and cannot carry an object with methods.
 */

/** Where etcd listens for clients and for its peers (etcd's own defaults). */
export const clientPort = 2379;
export const peerPort = 2380;
/** Where SSH listens on a machine. */
export const sshPort = 22;

/** Full name of a member's machine; DNS, certificates and peer URLs hold it. */
export function hostnameOf(member: string, domain: string): string {
  return `${member}.${domain}`;
}

/**
 * Name of the SRV record by which members find one another. Exactly one of the two kinds may
 * exist: etcd merges both and dies of it.
 */
export function serverSrvName(domain: string, tls: boolean): string {
  return `_etcd-server${tls ? "-ssl" : ""}._tcp.${domain}`;
}

/** Name of the SRV record by which clients find members. */
export function clientSrvName(domain: string, tls: boolean): string {
  return `_etcd-client${tls ? "-ssl" : ""}._tcp.${domain}`;
}

/** All SRV names that members or clients of the domain may look up, with TLS and without. */
export function srvNames(domain: string): string[] {
  const both = [true, false];
  return [serverSrvName, clientSrvName].flatMap((nameOf) => both.map((tls) => nameOf(domain, tls)));
}

/** Peer URL of the member on a host: by name, so that an address may change. */
export function peerUrlOf(hostname: string, tls: boolean): string {
  return `${tls ? "https" : "http"}://${hostname}:${peerPort}`;
}

/** Client URL by address, so that whoever asks need not depend on DNS. */
export function clientUrlOf(address: string, tls: boolean): string {
  return `${tls ? "https" : "http"}://${address}:${clientPort}`;
}

/** Name of the TXT record by which one stack claims the domain. */
export function claimName(domain: string): string {
  return `_etcd-on-ec2.${domain}`;
}

/** Whether a record's name is one that clients look up, with TLS or without. */
export function isClientSrvName(name: string): boolean {
  return name.startsWith("_etcd-client");
}

/** The names of one cluster. */
export class ClusterNames {
  readonly domain: string;
  /** Decides the scheme of all URLs and which of the two kinds of SRV records exists. */
  readonly tls: boolean;
  readonly serverSrv: string;
  readonly clientSrv: string;
  readonly claim: string;

  constructor(domain: string, tls: boolean) {
    this.domain = domain;
    this.tls = tls;
    this.serverSrv = serverSrvName(domain, tls);
    this.clientSrv = clientSrvName(domain, tls);
    this.claim = claimName(domain);
  }

  hostname(member: string): string {
    return hostnameOf(member, this.domain);
  }

  /** Peer URL as the member advertises it: by name, so that an address may change. */
  peerUrl(member: string): string {
    return peerUrlOf(this.hostname(member), this.tls);
  }

  /** Client URL by address, so that whoever asks need not depend on DNS. */
  clientUrl(address: string): string {
    return clientUrlOf(address, this.tls);
  }
}
