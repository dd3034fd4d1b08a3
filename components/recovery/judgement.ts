/**
 * What is done about a thing that bears exactly the tags of one that is about to be made. A run
 * that was killed can have left it; or a state that is older than the world, was edited, or was
 * read with another account's credentials has forgotten a living member. So it is removed only when
 * it cannot be one: it was never tagged as a member's, holds no second disk, nothing uses it. Pure.
 */
import type { Kind, Thing } from "./ec2Things.ts";
import { memberTagKey } from "./marks.ts";

/**
 * Where the saved state has the thing: under the URN of what is about to be made (so that is to
 * replace it), under another URN, nowhere; or it could not be asked.
 */
export type Place = "here" | { readonly urn: string } | "nowhere" | "unknown";

/** What is done. A refusal says why, and which way out there is. */
export type Verdict =
  | { readonly act: "remove" | "leave" | "wait" }
  | { readonly act: "refuse"; readonly why: string; readonly cure: "import" | "rename" | "keep" };

/** Judges one thing. */
export function judge(kind: Pick<Kind, "word" | "holdsData">, thing: Thing, place: Place): Verdict {
  // It goes by itself, and holds the interface until then.
  if (kind.word === "instance" && thing.status === "shutting-down") return { act: "wait" };
  const member = memberReason(kind, thing);
  if (place === "here")
    return member && kind.word === "volume"
      ? { act: "refuse", why: member, cure: "keep" }
      : { act: "leave" };
  if (typeof place === "object")
    return kind.holdsData || thing.users.length
      ? { act: "refuse", why: member ?? usersReason(thing) ?? "it may hold data", cure: "rename" }
      : { act: "leave" };
  const why =
    member ??
    (kind.word === "instance" ? machineReason(thing) : undefined) ??
    (kind.word === "volume" ? volumeReason(thing) : undefined);
  if (why) return { act: "refuse", why, cure: "import" };
  const inUse = usersReason(thing);
  if (!inUse) return { act: "remove" };
  // Where the state cannot be asked, it may be what the new one replaces.
  return place === "unknown" ? { act: "leave" } : { act: "refuse", why: inUse, cure: "import" };
}

function memberReason(kind: Pick<Kind, "word">, { tags }: Thing): string | undefined {
  const word = tags[memberTagKey];
  if (word === undefined) return undefined;
  const what = kind.word === "volume" ? "the data of a member" : "a member";
  return `its tag ${memberTagKey}=${word} says that it is, or was, ${what}`;
}

/** What a killed run leaves has just been launched, and nothing is attached to it yet. */
function machineReason({ disks = [], status }: Thing): string | undefined {
  if (disks.length) return `${disks.join(", ")} beside its root disk may hold a member's data`;
  return status === "pending" || status === "running"
    ? undefined
    : `no run that was cut off leaves one that is ${status}`;
}

function volumeReason({ snapshot }: Thing): string | undefined {
  return snapshot && `it was made from ${snapshot}, so by somebody else, and holds data`;
}

/** A volume that is being made is nobody's yet. */
function usersReason({ users, status }: Thing): string | undefined {
  return users.length && status !== "creating" ? `it is not free: ${users.join(", ")}` : undefined;
}
