/** How long a person waits for a service that says nothing. */
import { setTimeout as delay } from "node:timers/promises";

/** Takes a line for the person who waits. */
export type Tell = (line: string) => void;

/** The standard error: what a command answers with stays what it is. */
export const tellAside: Tell = (line) => {
  process.stderr.write(`${line}\n`);
};

/**
 * What the work gives. While it takes, a line every 5 s says what is waited for; after 30 s it is
 * given up, with an error that ends in what to do. Times are in milliseconds.
 */
export async function patiently<T>(
  work: Promise<T>,
  what: string,
  tell: Tell,
  {
    everyMs = 5_000,
    giveUpMs = 30_000,
    next = "see whether it can be reached from here, then run the same again",
  } = {},
): Promise<T> {
  const end = new AbortController();
  const waiting = (async () => {
    await lines(`waiting for ${what}`, tell, everyMs, end.signal, giveUpMs);
    throw new Error(`${what} gave no answer in ${giveUpMs / 1000} s; ${next}`);
  })();
  try {
    return await Promise.race([work, waiting]);
  } finally {
    end.abort();
  }
}

/** What the work gives, which has a deadline of its own. While it takes, a line every 5 s. */
export async function telling<T>(
  work: Promise<T>,
  doing: string,
  tell: Tell,
  everyMs = 5_000,
): Promise<T> {
  const end = new AbortController();
  lines(doing, tell, everyMs, end.signal).catch(() => undefined); // aborted
  try {
    return await work;
  } finally {
    end.abort();
  }
}

/** Until `limitMs` are over. */
async function lines(
  doing: string,
  tell: Tell,
  everyMs: number,
  signal: AbortSignal,
  limitMs = Infinity,
): Promise<void> {
  const of = limitMs === Infinity ? "" : ` of ${limitMs / 1000}`;
  for (let waited = everyMs; waited < limitMs; waited += everyMs) {
    await delay(everyMs, undefined, { signal });
    tell(`${doing}, ${waited / 1000}${of} s`);
  }
  await delay(everyMs, undefined, { signal });
}
