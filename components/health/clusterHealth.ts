/**
 * ClusterHealth: resolves once the members are one healthy cluster of exactly the declared members,
 * the one that was healthy before, checked through etcd3.
 *
 *   diff    another set of members or another bootstrap of one, another client certificate, another
 *           word in etcd:acceptRestore, or a refresh that found it sick: checks again
 *   create  waits until healthy, writes the cluster's identity into it, and takes back the leave
 *           of a machine (leaving.ts)
 *   update  the same, and raises the revision that is remembered
 *   read    healthy, or why not; asks only, and writes nothing
 *   delete  nothing
 */
import * as pulumi from "@pulumi/pulumi";
import { poll } from "../engine/poll.ts";
import { resource } from "../engine/resource.ts";
import { acceptanceOf } from "./acceptance.ts";
import { accessControlIsOn } from "./accessControl.ts";
import { type Asking, type Credentials, credentialsOf } from "./asking.ts";
import { sightsOf, writeIdentity } from "./clusterIdentity.ts";
import { askMembers, probeCluster } from "./etcdProbe.ts";
import { endLeave } from "./leaving.ts";
import { type DeclaredMember, membersNotHealthy } from "./memberHealth.ts";
import { type Memory, memoryIn, type Recognition, type Stranger, strangerAmong } from "./memory.ts";

export interface ClusterHealthArgs {
  readonly members: pulumi.Input<
    pulumi.Input<{ name: string; endpoint: pulumi.Input<string>; peerUrl: string }>[]
  >;
  /** Digest of what was bootstrapped: without it the check would run once and never again. */
  readonly bootstraps: pulumi.Input<string>;
  /** The cluster's founding word; "" for one that was founded before there were such words. */
  readonly founding: pulumi.Input<string>;
  /** ID of another cluster that is to be taken for this one, once; "" for none. */
  readonly acceptRestore: pulumi.Input<string>;
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
  readonly founding: string;
  readonly acceptRestore: string;
  readonly timeoutSeconds: number;
  readonly identity?: {
    readonly ca: string;
    readonly certificate: string;
    readonly privateKey: string;
  };
}

/** Memory is partial in states of releases up to 0.1.0: it began later. */
interface Outputs extends Inputs, Partial<Memory> {
  readonly clusterId: string;
  /** When this cluster was first found healthy, or let through by etcd:acceptRestore; ISO form. */
  readonly healthySince?: string;
  /** "healthy", or in a few words, without numbers, what the last refresh found. */
  readonly verdict?: string;
}

/** What waiting for health needs to know. */
export type Awaited = Pick<Inputs, "members" | "timeoutSeconds">;

/** By what the cluster is recognised, and what becomes of another one. */
export interface Recognising extends Recognition {
  /** Why it is refused; "" lets it through. */
  readonly refusal: (stranger: Stranger) => string;
}

/**
 * Polls until healthy. Resolves with the cluster ID.
 *
 * @throws Error that lists, for each member, what keeps the set from being one healthy cluster; at
 * once when waiting changes nothing, such as for another cluster than the one to be recognised
 */
export async function waitForHealth(
  { members, timeoutSeconds }: Awaited,
  say: (line: string) => void,
  credentials?: Credentials,
  recognising?: Recognising,
): Promise<string> {
  const asking = { deadlineMs: 2000, credentials };
  return poll<string, readonly string[]>({
    seconds: timeoutSeconds,
    pause: 250,
    look: async () => {
      let report = await probeCluster(members, asking, members, recognising);
      if (report.stranger) {
        const refused = recognising?.refusal(report.stranger);
        if (refused) throw new Error(refused);
        report = await probeCluster(members, asking);
      }
      return report.healthy
        ? { found: report.clusterId }
        : { still: report.reasons, hopeless: report.closedToUs };
    },
    saying: {
      say,
      line: (reasons, waited) =>
        `waiting for health, ${waited} s of ${timeoutSeconds} s: ` +
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

/**
 * Waits until the cluster is healthy and the one that is remembered; or the one that
 * etcd:acceptRestore names, which lets one cluster through, once.
 */
async function recognisedHealth(
  inputs: Inputs,
  olds: Outputs | undefined,
): Promise<Memory & { readonly accepted: boolean }> {
  const { members, founding, acceptRestore, identity } = inputs;
  const credentials = credentialsOf(identity);
  const known = memoryIn(olds);
  const acceptance = acceptanceOf(acceptRestore, olds?.acceptRestore);
  const clusterId = await waitForHealth(inputs, (line) => console.log(line), credentials, {
    founding,
    known,
    refusal: acceptance.refusal,
  });
  const accepted = acceptance.happened();
  const expected = (accepted ? "" : known?.word) || founding || clusterId;
  const asking = { deadlineMs: 2000, credentials };
  const { word, revision } = await writeIdentity(members, expected, accepted, asking);
  return { clusterId, word, revision, healthyAt: new Date().toISOString(), accepted };
}

/**
 * An update that failed keeps all outputs of before. But a word in etcd:acceptRestore that was used
 * and is taken out has to be forgotten even so, or it could not be used a second time.
 */
function forgetting(error: Error, inputs: Inputs, olds: Outputs | undefined): Error {
  if (!olds?.acceptRestore || inputs.acceptRestore) return error;
  const properties = { ...olds, acceptRestore: "" };
  return Object.assign(error, {
    id: `cluster-health-${olds.clusterId}`,
    properties,
    reasons: [error.message],
  });
}

/** Healthy, or why not, without numbers; undefined when nobody answers from here. */
async function verdictOn(olds: Outputs, asking: Asking): Promise<string | undefined> {
  const { members, founding } = olds;
  const recognition = { founding, known: memoryIn(olds) };
  const [sights, answers] = await Promise.all([
    sightsOf(members, asking),
    askMembers(members, asking),
  ]);
  if (strangerAmong(sights, recognition)) return "not the cluster that was healthy";
  if (answers.some(({ error }) => error.includes(accessControlIsOn))) return accessControlIsOn;
  if (answers.every(({ error }) => error)) return undefined;
  const unmarked = answers.map((answer) => ({ ...answer, marker: "" }));
  const sick = membersNotHealthy(members, unmarked, "").sort();
  return sick.length ? `not healthy: ${sick.join(", ")}` : "healthy";
}

const health = resource<Inputs, Outputs>({
  type: "ClusterHealth",
  version: 2,
  computed: ["clusterId", "word", "revision", "healthySince", "healthyAt", "verdict"],
  secrets: ["identity"],
  meaning: (i) => [i.bootstraps, i.members, i.identity?.certificate, i.acceptRestore],
  due: ({ verdict = "healthy" }) => verdict !== "healthy",
  async make(inputs, { olds }) {
    const { accepted, ...memory } = await recognisedHealth(inputs, olds).catch((e: Error) => {
      throw forgetting(e, inputs, olds);
    });
    await endLeave(inputs.members, {
      deadlineMs: 2000,
      credentials: credentialsOf(inputs.identity),
    });
    if (accepted)
      console.log(
        `etcd:acceptRestore let the cluster ${memory.clusterId} through, and it is remembered ` +
          "from now on. Take it out: pulumi config rm etcd:acceptRestore",
      );
    const since = accepted ? undefined : olds?.healthySince;
    return { ...inputs, ...memory, healthySince: since ?? memory.healthyAt, verdict: "healthy" };
  },
  async read(olds) {
    const asking = { deadlineMs: 1000, credentials: credentialsOf(olds.identity) };
    return { ...olds, verdict: (await verdictOn(olds, asking)) ?? olds.verdict };
  },
  id: ({ clusterId }) => `cluster-health-${clusterId}`,
});

/**
 * Every declared member answers, one cluster ID, the member list equals the declaration (names and
 * peer URLs), no learner, one leader, no alarm, a marker written once is read through every member,
 * and it is the cluster that was healthy before.
 */
export class ClusterHealth extends pulumi.dynamic.Resource {
  /** The cluster's ID in hexadecimal. */
  declare readonly clusterId: pulumi.Output<string>;
  /** Its revision when it was last found healthy. */
  declare readonly revision: pulumi.Output<number>;
  /** When it was first found healthy, or let through by etcd:acceptRestore; ISO form. */
  declare readonly healthySince: pulumi.Output<string>;

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
