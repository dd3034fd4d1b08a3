/** Width of the page, for the languages whose own tool does not look at it. */
import { filesOf } from "./files.ts";

const width = 100;
/** URLs and digests cannot be broken. */
const wide = /https?:\/\/|[A-Za-z0-9+/=]{60,}/;

/** Lines of shell, Ruby and ERB that are wider than the page. */
export async function checkWidth(): Promise<string[]> {
  const files = await filesOf(/\.(sh|rb|erb)$/, /^#!.*\b((ba)?sh|ruby)\b/);
  return files.flatMap(({ name, text }) =>
    text
      .split("\n")
      .map((line, index) => ({ line, at: `${name}:${index + 1}` }))
      .filter(({ line }) => line.length > width && !wide.test(line))
      .map(({ line, at }) => `${at}: ${line.length} columns; ${width} are the page`),
  );
}
