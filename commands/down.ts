import { existsSync } from "node:fs";
import { labState } from "../lab/claim.ts";
import { checkLabIsOurs } from "../lab/ownership.ts";
import { labDir } from "../lab/paths.ts";
import { Phases } from "../lab/phases.ts";
import { stackName } from "../lab/pulumiEnvironment.ts";
import { createStack, removeDeadLocks, stackContents } from "../lab/stack.ts";
import { stopLab } from "../lab/stop.ts";
import { ensureCli } from "../lab/toolchain/cli.ts";
import { lookAfterKill } from "./stack/killedRun.ts";
import { runPulumi, StoppedRun } from "./stack/pulumiRun.ts";
import { labStack, type StackAccess } from "./stack/stackAccess.ts";
import { readArguments } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";

const help = `
npm run down      destroys the stack dev and takes the lab down

First pulumi destroy, the way it would go on real machines, then the lab itself. Nothing is left but
caches: no machine, volume, record, process, network or state. Works when the lab is half made or
gone too.
`;

await command("down", help, async (args) => {
  readArguments("down", args, {});
  checkLabIsOurs("down");
  const phases = new Phases();
  const tell = (line: string) => {
    process.stdout.write(`${phases.elapsed().toFixed(1).padStart(6)} s  ${line}\n`);
  };
  let failure: Error | undefined;
  const { resources, madeFor = stackName } = await stackContents();
  if (madeFor !== stackName)
    throw new Error(
      `the state of the stack ${stackName} holds what was made for the stack ${madeFor}: it is a ` +
        "copy, and destroying it would take the other's things, so nothing was done. Forget the " +
        `copy: npm run pulumi -- stack rm --force ${stackName}, then npm run down again`,
    );
  const state = existsSync(labDir) ? await labState() : "none";
  if (resources > 0 && state === "running") {
    tell(`pulumi       destroying ${resources} resources`);
    try {
      const cliDir = await ensureCli(tell);
      await removeDeadLocks(tell);
      await createStack(cliDir);
      const stack = await labStack(cliDir);
      await lookAfterKill(stack, tell);
      await phases.time("pulumi destroy", () => destroy(stack, tell));
    } catch (error) {
      if (error instanceof StoppedRun) throw error; // nor shall the lab go
      // the lab goes all the same, and with it everything the stack stood for
      failure = error as Error;
      tell(
        "pulumi       destroy failed; taking the lab down all the same (the reason " +
          "follows at the end)",
      );
    }
  } else if (resources > 0) {
    tell(
      `stack        has ${resources} resources, but the lab they were in is gone: forgetting them`,
    );
  }
  if (existsSync(labDir)) tell("lab          taking it down");
  await phases.time("lab", () => stopLab(failure ? ["logs"] : []));
  tell(
    "down         nothing is left but caches " +
      `(${phases.done.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(", ")})`,
  );
  if (failure) throw failure;
});

/**
 * A record that was removed by hand fails a destroy, with the lab's plugin as with the official
 * one: a refresh lets it go.
 */
async function destroy(stack: StackAccess, tell: (line: string) => void): Promise<void> {
  try {
    await runPulumi(stack, ["destroy", "--yes", "--skip-preview"], tell);
  } catch (error) {
    if (error instanceof StoppedRun) throw error;
    const message = error instanceof Error ? error.message : `\n${error}`;
    tell(`pulumi       ${message.split("\n").slice(1).join(" ").trim()}`);
    tell("pulumi       destroy failed; once more, after a look at what there still is");
    await runPulumi(stack, ["destroy", "--yes", "--skip-preview", "--refresh"], tell);
  }
}
