import { addresses } from "../addresses.ts";

/**
 * The number of changes the EC2 emulator has made so far, as soon as it is not `seen`, or after 5
 * s. Throws when the emulator does not answer.
 */
export async function nextChange(seen: number, signal: AbortSignal): Promise<number> {
  const url = `http://127.0.0.1:${addresses.ec2Port}/etcd-lab/changes?seen=${seen}`;
  const answer = await fetch(url, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
  });
  return ((await answer.json()) as { changes: number }).changes;
}
