/**
 * A data volume that is there is not replaced: with it a member would lose its data, whoever asks
 * for that. One that is gone is: its member is removed from the cluster and joins anew, empty, and
 * whether the others can bear that is judged there. `preview` shows the refusal by the record of
 * machines and volumes (machines.ts). In an `up` a new volume meets the healing hook before it is
 * made (recovery/beforeCreate.ts), and this one last.
 */
import * as pulumi from "@pulumi/pulumi";
import { seenByProvider } from "../recovery/providerLookUps.ts";
import { idsIn, inWords, losers, type Loser } from "./losers.ts";

/** `beforeUpdate` hook of the record; see machinesInOneRun for what it is given. */
export function volumesStay(
  cluster: string,
  declared: readonly string[],
  parent: pulumi.Resource,
): pulumi.ResourceHook {
  return new pulumi.ResourceHook(
    `${cluster}-volumes-stay`,
    async ({ oldInputs, newInputs }) => {
      const [olds, news] = [oldInputs, newInputs].map((inputs) => idsIn(inputs, "volumeIds"));
      const going = losers(declared, olds, news);
      if (going.length === 0) return;
      const filters = [{ Name: "volume-id", Values: going.map(({ id }) => id) }];
      const seen = await seenByProvider("aws:ebs/volume:Volume", filters, { parent }).catch(
        (e: Error) => {
          throw new Error(
            `the data volumes of ${inWords(going)} would be replaced, and which are there is ` +
              `not known: ${e.message}`,
          );
        },
      );
      const refusal = volumeRefusal(going.filter(({ id }) => seen.ids.includes(id)));
      if (refusal) throw new Error(refusal);
      await pulumi.log.info(goneWords(going), parent);
    },
    { onDryRun: true },
  );
}

/** Why volumes that are there may not be replaced, and what to type; "" for none. Pure. */
export function volumeRefusal(there: readonly Loser[]): string {
  const [first] = there;
  if (!first) return "";
  return (
    `data volume of ${inWords(there)}: it is there, and a member keeps its disk; this would put ` +
    "an empty one in its place. Run it without --replace, or set back what wants another volume. " +
    `For another disk, take ${first.member} out of nodes and put a member with another name in; ` +
    "a volume that is lost is replaced by: pulumi up --refresh"
  );
}

/** What comes of members whose volume is gone. Pure. */
export function goneWords(gone: readonly Loser[]): string {
  return (
    `data volume of ${inWords(gone)}: it is gone, so the member is removed from the cluster and ` +
    "joins it anew with an empty one, while the others agree without it"
  );
}
