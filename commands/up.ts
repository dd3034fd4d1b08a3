import { spawn } from "node:child_process";
import * as path from "node:path";
import { etcdVersion } from "../lab/etcdVersion.ts";
import { checkLabIsOurs } from "../lab/ownership.ts";
import { projectDir } from "../lab/paths.ts";
import { Phases } from "../lab/phases.ts";
import { createStack, removeDeadLocks } from "../lab/stack.ts";
import { startLab } from "../lab/start.ts";
import { lookAfterKill } from "./stack/killedRun.ts";
import { runPulumi } from "./stack/pulumiRun.ts";
import { labStack } from "./stack/stackAccess.ts";
import { stackOutputs } from "./stack/stackOutputs.ts";
import { readArguments } from "./terminal/arguments.ts";
import { command } from "./terminal/command.ts";

const help = `
npm run up        makes the etcd cluster of the stack dev in the lab, or brings it up to date

Starts the lab if needed (name servers, EC2 and Cloudflare emulators), runs pulumi up, and prints
the members. The first run installs what is missing: host packages through apt-get (listed before),
images, the Pulumi CLI, etcd. npm run down removes everything again.
`;

await command("up", help, async (args) => {
  readArguments("up", args, {});
  checkLabIsOurs("up");
  const phases = new Phases();
  const tell = (line: string) => {
    process.stdout.write(`${phases.elapsed().toFixed(1).padStart(6)} s  ${line}\n`);
  };

  tell("lab          starting, or finding it running");
  const lab = await phases.time("lab", async () => startLab(tell, [await etcdVersion()]));
  const parts = lab.phases
    .filter(({ seconds }) => seconds >= 0.1)
    .map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`)
    .join(", ");
  tell(`lab          ${lab.wasRunning ? "was running" : "started"}${parts ? ` (${parts})` : ""}`);

  await removeDeadLocks(tell);
  const stack = await labStack(lab.cliDir);
  await phases.time("stack", async () => {
    await createStack(lab.cliDir);
    await lookAfterKill(stack, tell);
  });
  tell("pulumi up    starting the program");
  const progress = await phases.time("pulumi up", () =>
    runPulumi(stack, ["up", "--yes", "--skip-preview"], tell),
  );
  const changes = Object.entries(progress.changes)
    .filter(([operation]) => operation !== "same")
    .map(([operation, count]) => `${count} ${operation}`);
  tell(`pulumi up    done: ${changes.join(", ") || "nothing to change"}`);

  const [healthy, outputs] = await Promise.all([
    phases.time("status", () => printStatus()),
    stackOutputs(stack),
  ]);
  const total = phases.elapsed().toFixed(1);
  process.stdout.write(
    `\nUp in ${total} s: ` +
      `${phases.done.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(", ")}.\n`,
  );
  const busy = progress.busy();
  if (busy.length > 0)
    process.stdout.write(
      "Within pulumi up (some at the same time): " +
        `${busy.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(", ")}.\n`,
    );
  const [opened, well] = ["DNS gate", "health"].map((group) => progress.endedAt.get(group));
  if (opened && well) {
    const at = (time: number) => (phases.elapsed() - (Date.now() - time) / 1000).toFixed(1);
    process.stdout.write(
      `From the open DNS gate (${at(opened)} s) to a healthy cluster (${at(well)} s): ` +
        `${((well - opened) / 1000).toFixed(1)} s.\n`,
    );
  }
  process.stdout.write(
    "The recipe was converged by the lab's stand-in for the Chef client (lab/chef, over " +
      "Debian's itamae); on real machines it is Cinc or Chef.\n",
  );
  if (healthy !== 0) return healthy; // what to type then was said above
  process.stdout.write(
    "\nTry next:\n  npm run etcdctl -- put hello world\n  npm run ssh -- " +
      `${Object.keys(outputs.endpoints)[0]}\n  npm run pulumi -- preview --expect-no-changes\n`,
  );
  return healthy;
});

/** The table of `npm run status`; its exit code. */
function printStatus(): Promise<number> {
  process.stdout.write("\n");
  const child = spawn(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", path.join(projectDir, "commands/status.ts")],
    { stdio: "inherit" },
  );
  return new Promise((resolve, reject) =>
    child.on("error", reject).on("exit", (code) => resolve(code ?? 1)),
  );
}
