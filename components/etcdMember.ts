import type * as pulumi from "@pulumi/pulumi";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { memberBootstrap, type MemberBootstrap } from "./bootstrap/memberBootstrap.ts";
import { memberGuard } from "./bootstrap/memberGuard.ts";
import type { Founding } from "./charter/founding.ts";
import type { ClusterContext } from "./clusterContext.ts";
import type { NodeSettings, Settings } from "./settings/settings.ts";
import { srvRecord } from "./dns/records.ts";
import { EtcdNode } from "./etcdNode.ts";
import type { Declared } from "./health/healthOfCluster.ts";
import type { MemberSite } from "./machine/memberSite.ts";
import { clientPort } from "./names.ts";
import type { ClusterPki, Identity } from "./pki/clusterPki.ts";
import { memberTags } from "./recovery/memberTag.ts";
import { newUserData, nodeAccess, type Login, type NodeAccess } from "./ssh/nodeAccess.ts";

/** What a member takes from the cluster it is declared in. */
export interface EtcdMemberArgs {
  readonly settings: Settings;
  /** The user and the key that open the machines. */
  readonly login: Login;
  readonly site: MemberSite;
  /** Undefined without TLS. */
  readonly pki: ClusterPki | undefined;
  /**
   * Runs before a machine is updated: refuses a second change of instance type in the same run, and
   * any while the other members are not healthy.
   */
  readonly oneAtATime: pulumi.ResourceHook;
}

/** A member whose etcd is being started. */
export interface StartedMember extends MemberBootstrap {
  /** Makes the record by which clients find the member, once the cluster is healthy. */
  publish(health: pulumi.Resource): DnsRecord;
}

/**
 * One member: its machine and names, the way in, its certificate, the start and the end of its
 * etcd, and the record by which clients find it. No member's machine or start waits for another's.
 *
 * Not a ComponentResource: with another parent its resources would have other URNs, and an older
 * checkout that runs over a newer state would make every machine anew (aliases help only newer
 * programs).
 */
export class EtcdMember {
  readonly name: string;
  readonly node: EtcdNode;
  readonly access: NodeAccess;
  /** Its certificate; undefined without TLS. */
  readonly identity: Identity | undefined;
  /** Client URL by private address: whoever asks need not depend on DNS. */
  readonly endpoint: pulumi.Output<string>;
  /** Peer URL as the member advertises it. */
  readonly peerUrl: string;
  readonly #context: ClusterContext;
  readonly #args: EtcdMemberArgs;

  /**
   * Makes the machine, its names, the way in and a certificate; none starts etcd for the first
   * time.
   */
  constructor(
    context: ClusterContext,
    name: string,
    { zone, instanceType }: NodeSettings,
    args: EtcdMemberArgs,
  ) {
    const { settings, site, pki, login } = args;
    this.name = name;
    this.#context = context;
    this.#args = args;
    this.node = new EtcdNode(
      `${context.name}-${name}`,
      {
        context,
        member: name,
        zone,
        instanceType,
        // Holds a throwaway host key, made of the seed, the name, and the machine's id in the saved
        // state (at the first `up` there is none), so that the next machine has another one. A
        // living machine ignores new user data: its throwaway key is read from the user data that
        // it was made with, an output of the instance.
        userData: newUserData(context, name, site.hostKeySeed),
        dataVolumeGb: settings.dataVolumeGb,
        keepData: settings.keepData === "volumes",
        kmsKeyId: settings.kmsKeyId,
        publicAddress: settings.publicAddress,
        zoneId: settings.zoneId,
        ttl: settings.ttl,
        site,
        oneAtATime: args.oneAtATime,
      },
      context.options.parentOnly,
    );
    this.endpoint = this.node.privateIp.apply((address) => context.names.clientUrl(address));
    this.peerUrl = context.names.peerUrl(name);
    // The first contact swaps the throwaway key, which whoever reads user data knows, for a lasting
    // one. That follows from the seed and the instance's id, so it is known before the machine
    // shows it.
    this.access = nodeAccess(context, name, this.node, login, {
      seed: site.hostKeySeed,
      after: site.securityGroupRules,
    });
    this.identity = pki?.member(name, this.node.privateIp);
  }

  /** What health, and the hook before a change of type, need to know of it. */
  get declared(): Declared {
    return { name: this.name, endpoint: this.endpoint, peerUrl: this.peerUrl };
  }

  /**
   * Chef, which starts etcd, once the `gate` is open. The machine and disk that the founding names
   * may start empty; a machine that was made later starts only on a disk that holds a member, and
   * is made ready to be joined otherwise.
   */
  start(
    gate: pulumi.Resource,
    founding: Founding,
    cookbook: pulumi.Input<string>,
    members: readonly Declared[],
  ): StartedMember {
    const { node, access, identity } = this;
    const { settings, site, pki } = this.#args;
    // The operator's certificate is renewed before any converge, so that a converge that fails does
    // not keep the new one from the stack's outputs.
    const operatorCertificate = pki ? [pki.operatorCertificate] : [];
    // The guard acts in its deletion, which comes before the machine's: another instance id makes
    // another guard. It learns from the client records what goes on:
    //   there is none: a destroy (all went before the first guard, because they depend on health,
    //     and by it on every bootstrap and guard), or a cluster that was never healthy, on which
    //     no client relies; it stops etcd before the names go
    //   only the others' are: this one was taken out of `nodes`, or has not joined yet; the machine
    //     is kept while it is a member
    //   its own is there as well: its machine is replaced, one in a run, and only while the others
    //     can do without it (that record depends on the guard for the order of a destroy alone)
    const guard = memberGuard(this.#context, this, members, gate, this.#args);
    // The tags that say, from here on, that a member may live on the machine and the disk.
    const tags = memberTags(this.#context, this.name, node, founding, gate);
    // Chef downloads through it.
    const elasticIp = node.elasticIp ? [node.elasticIp] : [];
    const open = site.securityGroupRules;
    const bootstrap = memberBootstrap(this.#context, {
      member: this.name,
      node,
      access,
      identity,
      founding,
      cookbook,
      settings,
      after: [gate, guard, node.attachment, ...tags, ...elasticIp, ...operatorCertificate, ...open],
    });
    return { ...bootstrap, publish: (health) => this.#publish(health, guard) };
  }

  /** In a destroy it goes before the guard, on which it depends: no client meets a dying etcd. */
  #publish(health: pulumi.Resource, guard: pulumi.Resource): DnsRecord {
    const { name: cluster, names, ownership, options } = this.#context;
    const { zoneId, ttl } = this.#args.settings;
    return new DnsRecord(
      `${cluster}-${this.name}-client`,
      {
        zoneId,
        ttl,
        comment: ownership.comment,
        ...srvRecord(names.clientSrv, this.node.hostname, clientPort),
      },
      options.with({ deleteBeforeReplace: true, dependsOn: [health, guard] }),
    );
  }
}
