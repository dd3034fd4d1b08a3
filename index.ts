import { readStackConfig } from "./components/settings/stackConfig.ts";
import { EtcdCluster } from "./components/etcdCluster.ts";

// Turns off the SDK's mapping of stack traces. Node strips types in place, so positions are right
// without it, and mapping a stack for each promise takes a third of this program's time. It stands
// here and not in a file for `--import`, because the SDK sets the mapping up after those have run.
Reflect.deleteProperty(Error, "prepareStackTrace");

// Problems of the configuration are reported here, together, before the first resource exists.
const settings = readStackConfig();

const cluster = new EtcdCluster("etcd", settings);

/** Where `etcdctl --discovery-srv` and clients find the cluster. */
export const discoveryDomain = settings.domain;
/** Client URL by member name; each holds the private address. */
export const endpoints = cluster.endpoints;
/** What health is judged against. */
export const peerUrls = cluster.peerUrls;
/** User for SSH to the members' addresses. */
export const sshUser = settings.sshUser;
/** SSH host key of each member, as it stands in known_hosts: what a connection has to see. */
export const hostKeys = cluster.hostKeys;
/** The CA that signed the members' certificates, PEM; undefined without TLS. */
export const caCertificate = cluster.operator?.ca;
/** The operator's client certificate, PEM: opens the cluster together with its key. */
export const clientCertificate = cluster.operator?.certificate;
/** Its key, PEM; a secret: pulumi stack output --show-secrets clientPrivateKey. */
export const clientPrivateKey = cluster.operator?.privateKey;
