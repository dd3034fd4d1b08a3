/**
 * What the saved state knows, asked in the middle of a run: whether a thing in the cloud is a
 * resource's already, and whose.
 */
import * as pulumi from "@pulumi/pulumi";
import type { Place } from "./judgement.ts";

/** The outputs of one resource, by its URN. */
export type Saved = Readonly<
  Record<string, { readonly type: string; readonly outputs: Readonly<Record<string, unknown>> }>
>;

/**
 * Where the state has things of a type, for the resource that is about to be made.
 */
export async function placesOf(
  ids: readonly string[],
  { urn, type }: { readonly urn: string; readonly type: string },
): Promise<ReadonlyMap<string, Place>> {
  const saved = await savedState();
  return new Map(ids.map((id) => [id, saved ? placeIn(saved, id, urn, type) : "unknown"]));
}

/** The URNs of all resources in the state; undefined when it cannot be asked. */
export async function savedUrns(): Promise<readonly string[] | undefined> {
  const saved = await savedState();
  return saved && Object.keys(saved);
}

/** A text among the outputs of a resource in the state; "" when it is not there. */
export async function savedOutput(
  { type, name }: { readonly type: string; readonly name: string },
  key: string,
): Promise<string> {
  return outputIn((await stateBefore()) ?? {}, type, name, key);
}

/** Pure. */
export function outputIn(saved: Saved, type: string, name: string, key: string): string {
  const [, found] =
    Object.entries(saved).find(
      ([urn, resource]) => resource.type === type && urn.endsWith(`::${name}`),
    ) ?? [];
  const value = found?.outputs[key];
  return typeof value === "string" ? value : "";
}

/**
 * As the engine saved it last, so with all that was there before this run. Not to be asked before a
 * first resource is in the state: the engine of Pulumi 3.259.0 then dies where a new stack has no
 * snapshot yet (issue 15).
 */
export async function savedState(): Promise<Saved | undefined> {
  const token = "pulumi:pulumi:readStackResourceOutputs";
  try {
    // Without an engine there is no organization.
    const stackName = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
    const answer = (await pulumi.runtime.invoke(token, { stackName })) as { outputs: Saved };
    return answer.outputs;
  } catch (e) {
    await pulumi.log.debug(`the state could not be asked: ${(e as Error).message}`);
    return undefined;
  }
}

const asked = new WeakMap<object, Promise<Saved | undefined>>();

/**
 * The state as this run first met it, for what does not change in a run. Asked once: the engine
 * decrypts the whole state for each answer, and what waits for it comes after what fails without
 * (issue 15: a volume was named, and no machine).
 */
export function stateBefore(): Promise<Saved | undefined> {
  const monitor = pulumi.runtime.getMonitor();
  if (!monitor) return savedState();
  const before = asked.get(monitor) ?? savedState();
  asked.set(monitor, before);
  return before;
}

/** Pure. An output names a thing by its id, or by an ARN that ends with it. */
export function placeIn(saved: Saved, id: string, urn: string, type: string): Place {
  const isIt = (value: unknown) =>
    typeof value === "string" && (value === id || value.endsWith(`/${id}`));
  const owners = Object.entries(saved)
    .filter(([, resource]) => resource.type === type)
    .filter(([, { outputs }]) => ["id", "arn", "keyPairId"].some((key) => isIt(outputs[key])))
    .map(([owner]) => owner);
  const [other] = owners;
  if (owners.includes(urn)) return "here";
  return other ? { urn: other } : "nowhere";
}
