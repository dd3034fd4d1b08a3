import { addresses } from "./addresses.ts";

/**
 * Calls the lab's control interface and returns its JSON answer. Throws with the interface's own
 * words when it refuses, and when the lab does not run.
 */
export async function control<T>(
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`http://127.0.0.1:${addresses.controlPort}${path}`, {
      method,
      signal: AbortSignal.timeout(60_000),
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
    });
  } catch {
    throw new Error(
      "the lab is not running (its control interface does not answer); start it with " +
        "npm run lab -- start",
    );
  }
  const answer: unknown = await response.json();
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
