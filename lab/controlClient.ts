import { addresses } from "./addresses.ts";
import { patiently, tellAside } from "./patience.ts";

/**
 * Calls the lab's control interface and returns its JSON answer. While it takes, a line every 5 s.
 * Throws with the interface's own words when it refuses, and when the lab does not run or stands
 * still.
 */
export async function control<T>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
  {
    port = addresses.controlPort as number,
    everyMs = 5_000,
    giveUpMs = 60_000,
    tell = tellAside,
  } = {},
): Promise<T> {
  const ask = async () => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      signal: AbortSignal.timeout(giveUpMs + 1_000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    }).catch(() => {
      throw new Error(
        "the lab is not running (its control interface does not answer); start it with " +
          "npm run lab -- start",
      );
    });
    return { response, answer: (await response.json()) as unknown };
  };
  const asked = `the lab's control interface (${method} ${path})`;
  const next =
    "npm run lab -- logs daemon shows its last words, npm run lab -- stop ends it all the same";
  const { response, answer } = await patiently(ask(), asked, tell, { everyMs, giveUpMs, next });
  if (!response.ok)
    throw new Error(
      errorIn(answer) ??
        `the control interface answered HTTP ${response.status} to ${method} ${path}`,
    );
  return answer as T; // the interface is ours, of the same checkout
}

function errorIn(answer: unknown): string | undefined {
  return typeof answer === "object" && answer !== null && "error" in answer
    ? String(answer.error)
    : undefined;
}
