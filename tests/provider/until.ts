import assert from "node:assert/strict";

const deadlineMs = 10_000;

/** Waits for a condition, and fails the test by name of what did not come in 10 s. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!condition()) {
    assert.ok(performance.now() < deadline, `${what} did not come in ${deadlineMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
