/**
 * Membership: makes etcd's members those that the program declares. It looks at what is and takes
 * one step after the other, until they are as declared; see plan.ts.
 *
 *   diff    another member, machine or bootstrap; members that were not as declared when they were
 *           last looked at, be it in a run that failed or in a refresh; a gate that has opened
 *           since, or leavers, because of a run that was killed
 *   create  waits for the founders' first start; then as update
 *   update  one step after the other. A failure keeps what was done, and the next `up` goes on
 *   read    whether the members are as declared; asks only
 *   delete  nothing: members end with their machines, and those are others' to delete
 *
 * What leaves is removed here, while its machine still lives; the engine deletes records and
 * machine afterwards (Pulumi deletes last). Nothing here waits for another step of the engine, so
 * it works with any `--parallel`.
 */
import * as pulumi from "@pulumi/pulumi";
import { resource } from "../engine/resource.ts";
import { acceptanceOf } from "../health/acceptance.ts";
import { type Asking, credentialsOf } from "../health/asking.ts";
import { writeIdentity } from "../health/clusterIdentity.ts";
import { type Memory, memoryIn } from "../health/memory.ts";
import { pinnedAccess } from "../ssh/memberAccess.ts";
import { answersOf } from "./observe.ts";
import { plan } from "./plan.ts";
import { reconcile } from "./reconcile.ts";
import type { Unreconciled } from "./reconciling.ts";
import type { Joined, WantedMember } from "./situation.ts";

type Text<Shape> = { readonly [Key in keyof Shape]: pulumi.Input<string> };

export interface MembershipArgs {
  /** All members that are to be, each with its machine and disk. */
  readonly members: pulumi.Input<readonly (Text<WantedMember> & { readonly name: string })[]>;
  /** Members that are not declared, and whose machines the state has. */
  readonly leavers: pulumi.Input<readonly WantedMember[]>;
  /**
   * When the gate for the peers opened. Another time is a reason to look: a run that was killed may
   * have changed members, and the one after it may have taken that back.
   */
  readonly openedAt: pulumi.Input<string>;
  /** Digest of what was bootstrapped: another one is a reason to look. */
  readonly bootstraps: pulumi.Input<string>;
  /** The cluster's founding word; "" for one that was founded before there were such words. */
  readonly founding: pulumi.Input<string>;
  /** `initial-cluster-token`. */
  readonly clusterToken: pulumi.Input<string>;
  /** ID of another cluster that is to be taken for this one, once; "" for none. */
  readonly acceptRestore: pulumi.Input<string>;
  /** Member that may join anew though its disk holds data; "" for none. */
  readonly rejoin: pulumi.Input<string>;
  /** The stack's mark, for whoever finds this run at work. */
  readonly stack: pulumi.Input<string>;
  /** The user and the private key that open the machines. */
  readonly user: pulumi.Input<string>;
  readonly privateKey: pulumi.Input<string>;
  /** With what members are asked, PEM; with TLS only. */
  readonly operator?: pulumi.Input<Text<Operator>> | undefined;
  /** How long one step may take, in seconds; a run takes as many as it needs. */
  readonly timeoutSeconds: pulumi.Input<number>;
}

interface Operator {
  readonly ca: string;
  readonly certificate: string;
  readonly privateKey: string;
}

interface Inputs {
  readonly members: readonly WantedMember[];
  /** Undefined in states of before, as is the next. */
  readonly leavers?: readonly WantedMember[];
  readonly openedAt?: string;
  readonly bootstraps: string;
  readonly founding: string;
  readonly clusterToken: string;
  readonly acceptRestore: string;
  readonly rejoin: string;
  readonly stack: string;
  readonly user: string;
  readonly privateKey: string;
  readonly operator?: Operator;
  readonly timeoutSeconds: number;
}

/** Memory: of the cluster whose members were last as declared. */
interface Outputs extends Inputs, Memory {
  /** The voters by name, as last seen by a run. */
  readonly done: Readonly<Record<string, Joined>>;
  /** Members that were declared once, and are not known to be gone. */
  readonly former: readonly WantedMember[];
  /** Whether they were as declared when they were last looked at. */
  readonly verdict: string;
}

const asDeclared = "as declared";
const notAsDeclared = "not as declared";

const askingOf = ({ operator }: Pick<Inputs, "operator">, deadlineMs: number): Asking => ({
  deadlineMs,
  credentials: credentialsOf(operator),
});

/** Those whose machines are there, members of before, and those that were former ones then. */
function formerOf(
  olds: Outputs | undefined,
  { members, leavers = [] }: Inputs,
): readonly WantedMember[] {
  const all = [...leavers, ...(olds?.members ?? []), ...(olds?.former ?? [])];
  const gone = all.filter(({ name }) => members.every((member) => member.name !== name));
  return gone.filter(({ name }, i) => gone.findIndex((other) => other.name === name) === i);
}

/** Whether these very machines and disks are the voters' of the last run. */
function isDone(done: Outputs["done"] | undefined, members: Inputs["members"]): boolean {
  // In a preview it may be the marker of an unknown value.
  if (!Array.isArray(members)) return false;
  const all = members as readonly WantedMember[];
  return (
    Object.keys(done ?? {}).length === all.length &&
    all.every(({ name, machine, volume }) => {
      const was = done?.[name];
      return was?.machine === machine && was.volume === volume;
    })
  );
}

async function bringAbout(inputs: Inputs, olds: Outputs | undefined): Promise<Outputs> {
  const { members, founding, clusterToken, acceptRestore, rejoin, stack, timeoutSeconds } = inputs;
  const known = memoryIn(olds);
  const acceptance = acceptanceOf(acceptRestore, olds?.acceptRestore);
  const asking = askingOf(inputs, 2000);
  const { done, former, clusterId } = await reconcile({
    declared: members,
    former: formerOf(olds, inputs),
    done: olds?.done,
    rejoin,
    rejoinUsed: rejoin !== "" && rejoin === olds?.rejoin,
    clusterToken,
    stack,
    timeoutSeconds,
    recognition: { founding, known },
    refusal: acceptance.refusal,
    reaching: {
      asking,
      accessTo: (member) =>
        pinnedAccess({ ...inputs, host: member.address, hostKey: member.hostKey }),
    },
    say: (line) => console.log(line),
  });
  const accepted = acceptance.happened();
  const expected = (accepted ? "" : known?.word) || founding || clusterId;
  const { word, revision } = await writeIdentity(members, expected, accepted, asking);
  const healthyAt = new Date().toISOString();
  return { ...inputs, done, former, clusterId, word, revision, healthyAt, verdict: asDeclared };
}

/**
 * A failure with what was done until then, so that another goal next time is a difference. Not the
 * new goal: a refresh would take it for reached.
 */
function unfinished(error: Error, inputs: Inputs, olds: Outputs | undefined): Error {
  if (!olds) return error;
  const done = (error as Partial<Unreconciled>).done ?? olds.done;
  const acceptRestore = inputs.acceptRestore && olds.acceptRestore;
  // Set anew after it was taken away, it counts anew.
  const rejoin = inputs.rejoin && olds.rejoin;
  const properties = { ...olds, done, acceptRestore, rejoin, verdict: notAsDeclared };
  return Object.assign(error, { id: "membership", properties, reasons: [error.message] });
}

/** Whether etcd lists exactly these as voters and each of them answers; undefined: nobody does. */
async function verdictOn(olds: Outputs): Promise<string | undefined> {
  const { members, former, done } = olds;
  const answers = await answersOf(members, askingOf(olds, 1000));
  if (answers.every(({ error }) => error)) return undefined;
  const seen = {
    ...{ declared: members, former, done, rejoin: "", rejoinUsed: false },
    ...{ answers, machines: {}, stranger: "" },
  };
  return plan(seen).do === "done" ? asDeclared : notAsDeclared;
}

const memberships = resource<Inputs, Outputs>({
  type: "Membership",
  version: 1,
  computed: ["done", "former", "clusterId", "word", "revision", "healthyAt", "verdict"],
  secrets: ["privateKey", "operator"],
  meaning: (i) => [
    [i.members, i.bootstraps, i.operator?.certificate, i.acceptRestore, i.rejoin],
    i.openedAt,
  ],
  // Leavers may be the marker of an unknown value, too: that they are is no reason.
  due: ({ done, verdict = asDeclared }, { members, leavers }) =>
    verdict !== asDeclared ||
    !isDone(done, members) ||
    (Array.isArray(leavers) && leavers.length > 0),
  make: (inputs, { olds }) =>
    bringAbout(inputs, olds).catch((e: Error) => {
      throw unfinished(e, inputs, olds);
    }),
  async read(olds) {
    return { ...olds, verdict: (await verdictOn(olds)) ?? olds.verdict };
  },
  id: () => "membership",
});

/** Resolves once etcd's members are the declared ones, all of them voters that answer. */
export class Membership extends pulumi.dynamic.Resource {
  /** The voters by name: member ID, machine, data volume, since when. */
  declare readonly done: pulumi.Output<Readonly<Record<string, Joined>>>;

  constructor(name: string, args: MembershipArgs, opts?: pulumi.CustomResourceOptions) {
    const { privateKey, operator, ...rest } = args;
    const secrets = {
      privateKey: pulumi.secret(privateKey),
      ...(operator ? { operator: pulumi.secret(operator) } : {}),
    };
    super(...memberships(name, { ...rest, ...secrets }, opts));
  }
}
