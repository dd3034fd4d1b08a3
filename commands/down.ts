import { existsSync } from "node:fs";
import { labState } from "../lab/claim.ts";
import { command, usageError } from "../lab/command.ts";
import { labDir } from "../lab/paths.ts";
import { Phases } from "../lab/phases.ts";
import { runPulumi } from "../lab/pulumiRun.ts";
import { createStack, lookAfterKill, removeDeadLocks, stackContents } from "../lab/stack.ts";
import { stopLab } from "../lab/stop.ts";
import { ensureCli } from "../lab/toolchain/cli.ts";

const help = `
npm run down      destroys the stack dev and takes the lab down

First pulumi destroy, the way it would go on real machines, then the lab itself. Nothing is left but caches: no machine, volume, record,
process, network or state. Works when the lab is half made or gone too.
`;

await command("down", help, async (args) => {
  if (args.length > 0) throw usageError("down", `down takes no arguments (got ${args.join(" ")})`);
  const phases = new Phases();
  const tell = (line: string) => {
    process.stdout.write(`${phases.elapsed().toFixed(1).padStart(6)} s  ${line}\n`);
  };
  let failure: Error | undefined;
  const { resources } = await stackContents();
  const state = existsSync(labDir) ? await labState() : "none";
  if (resources > 0 && state === "running") {
    tell(`pulumi       destroying ${resources} resources`);
    try {
      const cliDir = await ensureCli(tell);
      await removeDeadLocks(tell);
      await createStack(cliDir);
      await lookAfterKill(cliDir, tell);
      await phases.time("pulumi destroy", () => destroy(cliDir, tell));
    } catch (error) {
      failure = error as Error; // the lab goes all the same, and with it everything the stack stood for
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
async function destroy(cliDir: string, tell: (line: string) => void): Promise<void> {
  try {
    await runPulumi(cliDir, ["destroy", "--yes", "--skip-preview"], tell);
  } catch (error) {
    tell(
      "pulumi       " +
        `${error instanceof Error ? error.message.split("\n").slice(1).join(" ").trim() : String(error)}`,
    );
    tell("pulumi       destroy failed; once more, after a look at what there still is");
    await runPulumi(cliDir, ["destroy", "--yes", "--skip-preview", "--refresh"], tell);
  }
}
