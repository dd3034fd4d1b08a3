/**
 * This machine's clock against a service's, before a certificate is made: one from a clock that is
 * ahead is not valid yet, on every member at once. Runs inside dynamic providers.
 */
import { apiAddress } from "../recovery/cloudflareApi.ts";
import type { Setting } from "../engine/resource.ts";

/** How far the two may differ, in milliseconds. A Date header has whole seconds. */
const toleratedMs = 60_000;
/** How long the service may take, in milliseconds. */
const patienceMs = 5000;

/**
 * Asks Cloudflare's API, which the program needs anyway, for its time; any answer has one.
 *
 * @throws Error when the clocks differ by more than a minute
 */
export async function compareClock(setting: Setting): Promise<void> {
  const address = apiAddress(setting);
  const { host } = new URL(address);
  let theirs = NaN;
  try {
    const answer = await fetch(address, { signal: AbortSignal.timeout(patienceMs) });
    await answer.body?.cancel();
    theirs = Date.parse(answer.headers.get("date") ?? "");
  } catch {
    // No answer is no reason to let certificates run out.
  }
  const now = Date.now();
  if (Number.isNaN(theirs))
    return console.log(
      `${host} gave no time within ${patienceMs / 1000} s, so this machine's clock was not ` +
        `compared; it says ${iso(now)}`,
    );
  const trouble = clockTrouble(now, theirs, host);
  if (trouble) throw new Error(trouble);
}

/**
 * Why no certificate is made, or "": `ours` and `theirs` in milliseconds since 1970. Pure.
 */
export function clockTrouble(ours: number, theirs: number, host: string): string {
  const off = ours - theirs;
  if (Math.abs(off) <= toleratedMs) return "";
  return (
    `this machine's clock is ${inWords(Math.abs(off))} ${off > 0 ? "ahead" : "behind"}: it says ` +
    `${iso(ours)}, and ${host} says ${iso(theirs)}. A certificate made now would have wrong ` +
    "dates, so none was made; set the clock (on Linux: timedatectl set-ntp true), and run pulumi " +
    "up again"
  );
}

/** In the largest unit that fits twice: 90 minutes, 24 hours, 3 days. */
function inWords(ms: number): string {
  const minutes = Math.round(ms / 60_000);
  if (minutes < 120) return `${minutes} minute${minutes === 1 ? "" : "s"}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}

function iso(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+/, "");
}
