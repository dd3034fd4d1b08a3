/**
 * How long a learner that copies is waited for: as long as it gets on, up to a bound. A large
 * snapshot takes longer than any other step (issue 14). Pure.
 */
import type { View } from "./view.ts";

/** The bound, from the first sight of a learner on, in seconds. */
export const longestCopySeconds = 3600;

export interface Patience {
  /** Takes note of how far a learner is; `now` in milliseconds. */
  saw(view: View, now: number): void;
  /** When time is over: whether a learner got on since this was last asked, within the bound. */
  more(now: number): boolean;
}

export function patience(boundSeconds = longestCopySeconds): Patience {
  let learner = "";
  let since = 0;
  let most = 0;
  let gotOn = false;
  return {
    saw({ learners: [first] }, now) {
      const copied = (first?.answer?.applied ?? 0) + (first?.machine?.bytes ?? 0);
      if (!first || first.id !== learner) {
        learner = first?.id ?? "";
        since = now;
        most = copied;
        gotOn = false;
        return;
      }
      if (copied > most) gotOn = true;
      most = Math.max(most, copied);
    },
    more(now) {
      const result = gotOn && now - since < boundSeconds * 1000;
      gotOn = false;
      return result;
    },
  };
}
