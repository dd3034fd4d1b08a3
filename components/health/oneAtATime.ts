/**
 * Before a machine is stopped for another instance type: no other one stops in the same run, and
 * all others are healthy without it. The charter refuses two types that change in the settings;
 * what the machines really have it cannot know, after a start that failed, or when somebody changed
 * types by hand.
 */
import * as pulumi from "@pulumi/pulumi";
import { poll } from "../engine/poll.ts";
import type { Identity } from "../pki/clusterPki.ts";
import { credentialsOf } from "./asking.ts";
import { probeCluster } from "./etcdProbe.ts";
import type { Declared } from "./healthOfCluster.ts";
import type { DeclaredMember } from "./memberHealth.ts";

/** How long the others may take to be healthy, in seconds: an election is over by then. */
const patienceSeconds = 15;

export class OneAtATime {
  /** A `beforeUpdate` hook for the machines. Preview has it, too, but asks no member. */
  readonly hook: pulumi.ResourceHook;
  /** The first machine that is to stop in this run. */
  #first: string | undefined;
  #members: readonly Declared[] = [];
  #operator: Identity | undefined;

  constructor(name: string) {
    this.hook = new pulumi.ResourceHook(
      `${name}-stops-alone`,
      async ({ name: resource, newInputs, oldOutputs }) => {
        const from = String(oldOutputs?.instanceType);
        const to = String(newInputs?.instanceType);
        if (from === to) return;
        const change = `${resource}: a change from ${from} to ${to} stops the machine`;
        this.#refuseSecond(resource, change);
        if (pulumi.runtime.isDryRun()) return;
        const leaver = this.#members.find((m) => resource === `${name}-${m.name}-instance`);
        await this.#refuseUnlessOthersAreHealthy(leaver?.name ?? "", change);
      },
      { onDryRun: true },
    );
  }

  /** Whom the hook asks. Called before the program ends, so before any machine is changed. */
  watch(members: readonly { readonly declared: Declared }[], operator: Identity | undefined): void {
    this.#members = members.map(({ declared }) => declared);
    this.#operator = operator;
  }

  #refuseSecond(resource: string, change: string): void {
    this.#first ??= resource;
    if (this.#first === resource) return;
    throw new Error(
      `${change}, and ${this.#first} changes in the same run; they do so one at a time: give one ` +
        "of them the type that it has, and change it when all members are healthy again",
    );
  }

  async #refuseUnlessOthersAreHealthy(leaver: string, change: string): Promise<void> {
    const members = await valueOf(pulumi.all(this.#members.map((m) => pulumi.output({ ...m }))));
    const operator = await valueOf(pulumi.output(this.#operator && { ...this.#operator }));
    const reasons = await whyNotWithout(leaver, members, operator);
    if (reasons.length === 0) return;
    throw new Error(
      `${change}, so it was left alone, because the others are not healthy without it:\n` +
        `${reasons.map((r) => `  ${r}`).join("\n")}\n  Mend them first (a machine that is ` +
        "stopped: aws ec2 start-instances), then run pulumi up again.",
    );
  }
}

async function whyNotWithout(
  leaver: string,
  members: readonly DeclaredMember[],
  operator: Parameters<typeof credentialsOf>[0],
): Promise<readonly string[]> {
  const asking = { deadlineMs: 2000, credentials: credentialsOf(operator) };
  const others = members.filter((m) => m.name !== leaver);
  return poll<readonly string[], readonly string[]>({
    seconds: patienceSeconds,
    pause: 500,
    async look() {
      const { reasons } = await probeCluster(members, asking, others);
      return reasons.length === 0 ? { found: reasons } : { still: reasons };
    },
    expired: (reasons) => reasons,
  });
}

/** What an output holds. Everything asked for here is made before the machines. */
function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject(
          new Error(
            "the other members' addresses or the operator's certificate are not there after 60 s",
          ),
        ),
      60_000,
    );
    output.apply((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
