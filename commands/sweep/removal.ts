/**
 * Removes what a person gave up: names first, in the order in which members leave, then machines,
 * volumes, and what they used. With the providers' own deletions of what the state knows, the only
 * code that ends a machine or removes a volume that may be a member's.
 */
import { removeRecords } from "../../components/recovery/cloudflareLeftovers.ts";
import { ec2Client } from "../../components/recovery/ec2Client.ts";
import { leftoverRemovals } from "../../components/recovery/ec2Leftovers.ts";
import { kinds } from "../../components/recovery/ec2Things.ts";
import { letGo } from "../../components/recovery/leftoversAtDestroy.ts";
import type { Remain } from "./remains.ts";
import type { SweptStack } from "./sweptStack.ts";

/** Returns a line for each thing that could not be removed. Those of one kind go together. */
export async function removeRemains(
  { zoneId, setting }: SweptStack,
  remains: readonly Remain[],
  tell: (line: string) => void,
): Promise<string[]> {
  const records = remains.flatMap(({ of }) => ("record" in of ? [of.record] : []));
  const { removed, left } = await removeRecords(zoneId, records, setting);
  for (const words of removed) tell(`removed ${words}`);
  const ec2 = await ec2Client(setting);
  try {
    for (const { type } of kinds) {
      const remove = leftoverRemovals[type];
      const its = remains.filter(({ of }) => "thing" in of && of.thing.kind.type === type);
      await Promise.all(
        its.map(async ({ id, words }) => {
          try {
            await letGo(async () => remove?.(ec2, id));
            tell(`removed ${words}`);
          } catch (e) {
            left.push(`${words}: ${(e as Error).name}: ${(e as Error).message}`);
          }
        }),
      );
    }
    return left;
  } finally {
    ec2.destroy();
  }
}
