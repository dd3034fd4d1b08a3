/** A sweep as a person sees it: all that remains is listed, and each group is asked about. */
import { ec2Client } from "../../components/recovery/ec2Client.ts";
import { askedAtHome } from "../../components/recovery/home.ts";
import { patiently, telling } from "../../lab/patience.ts";
import { groupsOf, listingOf, phraseOf, sortGivenUp } from "./groups.ts";
import { removeRemains } from "./removal.ts";
import { findRemains, type Remain } from "./remains.ts";
import type { SweptStack } from "./sweptStack.ts";

export interface Person {
  readonly tell: (line: string) => void;
  /** What is typed; undefined where there is no terminal. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/**
 * Returns the exit code: 0 when nothing remains, or a person decided on all of it; 1 when something
 * remains and there was nobody to ask, or it could not be removed. `patience`: with services that
 * say nothing.
 * @throws Error when a service cannot be asked, or in another account or region than the state's
 */
export async function sweep(
  stack: SweptStack,
  { tell, ask }: Person,
  patience: Parameters<typeof patiently>[3] = {},
): Promise<number> {
  const region = await regionOf(stack);
  const ec2 = `EC2 (${region})`;
  await patiently(askedAtHome(stack.home, stack.setting), ec2, tell, patience);
  tell(`Looking in ${ec2} and in the zone ${stack.zoneId} at Cloudflare.`);
  const remains = await patiently(findRemains(stack), `${ec2} and Cloudflare`, tell, patience);
  if (remains.length === 0) {
    tell("Nothing remains: all that bears this stack's marks is in its state.");
    return 0;
  }
  if (stack.known.size === 0)
    tell("The state knows nothing: a cluster of this stack that lives is among what follows.");
  const groups = groupsOf(remains);
  for (const group of groups) tell(listingOf(group, stack.stackId));
  if (!ask) {
    tell("Nothing was removed: each group needs a typed word, and this is no terminal.");
    return 1;
  }
  const givenUp: Remain[] = [];
  for (const group of groups) {
    const phrase = phraseOf(group);
    const what = `${group.mayHold ? "Members or their data" : "The rest"} of ${group.stackId}`;
    const typed = await ask(`${what}: type "${phrase}", or nothing to keep them: `);
    if (typed.trim() === phrase) givenUp.push(...group.remains);
    else tell("  kept");
  }
  const { go, stay } = sortGivenUp(givenUp, remains);
  const left = await telling(removeRemains(stack, go, tell), "removing them", tell);
  for (const line of left) tell(`not removed: ${line}`);
  for (const { remain, why } of stay) tell(`not removed: ${remain.words}: ${why}`);
  return left.length + stay.length ? 1 : 0;
}

async function regionOf({ setting }: SweptStack): Promise<string> {
  const ec2 = await ec2Client(setting);
  try {
    return await ec2.config.region();
  } finally {
    ec2.destroy();
  }
}
