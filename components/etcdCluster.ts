import * as pulumi from "@pulumi/pulumi";
import { claimOf } from "./claim/claim.ts";
import { etcdCookbook, packCookbook } from "./bootstrap/cookbookArchive.ts";
import { writeCharter } from "./charter/writeCharter.ts";
import { recordFounding, recordMachines } from "./charter/writeFounding.ts";
import { ChildOptions, type ClusterContext } from "./clusterContext.ts";
import { clientGate, peerGate } from "./dns/clusterGates.ts";
import { EtcdMember } from "./etcdMember.ts";
import type { EtcdNode } from "./etcdNode.ts";
import { healthOfCluster } from "./health/healthOfCluster.ts";
import { OneAtATime } from "./health/oneAtATime.ts";
import { memberSite } from "./machine/memberSite.ts";
import { membersOfCluster } from "./membership/membersOfCluster.ts";
import { ClusterNames } from "./names.ts";
import { clusterPki, type Identity } from "./pki/clusterPki.ts";
import { healBeforeCreate } from "./recovery/beforeCreate.ts";
import { checkArgs, checkedSettings } from "./settings/checkedSettings.ts";
import type { EtcdClusterArgs } from "./settings/clusterArgs.ts";

export type { EtcdClusterArgs } from "./settings/clusterArgs.ts";

/**
 * An etcd cluster whose members find one another through DNS. No member is started for the first
 * time before the exact set of records is visible on every authoritative server and through each
 * node's own resolver, and clients find the cluster only once it is healthy: one cluster ID,
 * exactly these members, a write seen through each. Three t3.medium with 20 GiB each cost about 98
 * USD a month in us-east-1.
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
   * The cluster's ID in hexadecimal, once it is healthy and clients can find it. What uses the
   * cluster waits for this. Do not export it from a stack: when one stack output never resolves,
   * Pulumi records none of them (a component's outputs are recorded apart), and after a founding
   * that failed the operator needs the others.
   */
  readonly healthyClusterId: pulumi.Output<string>;

  /** @throws pulumi.ResourceError with all that is wrong with the arguments */
  constructor(name: string, args: EtcdClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // In two steps: `super` wants inputs that were checked, and a refusal wants `this`.
    const checked = checkArgs(args);
    super("etcd:index:EtcdCluster", name, checked.inputs, opts);
    const settings = checkedSettings(this, checked);
    const names = new ClusterNames(settings.domain, settings.tls);
    // options.with() makes a child of this. Before it is made, its hook removes what a killed run
    // left of the same thing, and refuses the creation where what is there is in use or was a
    // member's. What is given to with() is added to what the options hold already, hooks and
    // dependsOn too; within() changes the parent alone, after() adds the claim. parentOnly is for
    // components and look-ups, which make nothing.
    const options = new ChildOptions(this, healBeforeCreate(name, this));

    // First the charter: what a founded cluster keeps. A change of it is refused here. Ownership,
    // the marks of all that follows in the clouds, is handed out only after that, so nothing else
    // has been touched. foundedOnce has the hooks that keep what decides a founding (the charter,
    // the CA, …) from being made a second time.
    const { ownership, foundedOnce } = writeCharter(this, name, names, settings, options);

    // Claim: one record says whose the names are, and refuses names that are somebody else's. All
    // that is made from here on waits for it.
    const unclaimed: ClusterContext = { name, names, ownership, options, foundedOnce };
    const claim = claimOf(unclaimed, settings);
    const context: ClusterContext = { ...unclaimed, options: options.after(claim) };

    // Site: what all machines share. Then the machines with their names and certificates. None of
    // it starts etcd for the first time.
    const site = memberSite(context, settings);
    const pki = settings.tls ? clusterPki(context, settings) : undefined;
    const login = { user: settings.sshUser, privateKey: settings.sshPrivateKey };
    const oneAtATime = new OneAtATime(name);
    const shared = { settings, login, site, pki, oneAtATime: oneAtATime.hook };
    const members = Object.entries(settings.nodes).map(
      ([member, node]) => new EtcdMember(context, member, node, shared),
    );
    // The machines need the hook when they are made; whom it asks is known only now.
    oneAtATime.watch(members, pki?.operator);

    // Three things keep several machines from going at once. oneAtATime refuses that two stop for
    // another instance type. Each member's guard, which is deleted before its machine, refuses in
    // an `up` that two are replaced. And this record of machines and volumes refuses in a preview:
    // there the id of what would be replaced is unknown, and the record's beforeUpdate hooks, which
    // run in previews too, fail where that would be two living machines, or any data volume.
    recordMachines(context, settings, members);

    // One gate for the whole set.
    const nodes = members.map(({ node }) => node);
    const gate = peerGate(context, settings, nodes);

    // Founding: which machine, disk and address each member starts the cluster with. Written once,
    // and only when the gate is open: who is declared later joins the cluster, and founds nothing.
    // The record also holds a word, eight hex digits that follow from the founders' disks. etcd's
    // initial-cluster-token contains it, and by it membership and health tell this cluster from
    // another.
    const founding = recordFounding(context, members, gate);

    // Then all founders start at once, and none waits for another; a newcomer's machine is only
    // made ready. In a later run all converge at once, too: Chef never restarts an etcd that runs.
    // (Certificates need no restart, and what would, such as another version, is refused.)
    const cookbook = packCookbook(etcdCookbook);
    const all = members.map(({ declared }) => declared);
    const started = members.map((member) => member.start(gate, founding, cookbook, all));

    // Membership: who is declared and not a member joins, who is a member and not declared any more
    // leaves, one at a time.
    const operator = pki?.operator;
    const toMembers = { gate, founding, login, operator };
    const membership = membersOfCluster(context, settings, members, started, toMembers);

    // One healthy cluster of exactly these members; then its client records; `up` ends when clients
    // can find it by them.
    const toHealth = { founding, operator, membership };
    const health = healthOfCluster(context, settings, members, started, toHealth);
    const published = started.map((member) => member.publish(health));
    const discoverable = clientGate(context, settings, nodes, published);

    this.nodes = byName(members, ({ node }) => node);
    this.endpoints = pulumi.all(byName(members, ({ endpoint }) => endpoint));
    this.peerUrls = byName(members, ({ peerUrl }) => peerUrl);
    this.hostKeys = pulumi.all(byName(members, ({ access }) => access.hostKey));
    this.operator = operator;
    this.healthyClusterId = pulumi
      .all([health.clusterId, discoverable.id])
      .apply(([clusterId]) => clusterId);
    this.registerOutputs({ endpoints: this.endpoints, healthyClusterId: this.healthyClusterId });
  }
}

function byName<T>(
  members: readonly EtcdMember[],
  pick: (member: EtcdMember) => T,
): Record<string, T> {
  return Object.fromEntries(members.map((member) => [member.name, pick(member)]));
}
