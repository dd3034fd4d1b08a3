/**
 * ClusterHealth: resolves once the members are one healthy cluster of exactly the declared members,
 * checked through etcd3.
 *
 *   check   passes inputs on
 *   diff    another set of members or another bootstrap of one: checks again
 *   create  waits until healthy
 *   update  waits until healthy
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { type Credentials, credentialsOf } from "./asking.ts";
import { probeCluster } from "./etcdProbe.ts";
import type { DeclaredMember } from "./memberHealth.ts";

export interface ClusterHealthArgs {
  readonly members: pulumi.Input<
    pulumi.Input<{ name: string; endpoint: pulumi.Input<string>; peerUrl: string }>[]
  >;
  /** Digest of what was bootstrapped: without it the check would run once and never again. */
  readonly bootstraps: pulumi.Input<string>;
  /** How long the members may take to become one healthy cluster, in seconds. */
  readonly timeoutSeconds: pulumi.Input<number>;
  /** The operator's identity, PEM; with TLS only. */
  readonly identity?:
    | pulumi.Input<{
        ca: pulumi.Input<string>;
        certificate: pulumi.Input<string>;
        privateKey: pulumi.Input<string>;
      }>
    | undefined;
}

interface Inputs {
  readonly members: readonly DeclaredMember[];
  readonly bootstraps: string;
  readonly timeoutSeconds: number;
  readonly version: number;
  readonly identity?: {
    readonly ca: string;
    readonly certificate: string;
    readonly privateKey: string;
  };
}

interface Outputs extends Omit<Inputs, "identity"> {
  readonly clusterId: string;
}

/**
 * Polls until healthy; on expiry the error lists, for each member, what keeps the set from being
 * one healthy cluster.
 */
export async function waitForHealth(
  inputs: Inputs,
  say: (line: string) => void,
  credentials?: Credentials,
): Promise<string> {
  const started = Date.now();
  const waited = () => (Date.now() - started) / 1000;
  let saidAt = 0;
  for (;;) {
    const report = await probeCluster(inputs.members, { deadlineMs: 2000, credentials });
    if (report.healthy) return report.clusterId;
    if (waited() >= inputs.timeoutSeconds) {
      throw new Error(
        [
          `The cluster is not healthy after ${Math.round(waited())} s.`,
          ...report.reasons.map((r) => `  ${r}`),
          "  Look at a member's own words with: journalctl -u etcd (on the node). " +
            "`pulumi up` checks again.",
        ].join("\n"),
      );
    }
    if (waited() - saidAt > (saidAt ? 15 : 5)) {
      saidAt = waited();
      say(
        `waiting for health, ${Math.round(saidAt)} s of ${inputs.timeoutSeconds} s: ` +
          `${report.reasons.slice(0, 3).join("; ")}`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function check({ identity, ...inputs }: Inputs): Promise<Outputs> {
  return {
    ...inputs,
    clusterId: await waitForHealth(inputs, (line) => console.log(line), credentialsOf(identity)),
  };
}

const provider: pulumi.dynamic.ResourceProvider<Inputs, Outputs> = {
  async diff(_id, olds, news) {
    const meaning = (i: Omit<Inputs, "identity">) =>
      JSON.stringify([i.version, i.bootstraps, i.members]);
    return { changes: meaning(olds) !== meaning(news) };
  },
  async create(inputs) {
    const outs = await check(inputs);
    return { id: `cluster-health-${outs.clusterId}`, outs };
  },
  async update(_id, _olds, news) {
    return { outs: await check(news) };
  },
};

/**
 * Every declared member answers, one cluster ID, the member list equals the declaration (names and
 * peer URLs), no learner, one leader, no alarm, and a marker written once is read through every
 * member.
 */
export class ClusterHealth extends pulumi.dynamic.Resource {
  /** The cluster's ID in hexadecimal. */
  declare readonly clusterId: pulumi.Output<string>;

  constructor(name: string, args: ClusterHealthArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      provider,
      name,
      {
        ...args,
        ...(args.identity ? { identity: pulumi.secret(args.identity) } : {}),
        version: 1,
        clusterId: undefined,
      },
      opts,
      "etcd",
      "ClusterHealth",
    );
  }
}
