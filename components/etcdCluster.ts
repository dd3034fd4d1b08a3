import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import type { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { packCookbook } from "./bootstrap/cookbookArchive.ts";
import { Charter, charterOf } from "./charter/charter.ts";
import { Founding } from "./charter/founding.ts";
import { ChildOptions, type ClusterContext } from "./clusterContext.ts";
import { checkArgs, checkedSettings } from "./settings/checkedSettings.ts";
import type { EtcdClusterArgs } from "./settings/clusterArgs.ts";
import type { Settings } from "./settings/settings.ts";
import { DnsReadiness } from "./dns/dnsReadiness.ts";
import { EtcdMember, type StartedMember } from "./etcdMember.ts";
import type { EtcdNode } from "./etcdNode.ts";
import { healBeforeCreate } from "./recovery/beforeCreate.ts";
import { ownershipOf } from "./recovery/ownership.ts";
import { ClusterHealth } from "./health/clusterHealth.ts";
import { OneAtATime } from "./health/oneAtATime.ts";
import { memberSite } from "./machine/memberSite.ts";
import { ClusterNames, clientPort, peerPort } from "./names.ts";
import { clusterPki, type Identity } from "./pki/clusterPki.ts";

export type { EtcdClusterArgs } from "./settings/clusterArgs.ts";

/**
 * An etcd cluster whose members find one another through DNS. No member is started before the exact
 * set of records is visible on every authoritative server and through each node's own resolver, and
 * clients find the cluster only once it is healthy: one cluster ID, exactly these members, a write
 * seen through each. Three t3.medium cost about 98 USD a month in us-east-1.
 */
export class EtcdCluster extends pulumi.ComponentResource {
  /** The machines, by member name. */
  readonly nodes: Readonly<Record<string, EtcdNode>>;
  /** Client URLs by member name, by private address. */
  readonly endpoints: pulumi.Output<Record<string, string>>;
  /** Peer URLs by member name. */
  readonly peerUrls: Readonly<Record<string, string>>;
  /** SSH host keys by member name, as they stand in known_hosts. */
  readonly hostKeys: pulumi.Output<Record<string, string>>;
  /** What a client shows and believes; undefined without TLS. */
  readonly operator: Identity | undefined;
  /**
   * The cluster's ID in hexadecimal, once it is healthy and clients can find it: what uses the
   * cluster waits for this. No stack output should, because Pulumi records none of them when one
   * never resolves, and after a founding that failed the operator needs the others.
   */
  readonly healthy: pulumi.Output<string>;

  /** @throws pulumi.ResourceError with all that is wrong with the arguments */
  constructor(name: string, args: EtcdClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const checked = checkArgs(args);
    super("etcd:index:EtcdCluster", name, checked.inputs, opts);
    const settings = checkedSettings(this, checked);
    const names = new ClusterNames(settings.domain, settings.tls);
    const options = new ChildOptions(this, healBeforeCreate(name));
    const oneAtATime = new OneAtATime(name);

    // What may not change comes first: a refusal leaves everything untouched.
    const charter = new Charter(`${name}-founders`, charterOf(settings), options.with());
    const ownership = ownershipOf(name, settings.zoneId, options, charter);
    const context: ClusterContext = { name, names, ownership, options };

    // Machines with their names, and who is who. Nothing of it starts etcd.
    const site = memberSite(context, settings, charter);
    const pki = settings.tls ? clusterPki(context, settings, charter) : undefined;
    const shared = {
      settings,
      login: { user: settings.sshUser, privateKey: settings.sshPrivateKey },
      site,
      pki,
      oneAtATime: oneAtATime.hook,
    };
    const members = Object.keys(settings.nodes).map(
      (member) => new EtcdMember(context, member, shared),
    );
    oneAtATime.watch(members, pki?.operator);
    const founding = foundingOf(context, members);

    // The gate: one for the whole set. Then all start at once, and none waits for another.
    const gate = peerGate(context, settings, members);
    const cookbook = packCookbook("cookbooks/etcd");
    const started = members.map((member) => member.start(gate, founding, cookbook));

    // One healthy cluster of exactly these members; only then may clients find it, and then they
    // do.
    const health = healthOf(context, settings, { members, started, operator: pki?.operator });
    const published = started.map((member) => member.publish(health));
    const found = clientGate(context, settings, members, published);

    this.nodes = byName(members, ({ node }) => node);
    this.endpoints = pulumi.all(byName(members, ({ endpoint }) => endpoint));
    this.peerUrls = byName(members, ({ peerUrl }) => peerUrl);
    this.hostKeys = pulumi.all(byName(members, ({ access }) => access.hostKey));
    this.operator = pki?.operator;
    this.healthy = pulumi.all([health.clusterId, found.id]).apply(([clusterId]) => clusterId);
    this.registerOutputs({ endpoints: this.endpoints, healthy: this.healthy });
  }
}

function byName<T>(
  members: readonly EtcdMember[],
  pick: (member: EtcdMember) => T,
): Record<string, T> {
  return Object.fromEntries(members.map((member) => [member.name, pick(member)]));
}

function foundingOf({ name, options }: ClusterContext, members: readonly EtcdMember[]): Founding {
  return new Founding(
    `${name}-founding-volumes`,
    {
      volumeIds: byName(members, ({ node }) => node.volume.id),
      addresses: byName(members, ({ node }) => node.privateIp),
    },
    options.with(),
  );
}

/** It depends on the records, not on the nodes, or it would wait for machines. */
function peerGate(
  { name, names, options }: ClusterContext,
  settings: Settings,
  members: readonly EtcdMember[],
): DnsReadiness {
  return new DnsReadiness(
    `${name}-dns-readiness`,
    {
      expected: {
        domain: names.domain,
        tls: names.tls,
        port: peerPort,
        members: members.map(({ node }) => ({ target: node.hostname, address: node.privateIp })),
      },
      nameservers: [...settings.nameservers],
      timeoutSeconds: settings.dnsTimeout,
    },
    options.with({ dependsOn: members.flatMap(({ node }) => node.records) }),
  );
}

/** A client that asked sooner would have its resolver remember "no such name". */
function clientGate(
  { name, names, options }: ClusterContext,
  settings: Settings,
  members: readonly EtcdMember[],
  published: readonly DnsRecord[],
): DnsReadiness {
  return new DnsReadiness(
    `${name}-clients-dns`,
    {
      expected: {
        service: "client",
        domain: names.domain,
        tls: names.tls,
        port: clientPort,
        members: members.map(({ node }) => ({ target: node.hostname, address: node.privateIp })),
      },
      recordIds: published.map((record) => record.id),
      nameservers: [...settings.nameservers],
      timeoutSeconds: settings.dnsTimeout,
    },
    options.with({ dependsOn: [...published] }),
  );
}

function healthOf(
  { name, options }: ClusterContext,
  settings: Settings,
  cluster: {
    readonly members: readonly EtcdMember[];
    readonly started: readonly StartedMember[];
    readonly operator: Identity | undefined;
  },
): ClusterHealth {
  const digests = pulumi.all(cluster.started.map(({ digest }) => digest));
  return new ClusterHealth(
    `${name}-health`,
    {
      members: cluster.members.map(({ declared }) => declared),
      bootstraps: digests.apply((all) => createHash("sha256").update(all.join()).digest("hex")),
      timeoutSeconds: settings.healthTimeout,
      identity: cluster.operator,
    },
    options.with({ dependsOn: cluster.started.map(({ command }) => command) }),
  );
}
