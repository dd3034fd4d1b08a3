/**
 * Waiting for a condition: one loop for all that waits, with a deadline, with words while it waits,
 * and with the last answer at the end. It travels in states with the providers that use it.
 */

/**
 * What one look found: the thing waited for, or what still keeps it away; `hopeless` when more time
 * would change nothing.
 */
export type Look<Found, Still> =
  { readonly found: Found } | { readonly still: Still; readonly hopeless?: boolean };

/** What tells the time and lets it pass; tests bring their own. */
export interface Clock {
  /** Milliseconds since any fixed moment. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** The words while waiting. */
export interface Saying<Still> {
  readonly say: (line: string) => void;
  /** One line about the last look; seconds waited so far, whole. */
  readonly line: (still: Still, waitedSeconds: number) => string;
  /** Seconds until the first line. @default 5 */
  readonly firstAfter?: number;
  /** Seconds between two lines. @default 15 */
  readonly every?: number;
}

export interface Waiting<Found, Still> {
  /**
   * Looks once. What it throws ends the waiting at once, so a failure that may pass is a `still`.
   */
  readonly look: () => Promise<Look<Found, Still>>;
  /** How long it may take, in seconds; there is always one look, and it is never cut off. */
  readonly seconds: number;
  /** Milliseconds between two looks: a number, or a back-off. */
  readonly pause: number | ((waitedMs: number, still: Still) => number);
  /** @default nothing is said */
  readonly saying?: Saying<Still>;
  /**
   * What is made of the last answer when time is over, or hope is: throws, or returns in place of
   * `found`.
   */
  readonly expired: (still: Still, waitedSeconds: number) => Found;
  /** @default the machine's */
  readonly clock?: Clock;
}

export const machineClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
};

/**
 * Looks until something is found or time is over.
 * @throws what `look` or `expired` throws
 */
export async function poll<Found, Still>(waiting: Waiting<Found, Still>): Promise<Found> {
  const { look, seconds, pause, saying, expired, clock = machineClock } = waiting;
  const started = clock.now();
  let saidAt = 0;
  for (;;) {
    const seen = await look();
    if ("found" in seen) return seen.found;
    const waited = clock.now() - started;
    if (seen.hopeless || waited >= seconds * 1000)
      return expired(seen.still, Math.round(waited / 1000));
    const silence = saidAt ? (saying?.every ?? 15) : (saying?.firstAfter ?? 5);
    if (saying && waited - saidAt > silence * 1000) {
      saidAt = waited;
      saying.say(saying.line(seen.still, Math.round(waited / 1000)));
    }
    await clock.sleep(typeof pause === "number" ? pause : pause(waited, seen.still));
  }
}
