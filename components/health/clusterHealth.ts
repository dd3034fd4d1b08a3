/**
 * ClusterHealth: resolves once the members are one healthy cluster of exactly the declared members,
 * checked through etcd3.
 *
 *   diff    another set of members or another bootstrap of one: checks again
 *   create  waits until healthy
 *   update  waits until healthy
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { poll } from "../engine/poll.ts";
import { resource } from "../engine/resource.ts";
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
  return poll<string, readonly string[]>({
    seconds: inputs.timeoutSeconds,
    pause: 250,
    look: async () => {
      const report = await probeCluster(inputs.members, { deadlineMs: 2000, credentials });
      return report.healthy ? { found: report.clusterId } : { still: report.reasons };
    },
    saying: {
      say,
      line: (reasons, waited) =>
        `waiting for health, ${waited} s of ${inputs.timeoutSeconds} s: ` +
        `${reasons.slice(0, 3).join("; ")}`,
    },
    expired: (reasons, waited) => {
      throw new Error(
        [
          `The cluster is not healthy after ${waited} s.`,
          ...reasons.map((r) => `  ${r}`),
          "  Look at a member's own words with: journalctl -u etcd (on the node). " +
            "`pulumi up` checks again.",
        ].join("\n"),
      );
    },
  });
}

const health = resource<Inputs, Outputs>({
  type: "ClusterHealth",
  version: 1,
  computed: ["clusterId"],
  meaning: (i) => [i.bootstraps, i.members],
  async make({ identity, ...inputs }) {
    const say = (line: string) => console.log(line);
    const credentials = credentialsOf(identity);
    return { ...inputs, clusterId: await waitForHealth(inputs, say, credentials) };
  },
  id: ({ clusterId }) => `cluster-health-${clusterId}`,
});

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
      ...health(
        name,
        { ...args, ...(args.identity ? { identity: pulumi.secret(args.identity) } : {}) },
        opts,
      ),
    );
  }
}
