/**
 * StackId: one random word for each life of the stack, in the state before anything else exists.
 * All that bears the stack's mark depends on it, because the mark contains the word, so it is
 * deleted last: in a destroy, whatever still bears the mark then is unknown to the state. Its type
 * keeps the name Incarnation, which it has in the states of living clusters.
 *
 *   check   refuses the credentials of another account, and a state copied from another stack
 *   create  draws the word
 *   diff    another stack name, zone or region, the account when it is first known, or a new
 *           meaning (`version`); the word never changes
 *   update  notes them
 *   delete  EC2 is asked in another account or region: fails; an instance or a volume bears the
 *           mark: removes nothing, and fails with the commands, unless clients are still sent to
 *           the cluster (so this is no destroy); none does: removes what is unused of the rest, at
 *           Cloudflare (where the account could be compared) and in EC2. Data volumes that are to
 *           be kept are named, and no failure
 */
import * as pulumi from "@pulumi/pulumi";
import {
  commandsFor,
  inWords,
  type ListedRecord,
  markedRecords,
  removeRecords,
} from "./cloudflareLeftovers.ts";
import { resource, type Refusal } from "../engine/resource.ts";
import { askedAtHome } from "./home.ts";
import {
  findTagged,
  type Found,
  leftoversError,
  removeUnused,
  serviceRecord,
  wordsOf,
} from "./leftoversAtDestroy.ts";
import { markComment, markTags } from "./marks.ts";

export interface StackIdArgs {
  readonly project: string;
  readonly stack: string;
  /** The stack's earlier name, after `pulumi stack rename`; "" for none. */
  readonly renamedFrom?: string;
  /** The zone at Cloudflare where records with the mark are. */
  readonly zoneId: pulumi.Input<string>;
  /** The AWS account and region of what bears the mark. @default they are not compared */
  readonly account?: pulumi.Input<string>;
  readonly region?: pulumi.Input<string>;
  /**
   * Whether they are made with an AWS provider that is given in the options. A deletion cannot ask
   * with it, so it looks for nothing then, and says so. @default false
   */
  readonly ownProvider?: boolean;
  /** Whether data volumes outlive a destroy: then they are named, and no failure. @default false */
  readonly keepData?: boolean;
}

interface Inputs {
  readonly project: string;
  readonly stack: string;
  readonly renamedFrom?: string;
  readonly zoneId: string;
  readonly account?: string;
  readonly region?: string;
  readonly ownProvider?: boolean;
  readonly keepData?: boolean;
}

interface Outputs extends Inputs {
  readonly word: string;
}

/** Why another account is refused. What is not known is not compared. Pure. */
function accountRefusals(olds: Partial<Inputs>, { account }: Inputs): Refusal[] {
  if (!olds.account || !/^[0-9]{12}$/.test(account ?? "") || olds.account === account) return [];
  const reason =
    `account: this stack's things are in the AWS account ${olds.account}, and these credentials ` +
    `belong to ${account}; nothing was touched. Set the right ones (AWS_PROFILE, aws:profile, ` +
    "the role) and run the same again. If a refresh with the wrong ones came before, see " +
    "docs/when-things-go-wrong.md";
  return [{ property: "account", reason }];
}

/** Data volumes that are in no machine that bears the mark. Pure. */
function disksWithoutMachine(found: readonly Found[]): Found[] {
  const machines = found.filter(({ kind }) => kind.word === "instance").map(({ id }) => id);
  return found.filter(
    ({ kind, users }) => kind.word === "volume" && !users.some((user) => machines.includes(user)),
  );
}

/** Why a state that was copied from another stack is refused. Pure. */
function copyRefusals(olds: Partial<Inputs>, { project, stack, renamedFrom }: Inputs): Refusal[] {
  const { project: its = project, stack: name = stack } = olds;
  if ((its === project && name === stack) || renamedFrom === name) return [];
  const reason =
    `stack: what this state knows was made by the stack ${its}/${name}, and this is ` +
    `${project}/${stack}. If it is a copy, forget it: pulumi stack rm --force ${stack} (not ` +
    "destroy: that would take the other stack's things). If the stack was renamed: pulumi config " +
    `set ${project}:renamedFrom ${name}, run up, and take the setting out`;
  return [{ property: "stack", reason }];
}

const stackIds = resource<Inputs, Outputs>({
  type: "Incarnation",
  version: 4,
  computed: ["word"],
  meaning: ({ project, stack, zoneId, account, region, ownProvider, keepData }) => [
    project,
    stack,
    zoneId,
    account,
    region,
    ownProvider,
    keepData,
  ],
  check: (olds, news) => [...accountRefusals(olds, news), ...copyRefusals(olds, news)],
  async make(inputs, { olds }) {
    const { randomBytes } = await import("node:crypto");
    return { ...inputs, word: olds?.word ?? randomBytes(6).toString("hex") };
  },
  id: ({ word }) => word,
  async remove(outputs, { setting }) {
    const { project, stack, zoneId, account, region, ownProvider, keepData, word } = outputs;
    if (ownProvider)
      return console.log(
        "what runs that were cut off may have left was not looked for, because the cluster has " +
          `an AWS provider of its own; with its credentials: npm run sweep -- --stack ${stack}`,
      );
    const mark = { project, stack, stackId: word };
    let found;
    let atHome;
    try {
      atHome = await askedAtHome({ account, region }, setting);
      found = await findTagged(markTags(mark), [], setting);
    } catch (e) {
      throw leftoversError([(e as Error).message]); // whether a machine lives is not known
    }
    const keeping = keepData ? disksWithoutMachine(found) : [];
    found = found.filter((thing) => !keeping.includes(thing));
    const left: string[] = [];
    const removed: string[] = [];
    const records = await markedRecords(zoneId, markComment(mark), setting).catch((e: Error) => {
      left.push(e.message);
      return [] as ListedRecord[];
    });
    const holding = found.filter(({ kind }) => kind.holdsData);
    const service = serviceRecord(records);
    if (holding.length && service) {
      console.log(
        `left alone: ${holding.map(wordsOf).join(", ")}; ${inWords(service)} still sends clients ` +
          "there, so this is no destroy",
      );
      return;
    }
    // While one is there, nothing goes that may belong to it.
    const outcomes = holding.length
      ? [await removeUnused(holding, records, setting)]
      : [
          // Names go first, as they do when a member leaves.
          atHome
            ? await removeRecords(zoneId, records, setting)
            : { removed: [], left: commandsFor(zoneId, records, setting) },
          await removeUnused(found, [], setting),
        ];
    for (const outcome of outcomes) {
      removed.push(...outcome.removed);
      left.push(...outcome.left);
    }
    for (const what of removed)
      console.log(`removed ${what}, left behind by a run that was cut off`);
    if (keeping.length)
      console.log(
        `kept, as keepData says: ${keeping.map(wordsOf).join(", ")}. To look at them, or remove ` +
          `them one day: npm run sweep -- --stack ${stack}`,
      );
    if (left.length) throw leftoversError(left);
  },
});

/**
 * Twelve random hexadecimal digits: part of the mark of all we make, and of etcd's cluster token.
 */
export class StackId extends pulumi.dynamic.Resource {
  readonly word: pulumi.Output<string>;

  constructor(name: string, args: StackIdArgs, opts?: pulumi.CustomResourceOptions) {
    super(...stackIds(name, { ...args }, opts));
    // The word is the id, and an id is known while a preview shows an update: the outputs are not,
    // and everything that bears the mark would seem to change.
    this.word = this.id;
  }
}
