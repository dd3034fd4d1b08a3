import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { KeyPair } from "@pulumi/aws/ec2/keyPair.js";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import * as remote from "@pulumi/command/remote/index.js";
import { bootstrapOf, launcher } from "./chefBootstrap.ts";
import { ClusterHealth } from "./clusterHealth.ts";
import { packCookbook } from "./cookbookArchive.ts";
import { DnsReadiness } from "./dnsReadiness.ts";
import { EtcdNode } from "./etcdNode.ts";
import { Founders } from "./founders.ts";
import { Incarnation } from "./incarnation.ts";
import { markComment } from "./mark.ts";
import { imageOf } from "./nodeImage.ts";
import { memberSecurityGroup, subnetOf } from "./nodeNetwork.ts";
import { removeOrphans } from "./orphans.ts";
import type { Settings } from "./settings.ts";
import { clientSrvName, srvRecord } from "./srvRecord.ts";
import { sshConnection } from "./sshConnection.ts";

/** Checked settings (see settings.ts for each), and the key that reaches the nodes. */
export interface EtcdClusterArgs extends Settings {
  readonly sshPrivateKey: pulumi.Input<string>;
  /** Public half of that key, in OpenSSH form. */
  readonly sshPublicKey: string;
}

/**
 * An etcd cluster whose members find one another through DNS. No member is started before the exact set of records is visible on every
 * authoritative server and through each node's own resolver, and clients find the cluster only once it is healthy: one cluster ID,
 * exactly these members, a write seen through each. Three t3.medium cost about 95 USD a month in us-east-1.
 */
export class EtcdCluster extends pulumi.ComponentResource {
  readonly nodes: Readonly<Record<string, EtcdNode>>;
  /** Client URLs by node name, by private address; resolved once the cluster is healthy. */
  readonly endpoints: pulumi.Output<Record<string, string>>;
  readonly clusterId: pulumi.Output<string>;

  constructor(name: string, args: EtcdClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    super("etcd:index:EtcdCluster", name, { domain: args.domain, nodes: Object.keys(args.nodes) }, opts);
    const orphans = removeOrphans(name), child = { parent: this, hooks: { beforeCreate: [orphans] } }, names = Object.keys(args.nodes), scheme = args.tls ? "https" : "http";
    const each = <T>(make: (node: string) => T): Record<string, T> => Object.fromEntries(names.map((node) => [node, make(node)]));

    // The mark of all that is made, in the state before anything else.
    const incarnation = new Incarnation(`${name}-incarnation`, child).word;
    const mark = { project: pulumi.getProject(), stack: pulumi.getStack() };
    const tags = { Project: mark.project, Stack: mark.stack, Incarnation: incarnation };
    const comment = incarnation.apply((word) => markComment({ ...mark, incarnation: word }));

    // What all nodes share.
    const subnets = each((node) => subnetOf(args.nodes[node]?.zone ?? "", args.subnets, { parent: this }));
    const { group, rules } = memberSecurityGroup(name, subnets[names[0] ?? ""] ?? "", { ssh: args.sshFrom, clients: args.clientsFrom }, tags, child);
    const key = new KeyPair(`${name}-key`, { publicKey: args.sshPublicKey, tags }, child);
    const ami = imageOf(args.ami, args.architecture, { parent: this });

    // The nodes: one for each name, never depending on one another.
    const nodes = this.nodes = each((node) => new EtcdNode(`${name}-${node}`, {
      name: node, domain: args.domain, zoneId: args.zoneId, tls: args.tls, ttl: args.ttl,
      zone: args.nodes[node]?.zone ?? "", instanceType: args.nodes[node]?.instanceType ?? "", subnetId: subnets[node] ?? "",
      securityGroupId: group.id, ami, keyName: key.keyName, dataVolumeGb: args.dataVolumeGb, publicAddress: args.publicAddress, tags, comment, removeOrphans: orphans,
    }, { parent: this }));
    const members = pulumi.all(each((node) => nodes[node]?.privateIp ?? ""));
    new Founders(`${name}-founders`, { nodes: names, domain: args.domain, tls: args.tls, volumeIds: each((node) => nodes[node]?.volume.id ?? "") }, child);

    // The gate: one for the whole set. It depends on the records, not on the nodes, or it would wait for machines.
    const gate = new DnsReadiness(`${name}-dns-readiness`, {
      expected: { domain: args.domain, tls: args.tls, port: 2380, members: names.map((node) => ({ target: nodes[node]?.hostname ?? "", address: nodes[node]?.privateIp ?? "" })) },
      nameservers: [...args.nameservers], timeoutSeconds: args.dnsTimeout,
    }, { ...child, dependsOn: Object.values(nodes).flatMap((node) => node.records) });

    // The bootstraps: all at once, each returning when its etcd is being started; none waits for another.
    const cookbook = packCookbook("cookbooks/etcd");
    const prepared = each((node) => pulumi.all([members, nodes[node]?.volume.id ?? "", incarnation, cookbook]).apply(([addresses, volumeId, word, archive]) => bootstrapOf({
      ...args, name: node, members: addresses, volumeId, token: `${args.domain}-${word}`, cookbook: archive, timeoutSeconds: args.bootstrapTimeout, dnsTimeoutSeconds: args.dnsTimeout,
    })));
    const bootstraps = names.map((node) => new remote.Command(`${name}-${node}-bootstrap`, {
      connection: sshConnection(nodes[node]?.privateIp ?? "", args.sshUser, args.sshPrivateKey),
      create: launcher, update: launcher, stdin: pulumi.secret(prepared[node]?.stdin ?? ""), addPreviousOutputInEnv: false,
      triggers: [nodes[node]?.instance.id, nodes[node]?.volume.id],
    }, { ...child, dependsOn: [gate, nodes[node]?.attachment ?? [], ...rules].flat(), additionalSecretOutputs: ["stdin"], customTimeouts: { create: `${args.bootstrapTimeout + 400}s`, update: `${args.bootstrapTimeout + 400}s` } }));

    // One healthy cluster of exactly these members; only then may clients find it.
    const ran = pulumi.all(names.map((node) => pulumi.all([nodes[node]?.instance.id ?? "", prepared[node]?.digest ?? ""])));
    const health = new ClusterHealth(`${name}-health`, {
      members: names.map((node) => ({ name: node, endpoint: pulumi.interpolate`${scheme}://${nodes[node]?.privateIp}:2379`, peerUrl: `${scheme}://${node}.${args.domain}:2380` })),
      bootstraps: ran.apply((all) => createHash("sha256").update(JSON.stringify(all)).digest("hex")),
      timeoutSeconds: args.healthTimeout,
    }, { ...child, dependsOn: bootstraps });
    for (const node of names) {
      new DnsRecord(`${name}-${node}-client`, { zoneId: args.zoneId, ttl: args.ttl, proxied: false, comment, ...srvRecord(clientSrvName(args.domain, args.tls), nodes[node]?.hostname ?? "", 2379) },
        { ...child, deleteBeforeReplace: true, dependsOn: [health] });
    }

    this.clusterId = health.clusterId;
    this.endpoints = pulumi.all([members, health.clusterId]).apply(([addresses]) => Object.fromEntries(Object.entries(addresses).map(([node, address]) => [node, `${scheme}://${address}:2379`])));
    this.registerOutputs({ clusterId: this.clusterId, endpoints: this.endpoints });
  }
}
