import * as path from "node:path";
import { labIsOurs } from "../lab/claim.ts";
import { daemonAnswers } from "../lab/daemonProcess.ts";
import { checkLabIsOurs } from "../lab/ownership.ts";
import { projectDir, pulumiHome } from "../lab/paths.ts";
import { installPlugins } from "../lab/plugins/install.ts";
import { pulumiEnvironment } from "../lab/pulumiEnvironment.ts";
import { createStack } from "../lab/stack.ts";
import { stackFileArguments } from "../lab/stackFile.ts";
import { ensureCli } from "../lab/toolchain/cli.ts";
import { command } from "./terminal/command.ts";
import { passThrough } from "./terminal/passThrough.ts";

const help = `
npm run pulumi -- ARGS        the Pulumi CLI with the lab's environment, on the stack dev

  npm run pulumi -- preview --expect-no-changes
  npm run pulumi -- up
  npm run pulumi -- stack --show-urns
  npm run pulumi -- up --help

State, plugins and the passphrase are the lab's; no credential of a real cloud is passed on. The lab
must be running for commands that talk to it (npm run lab -- start).
`;

/** Subcommands that ask or change the lab. */
const needLab = ["up", "update", "preview", "pre", "refresh", "destroy", "down", "import", "watch"];

await command("pulumi", help, async (args) => {
  checkLabIsOurs("pulumi");
  const usesLab = needLab.includes(args[0] ?? "") && !args.includes("--help");
  if (usesLab && !(labIsOurs() && (await daemonAnswers()))) {
    throw new Error(
      "the lab of this checkout is not running; start it with npm run lab -- start (or " +
        "npm run up, which makes the cluster too)",
    );
  }
  const cliDir = await ensureCli((line) => process.stderr.write(`${line}\n`));
  await installPlugins(pulumiHome);
  await createStack(cliDir);
  const stackFile =
    usesLab && !args.some((arg) => arg.startsWith("--config-file"))
      ? await stackFileArguments()
      : [];
  return passThrough(
    path.join(cliDir, "pulumi"),
    () => ({ args: [...args, ...stackFile], cwd: projectDir, env: pulumiEnvironment(cliDir) }),
    "SIGINT", // Pulumi saves its state on this one only
  );
});
