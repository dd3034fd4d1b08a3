/** How long a person waits for a service that says nothing. */
import { setTimeout as delay } from "node:timers/promises";

/**
 * What the work gives. While it takes, a line every 5 s says what is waited for; after 30 s it is
 * given up, with an error that ends in what to do. Times are in milliseconds.
 */
export async function patiently<T>(
  work: Promise<T>,
  what: string,
  tell: (line: string) => void,
  { everyMs = 5_000, giveUpMs = 30_000 } = {},
): Promise<T> {
  const end = new AbortController();
  const waiting = (async () => {
    for (let waited = everyMs; waited < giveUpMs; waited += everyMs) {
      await delay(everyMs, undefined, { signal: end.signal });
      tell(`waiting for ${what}, ${waited / 1000} of ${giveUpMs / 1000} s`);
    }
    await delay(everyMs, undefined, { signal: end.signal });
    throw new Error(
      `${what} gave no answer in ${giveUpMs / 1000} s; see whether it can be reached from here, ` +
        "then run the same again",
    );
  })();
  try {
    return await Promise.race([work, waiting]);
  } finally {
    end.abort();
  }
}
