/**
 * A cluster is founded once. What decides its first start stands in records that are written once:
 * the stack id, the charter, the founding, the CA, the seed of the host keys. Another one of them,
 * by `--replace`, a renamed resource or cluster, or a state that was lost or is older, would found
 * a second cluster beside the living one, or lock everybody out of it. So before one is made, and
 * before the charter is corrected, EC2 is asked whether members are there (issue 12). Where a
 * destroy was cut short they may be made again: its disks are founders' still.
 */
import * as pulumi from "@pulumi/pulumi";
import { ifKnown } from "../engine/known.ts";
import type { ClusterNames } from "../names.ts";
import { markComment } from "../recovery/marks.ts";
import { savedUrns } from "../recovery/savedState.ts";
import { foundingWord } from "./founding.ts";
import { whyInService } from "./inService.ts";
import { holdingInWords, machinesOfStack, membersOfStackId, type Holding } from "./membersInEc2.ts";
import { type CharterInputs, foundedRefusals } from "./refusals.ts";

export class FoundedOnce {
  /** `beforeCreate` hook of the stack id: no machine of this stack may have names in the domain. */
  readonly noMachines: pulumi.ResourceHook;
  /** `beforeCreate` hook of the other records: nothing with the stack id may hold a member. */
  readonly noMembers: pulumi.ResourceHook;
  /** `beforeUpdate` hook of the charter: a correction is made only while nothing holds a member. */
  readonly correction: pulumi.ResourceHook;
  readonly #parent: pulumi.Resource;
  #watched: Watched | undefined;
  #asked: Promise<Holding> | undefined;

  /** `name`: of the cluster. Preview has the hooks, too. */
  constructor(name: string, { domain, clientSrv }: ClusterNames, parent: pulumi.Resource) {
    this.#parent = parent;
    const stack = { project: pulumi.getProject(), stack: pulumi.getStack(), domain };
    const machines = () => machinesOfStack(stack, parent);
    const onDryRun = { onDryRun: true };
    this.noMachines = new pulumi.ResourceHook(
      `${name}-no-machines`,
      async ({ name: resource }) => {
        refuseAnother(resource, holdingInWords(await machines()));
      },
      onDryRun,
    );
    this.noMembers = new pulumi.ResourceHook(
      `${name}-no-members`,
      async ({ name: resource, urn, newInputs }) => {
        const members = await this.#members();
        if (await this.#isForgottenFounding(urn, newInputs, members)) return;
        const holding = holdingInWords(members);
        const { stackId, zoneId } = await this.#known();
        const comment = markComment({ ...stack, stackId });
        const serving = { name, clientSrv, zoneId, comment };
        const why = holding && (await whyInService(serving, parent));
        refuseAnother(resource, why && `${holding} (${why})`);
      },
      onDryRun,
    );
    this.correction = new pulumi.ResourceHook(
      `${name}-correction`,
      async ({ oldInputs, newInputs }) => {
        const world = { members: () => this.#members(), machines };
        await refuseLateCorrection(oldInputs ?? {}, newInputs ?? {}, world);
      },
      onDryRun,
    );
  }

  /** Whose members `noMembers` and `correction` ask for. Called before they are used. */
  watch(watched: Watched): void {
    this.#watched = watched;
  }

  /** "" for what a first preview does not know: nothing can bear a stack id that is not drawn. */
  async #known(): Promise<{ stackId: string; zoneId: string }> {
    const { stackId, zoneId } = this.#watched ?? {};
    return { stackId: (await ifKnown(stackId)) ?? "", zoneId: (await ifKnown(zoneId)) ?? "" };
  }

  /**
   * Whether a founding that the state has forgotten (`pulumi state delete`, an older state) is
   * about to be written down as it was: its word follows from the disks, or is what the state says
   * of members' tags, and all that was given to a member bears exactly this word.
   */
  async #isForgottenFounding(
    urn: string,
    inputs: { readonly volumeIds?: unknown; readonly word?: unknown } = {},
    members: Holding,
  ): Promise<boolean> {
    const { volumeIds, word: told } = inputs;
    if (typeof volumeIds !== "object" || volumeIds === null) return false;
    if ((await savedUrns())?.includes(urn) !== false) return false;
    const word =
      typeof told === "string" && told
        ? told
        : await foundingWord(volumeIds as Readonly<Record<string, string>>);
    const { stackId } = await this.#known();
    const same = await membersOfStackId(stackId, this.#parent, word);
    return holdingInWords(same) === holdingInWords(members);
  }

  /** Asked once in a run: the records are made within seconds. */
  #members(): Promise<Holding> {
    this.#asked ??= this.#known().then(({ stackId }) =>
      stackId ? membersOfStackId(stackId, this.#parent) : { instances: [], volumes: [] },
    );
    return this.#asked;
  }
}

/** What says which things are this cluster's. */
interface Watched {
  readonly stackId: pulumi.Output<string>;
  readonly zoneId: pulumi.Input<string>;
}

function refuseAnother(resource: string, holding: string): void {
  if (!holding) return;
  throw new Error(
    `${resource}: it is written once, when a cluster is founded, and one of this stack stands ` +
      `already: ${holding}. Another one would found a second cluster or lock everybody out of ` +
      "this one, so nothing was made.\n" +
      "  After --replace, or a rename in the program: run it without, under the old name.\n" +
      "  When the state was lost or is an older one: see docs/when-things-go-wrong.md.\n" +
      "  When nobody needs them: npm run sweep -- --stack " +
      pulumi.getStack(),
  );
}

/** What a correction asks for. */
interface World {
  members(): Promise<Holding>;
  machines(): Promise<Holding>;
}

/**
 * Says which corrections are made. @throws Error with every reason against them: something holds a
 * member, EC2 cannot be asked, or a machine keeps the SSH key that it was made with.
 */
export async function refuseLateCorrection(
  olds: CharterInputs,
  news: CharterInputs,
  world: World,
): Promise<void> {
  const reasons = foundedRefusals(olds, news);
  if (reasons.length === 0) return;
  const lines = reasons.map(({ reason }) => reason).join("\n");
  const inWords = (asked: Promise<Holding>) =>
    asked.then(holdingInWords, (e: Error) => {
      throw new Error(
        `${lines}\n  Before a member is started this may be corrected, but EC2 could not be ` +
          `asked whether one was: ${e.message}`,
      );
    });
  if (await inWords(world.members())) throw new Error(lines);
  const rekeyed = reasons.some(({ property }) => property === "sshPublicKey");
  const machines = rekeyed ? await inWords(world.machines()) : "";
  if (machines)
    throw new Error(
      `${lines}\n  The ${machines} keeps the key it was made with. No member was started there, ` +
        "so a destroy loses nothing: pulumi destroy, then pulumi up",
    );
  const corrected = reasons.map(({ property }) => property).join(", ");
  await pulumi.log.info(`corrected, as no member was ever started here: ${corrected}`);
}
