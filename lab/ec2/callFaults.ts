import { addresses } from "../addresses.ts";
import type { FaultOf } from "../faultKinds.ts";

/** A fault of EC2 calls as the emulator lists it (lab/ec2/moto/faults.py). */
export interface CallFault {
  readonly id: number;
  readonly action: string;
  /** How many calls it will still hit. */
  readonly left: number;
}

/**
 * Has the EC2 emulator fail calls. Returns how to end it; throws when the emulator does not answer.
 */
export async function failCalls({
  action,
  code,
  times = 1,
  zone,
  when = "before",
}: FaultOf<"ec2-fault">): Promise<() => Promise<void>> {
  const { id } = await ask<CallFault>("POST", "", { action, code, times, zone, when });
  return async () => {
    await ask("DELETE", `/${id}`);
  };
}

/** The faults that are on at the EC2 emulator. */
export function callFaults(): Promise<CallFault[]> {
  return ask("GET", "");
}

async function ask<T>(method: string, route: string, body?: object): Promise<T> {
  const url = `http://127.0.0.1:${addresses.ec2Port}/etcd-lab/faults${route}`;
  const answer = await fetch(url, {
    method,
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(20_000),
  });
  if (!answer.ok)
    throw new Error(`the EC2 emulator answered HTTP ${answer.status} to ${method} ${url}`);
  return (await answer.json()) as T; // the emulator's own form, of the same checkout
}
