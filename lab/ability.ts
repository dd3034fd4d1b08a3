import { missingCommands, rootProblem } from "./prerequisites.ts";
import { run } from "./shell.ts";

/**
 * Why this machine cannot run the lab, in words that end a sentence; undefined when it can. Asks
 * for no password, installs nothing.
 */
export async function whyNoLab(): Promise<string | undefined> {
  if (process.platform !== "linux") return `it needs Linux (this is ${process.platform}).`;
  if (
    process.getuid?.() !== 0 &&
    !(await run("sudo", ["-n", "true"]).then(
      () => true,
      () => false,
    ))
  ) {
    return "it needs root. Run npm test as root, or run `sudo -v` before it.";
  }
  const lacking = await rootProblem();
  if (lacking) return lacking;
  const missing = await missingCommands();
  if (
    missing.length > 0 &&
    (await missingCommands([{ command: "apt-get", apt: "apt", dnf: "apt" }])).length > 0
  ) {
    return (
      `${missing.map(({ command }) => command).join(", ")} are missing and there is no ` +
      `apt-get to install them. Install them: ${missing.map(({ dnf }) => dnf).join(" ")}.`
    );
  }
  return undefined;
}
