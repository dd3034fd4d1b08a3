import { addresses, zone } from "../addresses.ts";
import type { NameServer } from "../faultKinds.ts";

/**
 * Port of PowerDNS's HTTP interface, and its key: it is reached from this host's bridge address
 * only.
 */
export const apiPort = 8081;
export const apiKey = "lab";

/** Paths inside the containers. */
export const stateMount = "/state";
const sqlitePath = `${stateMount}/pdns.sqlite3`;
export const unboundControl = "/run/unbound.ctl";

/**
 * For the fault servfail, run in a nameserver's container: takes its table of records away, and
 * gives it back if it is away.
 */
export const breakDatabase = `sqlite3 ${sqlitePath} 'ALTER TABLE records RENAME TO records_away'`;
export const mendDatabase =
  `if sqlite3 ${sqlitePath} .tables | grep -qw records_away; then sqlite3 ${sqlitePath} ` +
  "'ALTER TABLE records_away RENAME TO records'; fi";

/**
 * pdns.conf of one nameserver: authoritative only, nothing cached, nothing asked of the outside.
 */
export function powerDnsConfig(server: NameServer): string {
  return settingsFile({
    launch: "gsqlite3",
    "gsqlite3-database": sqlitePath,
    "local-address": addresses[server],
    api: "yes",
    "api-key": apiKey,
    webserver: "yes",
    "webserver-address": addresses[server],
    "webserver-port": String(apiPort),
    "webserver-allow-from": addresses.gateway,
    "webserver-loglevel": "none",
    // A change shall be seen by the next query, not when a cache lets go.
    "cache-ttl": "0",
    "query-cache-ttl": "0",
    "negquery-cache-ttl": "0",
    "zone-cache-refresh-interval": "0",
    "zone-metadata-cache-ttl": "0",
    // PowerDNS would ask its makers' servers for security notices.
    "security-poll-suffix": "",
    "distributor-threads": "1",
    "receiver-threads": "1",
    "socket-dir": "/run",
    guardian: "no",
    daemon: "no",
    "disable-syslog": "yes",
    loglevel: "4",
  });
}

/**
 * What runs in a nameserver's container: an empty database the first time, a table back in place
 * that a fault took away, the server.
 */
export const powerDnsCommand = [
  "set -e",
  `[ -s ${sqlitePath} ] || { rm -f ${sqlitePath}.new; sqlite3 ${sqlitePath}.new < ` +
    `/usr/share/pdns-backend-sqlite3/schema/schema.sqlite3.sql; mv ${sqlitePath}.new ` +
    `${sqlitePath}; }`,
  mendDatabase,
  `exec pdns_server --config-dir=${stateMount}`,
].join("\n");

/** The SOA. Cloudflare's timers; the last one is how long a negative answer may be kept. */
export function soaContent(serial: number): string {
  return `ns1.${zone.name}. dns.${zone.name}. ${serial} 10000 2400 604800 ${zone.soaMinimum}`;
}

/**
 * unbound.conf of the VPC resolver: it resolves the lab's zone by asking ns1 and ns2, keeps
 * negative answers for the SOA's minimum, and answers NXDOMAIN for every other name without asking
 * anyone.
 */
export function unboundConfig(): string {
  return `server:
  interface: ${addresses.resolver}
  access-control: ${addresses.cidr} allow
  do-ip6: no
  do-daemonize: no
  username: ""
  chroot: ""
  directory: "/run"
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 1
  num-threads: 1
  so-rcvbuf: 0
  so-sndbuf: 0
  # Without the validator there are no trust anchors to fetch, and an unsigned zone is nothing
  # special.
  module-config: "iterator"
  # unbound knows "test." as a name that does not exist (RFC 6761), unless told otherwise.
  local-zone: "test." nodefault
  local-zone: "${zone.name}." transparent
  local-zone: "." always_nxdomain
  # A name asked for too early stays absent as long as the zone's SOA says: half an hour, as with
  # Cloudflare.
  cache-max-negative-ttl: 3600
  # A nameserver that was silent is tried again soon, not after the usual 15 minutes.
  infra-host-ttl: 5
  infra-cache-max-rtt: 1000
  # One question a name: what a client asks is what the nameservers are asked.
  qname-minimisation: no
remote-control:
  control-enable: yes
  control-interface: ${unboundControl}
  control-use-cert: no
stub-zone:
  name: "${zone.name}"
  stub-addr: ${addresses.ns1}
  stub-addr: ${addresses.ns2}
`;
}

function settingsFile(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join("");
}
