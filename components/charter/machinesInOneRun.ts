/**
 * At most one living machine is made anew in a run. `preview` shows it by the record of machines
 * (machines.ts), whose update this hook comes before: there the new ids are unknown, and in `up`
 * the old machines are gone when it is asked. A member that is taken out of `nodes` is no business
 * of this: its machine goes because that was asked for, after it has left the cluster.
 */
import * as pulumi from "@pulumi/pulumi";
import { seenByProvider } from "../recovery/providerLookUps.ts";
import { idsIn, inWords, losers, type Loser } from "./losers.ts";

/**
 * `beforeUpdate` hook of the record. `cluster`: its logical name; `declared`: its members' names;
 * `parent`: whose AWS provider is asked. Machines that are gone may all be made anew.
 */
export function machinesInOneRun(
  cluster: string,
  declared: readonly string[],
  parent: pulumi.Resource,
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${cluster}-machines-in-one-run`,
    async ({ oldInputs, newInputs }) => {
      const [olds, news] = [oldInputs, newInputs].map((inputs) => idsIn(inputs, "machineIds"));
      const going = losers(declared, olds, news);
      if (going.length < 2) return;
      const filters = [{ Name: "instance-id", Values: going.map(({ id }) => id) }];
      const seen = await seenByProvider("aws:ec2/instance:Instance", filters, { parent }).catch(
        (e: Error) => {
          throw new Error(
            `the machines of ${inWords(going)} would be made anew in one run, and which are ` +
              `alive is not known: ${e.message}`,
          );
        },
      );
      const refusal = refusalOf(
        cluster,
        going.filter(({ id }) => seen.ids.includes(id)),
      );
      if (refusal) throw new Error(refusal);
    },
    { onDryRun: true },
  );
}

/** Why they may not all leave, and what to type; "" for one or none. Pure. */
export function refusalOf(cluster: string, alive: readonly Loser[]): string {
  const [first] = alive;
  if (!first || alive.length < 2) return "";
  const one = `'**${cluster}-${first.member}-instance'`;
  return (
    `the machines of ${inWords(alive)} are alive, and this would make all of them anew in one ` +
    `run; members change machines one at a time. One: pulumi up --replace ${one}, and the next ` +
    "when all members are healthy again (npm run status). When the program itself wants all of " +
    `them anew: pulumi up --target ${one} --target-dependents. Machines that are gone are made ` +
    "anew together: pulumi up --refresh"
  );
}
