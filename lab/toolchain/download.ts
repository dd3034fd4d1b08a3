import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * A server that has not begun to answer by then counts as out of reach, so a machine without
 * Internet loses no time.
 */
const answerWithinMs = 5_000;
const completeWithinMs = 300_000;

/**
 * Fetches a small text. Throws when the server does not begin to answer in 5 s or answers anything
 * but 200.
 */
export async function downloadText(url: string): Promise<string> {
  return (await answer(url)).text();
}

/**
 * Fetches a file and returns the hexadecimal digest of what was written. Deadlines: 5 s to the
 * first answer, 5 minutes for the whole.
 */
export async function downloadFile(
  url: string,
  file: string,
  algorithm: "sha256" | "sha512",
): Promise<string> {
  const response = await answer(url);
  const hash = createHash(algorithm);
  const digesting = new Transform({
    transform(chunk, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
  await pipeline(Readable.from(response.body ?? []), digesting, createWriteStream(file), {
    signal: AbortSignal.timeout(completeWithinMs),
  });
  return hash.digest("hex");
}

/**
 * The digest a list in the form of sha256sum's output has for a file name. Throws when the file is
 * not listed.
 */
export function listedDigest(sums: string, name: string): string {
  const line = sums
    .split("\n")
    .map((text) => text.trim().split(/\s+\*?/))
    .find(([, listed]) => listed === name || listed === `./${name}`);
  if (!line?.[0]) throw new Error(`${name} is not in the list of checksums`);
  return line[0].toLowerCase();
}

async function answer(url: string): Promise<Response> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new Error(`no answer in ${answerWithinMs / 1000} s`)),
    answerWithinMs,
  );
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return response;
  } catch (error) {
    throw new Error(`${url}: ${reason(error)}`);
  } finally {
    clearTimeout(timer);
  }
}

/** fetch hides the reason ("fetch failed") in its cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
