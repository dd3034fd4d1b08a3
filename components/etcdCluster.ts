import { createHash } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { KeyPair } from "@pulumi/aws/ec2/keyPair.js";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import * as remote from "@pulumi/command/remote/index.js";
import { bootstrapOf, launcher } from "./bootstrap/chefBootstrap.ts";
import { packCookbook } from "./bootstrap/cookbookArchive.ts";
import { MemberShutdown } from "./bootstrap/memberShutdown.ts";
import type { NodeSettings, Settings } from "./config/settings.ts";
import { DnsReadiness } from "./dns/dnsReadiness.ts";
import { clientSrvName, srvRecord } from "./dns/srvRecord.ts";
import { EtcdNode } from "./etcdNode.ts";
import { Founders } from "./founders.ts";
import { Incarnation } from "./healing/incarnation.ts";
import { Leftovers } from "./healing/leftovers.ts";
import { markComment, markTags } from "./healing/mark.ts";
import { removeOrphans } from "./healing/orphans.ts";
import { ClusterHealth } from "./health/clusterHealth.ts";
import { stopsAlone } from "./health/stopsAlone.ts";
import { imageOf } from "./nodeImage.ts";
import { memberSecurityGroup, subnetOf } from "./nodeNetwork.ts";
import { clusterPki, type Identity } from "./pki/clusterPki.ts";
import { HostKeySeed } from "./ssh/hostKey.ts";
import { newUserData, nodeAccess } from "./ssh/nodeAccess.ts";

/** Checked settings (see settings.ts for each), and the key that reaches the nodes. */
export interface EtcdClusterArgs extends Settings {
  readonly sshPrivateKey: pulumi.Input<string>;
  /** Public half of that key, in OpenSSH form. */
  readonly sshPublicKey: string;
  /** A CA to sign the certificates, PEM. @default one of the cluster's own */
  readonly authority?:
    { readonly certificate: string; readonly privateKey: pulumi.Input<string> } | undefined;
}

/**
 * An etcd cluster whose members find one another through DNS. No member is started before the exact
 * set of records is visible on every authoritative server and through each node's own resolver, and
 * clients find the cluster only once it is healthy: one cluster ID, exactly these members, a write
 * seen through each. Three t3.medium cost about 98 USD a month in us-east-1.
 */
export class EtcdCluster extends pulumi.ComponentResource {
  readonly nodes: Readonly<Record<string, EtcdNode>>;
  /** Client URLs by node name, by private address; resolved once the cluster is healthy. */
  readonly endpoints: pulumi.Output<Record<string, string>>;
  readonly clusterId: pulumi.Output<string>;
  /** SSH host keys by node name, as they stand in known_hosts. */
  readonly hostKeys: pulumi.Output<Record<string, string>>;
  /** What a client shows and believes; undefined without TLS. */
  readonly operator: Identity | undefined;

  constructor(name: string, args: EtcdClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    // policy/ judges these inputs; secrets have no place in them.
    super(
      "etcd:index:EtcdCluster",
      name,
      {
        domain: args.domain,
        nodes: Object.keys(args.nodes),
        etcdVersion: args.etcdVersion,
        etcdChecksums: args.etcdChecksums,
        etcdSha256: args.etcdSha256,
      },
      opts,
    );
    const { domain, zoneId, tls, ttl } = args;
    const members = Object.entries(args.nodes);
    const inside = { parent: this };
    const orphans = removeOrphans(name);
    const child = { ...inside, hooks: { beforeCreate: [orphans] } };

    // What may not change comes first: a refusal leaves everything untouched.
    const ofNode = (pick: (node: NodeSettings) => string) =>
      Object.fromEntries(members.map(([member, node]) => [member, pick(node)]));
    const founders = new Founders(
      `${name}-founders`,
      {
        nodes: members.map(([member]) => member),
        domain,
        zoneId,
        tls,
        authority: args.authority?.certificate ?? "",
        etcdVersion: args.etcdVersion,
        sshPublicKey: args.sshPublicKey,
        kmsKeyId: args.kmsKeyId,
        places: ofNode(({ zone }) => `${zone} ${args.subnets[zone] ?? "in the default subnet"}`),
        instanceTypes: ofNode((node) => node.instanceType),
      },
      child,
    );

    // The mark of all that is made, in the state before anything that bears it.
    const mark = { project: pulumi.getProject(), stack: pulumi.getStack() };
    const incarnation = new Incarnation(
      `${name}-incarnation`,
      { ...mark, zoneId },
      { ...child, dependsOn: [founders] },
    ).word;
    const tags = markTags({ ...mark, incarnation });
    const comment = incarnation.apply((word) => markComment({ ...mark, incarnation: word }));

    // What all nodes share.
    const subnets = members.map(([, { zone }]) => subnetOf(zone, args.subnets, inside));
    const { group, rules } = memberSecurityGroup(
      name,
      subnets,
      { ssh: args.sshFrom, clients: args.clientsFrom },
      tags,
      child,
    );
    const leftovers = new Leftovers(
      `${name}-leftovers`,
      {
        type: "aws:ec2/networkInterface:NetworkInterface",
        tags: { ...tags, Role: "interface" },
        zoneId,
        comment,
      },
      { ...child, dependsOn: [group] },
    );
    const key = new KeyPair(`${name}-key`, { publicKey: args.sshPublicKey, tags }, child);
    const hostKeySeed = new HostKeySeed(`${name}-host-key-seed`, {
      ...child,
      dependsOn: [founders],
    });
    const shared = {
      domain,
      zoneId,
      tls,
      ttl,
      tags,
      comment,
      securityGroupId: group.id,
      keyName: key.keyName,
      ami: imageOf(args.ami, args.architecture, inside),
      dataVolumeGb: args.dataVolumeGb,
      kmsKeyId: args.kmsKeyId,
      publicAddress: args.publicAddress,
      removeOrphans: orphans,
      leftovers,
      hostKeySeed,
      stopsAlone: stopsAlone(name, () => ({ members: declared, identity: pki?.operator })),
    };

    // The nodes: one for each name, never depending on one another.
    const nodes: readonly EtcdNode[] = members.map(
      ([member, { zone, instanceType }], i) =>
        new EtcdNode(
          `${name}-${member}`,
          {
            ...shared,
            name: member,
            zone,
            instanceType,
            subnetId: subnets[i]!,
            userData: newUserData(),
          },
          inside,
        ),
    );
    const byName = <T>(pick: (node: EtcdNode) => T): Record<string, T> =>
      Object.fromEntries(nodes.map((node) => [node.member, pick(node)]));
    const declared = nodes.map((node) => ({
      name: node.member,
      endpoint: node.endpoint,
      peerUrl: node.peerUrl,
    }));
    const addresses = pulumi.all(byName((node) => node.privateIp));
    const { founding } = new Founders(
      `${name}-founding-volumes`,
      { volumeIds: byName((node) => node.volume.id) },
      child,
    );

    // The way in: from the first connection on, a machine proves by its host key that it is the one
    // that was made.
    const login = { user: args.sshUser, privateKey: args.sshPrivateKey };
    const access = nodes.map((node) =>
      nodeAccess(`${name}-${node.member}`, node, hostKeySeed, login, {
        ...child,
        dependsOn: rules,
      }),
    );

    // Who is who: a certificate for each member, and one for the operator.
    const pki = tls
      ? clusterPki(name, domain, args, args.authority, { ...child, dependsOn: [founders] })
      : undefined;
    const identities = nodes.map((node) => pki?.member(node.member, node.hostname, node.privateIp));

    // The gate: one for the whole set. It depends on the records, not on the nodes, or it would
    // wait for machines.
    const gate = new DnsReadiness(
      `${name}-dns-readiness`,
      {
        expected: {
          domain,
          tls,
          port: 2380,
          members: nodes.map((node) => ({ target: node.hostname, address: node.privateIp })),
        },
        nameservers: [...args.nameservers],
        timeoutSeconds: args.dnsTimeout,
      },
      { ...child, dependsOn: nodes.flatMap((node) => node.records) },
    );

    // Between the records and what starts etcd, so that a destroy stops it before its names go.
    const shutdowns = nodes.map(
      (node, i) =>
        new MemberShutdown(
          `${name}-${node.member}-shutdown`,
          {
            node: node.member,
            domain,
            tls,
            zoneId,
            comment,
            host: node.privateIp,
            ...login,
            hostKey: access[i]!.hostKey,
          },
          { ...child, dependsOn: [gate] },
        ),
    );

    // The bootstraps: all at once, each returning when its etcd is being started; none waits for
    // another.
    const cookbook = packCookbook("cookbooks/etcd");
    const timeout = `${args.bootstrapTimeout + 400}s`; // beside the converge: SSH that opens late
    const token = pulumi
      .all([incarnation, founding])
      .apply((words) => [domain, ...words].filter(Boolean).join("-"));
    const bootstraps = nodes.map((node, i) => {
      const prepared = pulumi
        .all([addresses, node.volume.id, token, cookbook, pulumi.output(identities[i])])
        .apply(([all, volumeId, tokenOfAll, archive, identity]) =>
          bootstrapOf({
            ...args,
            name: node.member,
            members: all,
            volumeId,
            token: tokenOfAll,
            cookbook: archive,
            pki: identity,
            timeoutSeconds: args.bootstrapTimeout,
            dnsTimeoutSeconds: args.dnsTimeout,
          }),
        );
      const command = new remote.Command(
        `${name}-${node.member}-bootstrap`,
        {
          connection: access[i]!.connection,
          create: launcher,
          update: launcher,
          stdin: pulumi.secret(prepared.stdin),
          addPreviousOutputInEnv: false,
          triggers: [node.instance.id, node.volume.id],
        },
        {
          ...child,
          dependsOn: [gate, shutdowns[i]!, node.attachment, ...node.wayOut, ...rules],
          additionalSecretOutputs: ["stdin"],
          customTimeouts: { create: timeout, update: timeout },
        },
      );
      // The digest of a secret tells nothing of it, and health's own state need not be hidden.
      // Another type has stopped the machine, too.
      return {
        command,
        digest: pulumi.unsecret(
          pulumi.interpolate`${node.instance.id} ${node.instance.instanceType} ${prepared.digest}`,
        ),
      };
    });

    // One healthy cluster of exactly these members; only then may clients find it.
    const health = new ClusterHealth(
      `${name}-health`,
      {
        members: declared,
        bootstraps: pulumi
          .all(bootstraps.map(({ digest }) => digest))
          .apply((all) => createHash("sha256").update(all.join()).digest("hex")),
        timeoutSeconds: args.healthTimeout,
        identity: pki?.operator,
      },
      { ...child, dependsOn: bootstraps.map(({ command }) => command) },
    );
    for (const node of nodes) {
      new DnsRecord(
        `${name}-${node.member}-client`,
        {
          zoneId,
          ttl,
          proxied: false,
          comment,
          ...srvRecord(clientSrvName(domain, tls), node.hostname, 2379),
        },
        { ...child, deleteBeforeReplace: true, dependsOn: [health] },
      );
    }

    this.nodes = byName((node) => node);
    this.operator = pki?.operator;
    this.clusterId = health.clusterId;
    this.hostKeys = pulumi.all(
      Object.fromEntries(nodes.map((node, i) => [node.member, access[i]!.hostKey])),
    );
    this.endpoints = pulumi
      .all([pulumi.all(byName((node) => node.endpoint)), health.clusterId])
      .apply(([endpoints]) => endpoints);
    this.registerOutputs({ clusterId: this.clusterId, endpoints: this.endpoints });
  }
}
