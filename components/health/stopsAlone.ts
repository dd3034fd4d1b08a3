/**
 * Before a machine is stopped for another instance type: no other one stops in the same run, and
 * the others are a healthy majority without it. The record of founders refuses two types that
 * change in the settings; what the machines really have it cannot know, after a start that failed,
 * or when somebody changed types by hand.
 */
import * as pulumi from "@pulumi/pulumi";
import type { Identity } from "../pki/clusterPki.ts";
import { credentialsOf } from "./certificateTrouble.ts";
import { probeCluster } from "./etcdProbe.ts";
import type { DeclaredMember } from "./memberHealth.ts";

/** Whom to ask; called only when the resources it names are in the state. */
type Cluster = () => {
  readonly members: readonly {
    readonly name: string;
    readonly endpoint: pulumi.Output<string>;
    readonly peerUrl: string;
  }[];
  readonly identity: Identity | undefined;
};

/** How long the others may take to be healthy, in seconds: an election is over by then. */
const patience = 15;

/** A `beforeUpdate` hook for the machines. Preview has it, too, but asks no member. */
export function stopsAlone(name: string, cluster: Cluster): pulumi.ResourceHook {
  let first: string | undefined;
  return new pulumi.ResourceHook(
    `${name}-stops-alone`,
    async ({ name: resource, newInputs, oldOutputs }) => {
      const from = String(oldOutputs?.instanceType);
      const to = String(newInputs?.instanceType);
      if (from === to) return;
      const change = `${resource}: a change from ${from} to ${to} stops the machine`;
      first ??= resource;
      if (first !== resource)
        throw new Error(
          `${change}, and ${first} changes in the same run; they do so one at a time: ` +
            "give one of them the type that it has, and change it when all members are " +
            "healthy again",
        );
      if (pulumi.runtime.isDryRun()) return;
      const { members, identity } = cluster();
      const node = members.find((m) => resource === `${name}-${m.name}-instance`)?.name ?? "";
      const reasons = await whyNotWithout(
        node,
        await valueOf(pulumi.all(members.map((m) => pulumi.output({ ...m })))),
        await valueOf(pulumi.output(identity && { ...identity })),
      );
      if (reasons.length > 0)
        throw new Error(
          `${change}, so it was left alone, because the others are not healthy without ` +
            `it:\n${reasons.map((r) => `  ${r}`).join("\n")}\n  Mend them first (a ` +
            "machine that is stopped: aws ec2 start-instances), then run pulumi up again.",
        );
    },
    { onDryRun: true },
  );
}

async function whyNotWithout(
  node: string,
  members: readonly DeclaredMember[],
  identity: Parameters<typeof credentialsOf>[0] | undefined,
): Promise<readonly string[]> {
  const deadline = Date.now() + patience * 1000;
  const others = members.filter((m) => m.name !== node);
  for (;;) {
    const { reasons } = await probeCluster(
      members,
      2000,
      identity && credentialsOf(identity),
      others,
    );
    if (reasons.length === 0 || Date.now() > deadline) return reasons;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
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
