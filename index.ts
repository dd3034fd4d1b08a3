import { EtcdCluster } from "./components/etcdCluster.ts";
import { readStackConfig } from "./components/stackConfig.ts";

// Every problem of the configuration is reported here, together, before the first resource exists.
const { settings, sshPrivateKey, sshPublicKey } = readStackConfig();

const cluster = new EtcdCluster("etcd", { ...settings, sshPrivateKey, sshPublicKey });

/** Where `etcdctl --discovery-srv` and clients find the cluster. */
export const discoveryDomain = settings.domain;
/** Client URL of each member, by private address. */
export const endpoints = cluster.endpoints;
/** The cluster's ID; one, or the health check would not have passed. */
export const clusterId = cluster.clusterId;
/** What health is judged against. */
export const peerUrls = Object.fromEntries(Object.entries(cluster.nodes).map(([name, node]) => [name, node.peerUrl]));
/** User for SSH to the members' addresses. */
export const sshUser = settings.sshUser;
