/**
 * The stack under runs that are killed: what an undisturbed run ends with, and what none may leave.
 */
import assert from "node:assert/strict";
import { createStack } from "../../lab/stack.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { eventually, mustRun } from "./harness.ts";
import { inventory } from "./inventory.ts";
import { runUntil } from "./killing.ts";
import { machines } from "./machines.ts";

export interface KilledStack {
  /** Folder of the CLI. */
  readonly cli: string;
  /** A run that nobody kills; fails unless it ends well. Returns what it said. */
  ends(...args: string[]): Promise<string>;
  /** All that an undisturbed `up` makes is there, and nothing besides; the cluster is well. */
  isWhole(): Promise<void>;
  /** Nothing is there any more. */
  isGone(): Promise<void>;
}

/** A new lab with a whole cluster in it. */
export async function openKilledStack(): Promise<KilledStack> {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  const cli = await ensureCli(() => undefined);
  await createStack(cli);
  const ends = async (...args: string[]) => {
    const { code, text } = await runUntil(cli, args, "create", () => undefined, 0);
    mustHaveEnded(args, code, text);
    return text;
  };
  await ends("up");
  const undisturbed = await inventory();
  return {
    cli,
    ends,
    async isWhole() {
      assert.deepEqual(await inventory(), undisturbed);
      assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
      await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
    },
    async isGone() {
      assert.deepEqual(await inventory(), [], "something was left behind");
      await eventually("the machines to go", 30_000, async () => (await machines()).length === 0);
    },
  };
}

/** Fails the test with the end of what the run said, unless its exit code is 0. */
export function mustHaveEnded(args: readonly string[], code: number | undefined, text: string) {
  assert.equal(
    code,
    0,
    `pulumi ${args.join(" ")}, which nobody killed, failed:\n${text.slice(-3000)}`,
  );
}

/** The name of the resource in a URN. */
export const nameOf = (urn: string): string => urn.split("::").at(-1) ?? urn;
