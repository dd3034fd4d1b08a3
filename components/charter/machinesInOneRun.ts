/**
 * At most one living machine is made anew in a run. `preview` shows it by the record of machines
 * (machines.ts), whose update this hook comes before: there the new ids are unknown, and in `up`
 * the old machines are gone when it is asked.
 */
import * as pulumi from "@pulumi/pulumi";
import { seenByProvider } from "../recovery/providerLookUps.ts";

type Ids = Readonly<Record<string, unknown>>;

/**
 * `beforeUpdate` hook of the record. `cluster`: its logical name; `parent`: whose AWS provider is
 * asked. Machines that are gone may all be made anew.
 */
export function machinesInOneRun(cluster: string, parent: pulumi.Resource): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${cluster}-machines-in-one-run`,
    async ({ oldInputs, newInputs }) => {
      const going = leavers(idsIn(oldInputs), idsIn(newInputs));
      if (going.length < 2) return;
      const filters = [{ Name: "instance-id", Values: going.map(({ id }) => id) }];
      const seen = await seenByProvider("aws:ec2/instance:Instance", filters, { parent }).catch(
        (e: Error) => {
          throw new Error(
            `${inWords(going)} would be made anew in one run, and which are alive is not known: ` +
              e.message,
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

/** A member, and the machine that it is to lose. */
interface Leaver {
  readonly member: string;
  readonly id: string;
}

function idsIn(inputs: Record<string, unknown> | undefined): Ids {
  const ids = inputs?.machineIds;
  return typeof ids === "object" && ids !== null ? (ids as Ids) : {};
}

/** Members whose machine is another one, or not known, which is so in a preview. Pure. */
export function leavers(olds: Ids, news: Ids): Leaver[] {
  return Object.entries(olds).flatMap(([member, id]) =>
    typeof id === "string" && news[member] !== id ? [{ member, id }] : [],
  );
}

/** Why they may not all leave, and what to type; "" for one or none. Pure. */
export function refusalOf(cluster: string, alive: readonly Leaver[]): string {
  const [first] = alive;
  if (!first || alive.length < 2) return "";
  const one = `'**${cluster}-${first.member}-instance'`;
  return (
    `${inWords(alive)} are alive, and this would make all of them anew in one run; members ` +
    `change machines one at a time. One: pulumi up --replace ${one}, and the next when all ` +
    "members are healthy again (npm run status). When the program itself wants all of them " +
    "anew: pulumi up " +
    `--target ${one} --target-dependents. Machines that are gone are made anew together: pulumi ` +
    "up --refresh"
  );
}

function inWords(machines: readonly Leaver[]): string {
  return `the machines of ${machines.map(({ member, id }) => `${member} (${id})`).join(", ")}`;
}
