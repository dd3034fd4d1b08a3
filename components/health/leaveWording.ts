/** Why a machine may not leave, and what to type, in words. Pure. */
import { leaveKey, type Denied, type Leave } from "./leaving.ts";

/**
 * The text of the refusal. `unasked`: what could not be asked, and might have let the machine go.
 */
export function leaveRefusal(
  { member, machine, stack }: Omit<Leave, "since">,
  denied: Denied,
  unasked: readonly string[],
): string {
  const stays = `the machine of ${member} (${machine}) stays; it was not touched`;
  const lines =
    "holder" in denied
      ? [`${stays}: ${holding(denied.holder)}`, ...afterHolder(member, stack, denied.holder)]
      : [
          `${stays}: one leaves only while all other members are healthy without it, and they ` +
            "are not:",
          ...denied.reasons,
          "Mend them first (npm run status names them; pulumi up --refresh makes a machine anew " +
            "that is gone), then run this again.",
        ];
  return [...lines, ...unasked].join("\n  ");
}

function holding({ member, machine, stack, since }: Leave): string {
  const of = machine ? ` (${machine})` : "";
  const by = stack ? ` by "${stack}"` : "";
  const at = since ? ` since ${since}` : "";
  return `${member}${of} is leaving${at}${by}, and one machine leaves at a time`;
}

function afterHolder(member: string, stack: string, holder: Leave): string[] {
  const name = /^pulumi [^/]+\/(\S+) \S+$/.exec(stack)?.[1];
  return [
    `First finish ${holder.member}: run pulumi up, without --replace, until it ends with a ` +
      `healthy cluster. Then this one: pulumi up --replace '**-${member}-instance'`,
    "Where pulumi up itself wants several machines made anew, name the first: " +
      `pulumi up --target '**-${holder.member}-instance' --target-dependents`,
    `Where no machine leaves: npm run etcdctl -- ${name ? `--stack ${name} ` : ""}del ` +
      `${leaveKey}, and run this again. An hour after it was given, the leave lapses by itself.`,
  ];
}
