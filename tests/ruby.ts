/**
 * Ruby, which renders the cookbook's templates as itamae does: the host's, else the one in the
 * lab's machine image.
 */
import { whyNoLab } from "../lab/ability.ts";
import { ensureImages, imageNames } from "../lab/images.ts";
import { podman } from "../lab/podman.ts";
import { missingCommands } from "../lab/prerequisites.ts";
import { run } from "../lab/shell.ts";

/** Whether this host has a ruby of its own. */
export const hostHasRuby = async (): Promise<boolean> =>
  (await missingCommands([{ command: "ruby", apt: "ruby", dnf: "ruby" }])).length === 0;

/**
 * For tests that are to build nothing: why there is no ruby to render with; false when there is
 * one.
 */
export async function whyNoRuby(): Promise<string | false> {
  if (await hostHasRuby()) return false;
  if (
    (await whyNoLab()) === undefined &&
    (await missingCommands([{ command: "podman", apt: "podman", dnf: "podman" }])).length === 0
  ) {
    const { machine } = await imageNames();
    if ((await podman(["images", "--filter", `reference=${machine}`, "--quiet"])).trim() !== "")
      return false;
  }
  return (
    "no ruby here: install it, or run the whole of npm test where the lab can run, whose " +
    "image has one"
  );
}

/** What a program prints. Builds the lab's image when the host has no ruby. */
export async function ruby(program: string, input: string): Promise<string> {
  if (await hostHasRuby()) return run("ruby", ["-e", program], { input });
  const { machine } = await ensureImages((line) => {
    process.stderr.write(`${line}\n`);
  });
  return podman(
    [
      "run",
      "--rm",
      "--interactive",
      "--network",
      "none",
      "--entrypoint",
      "ruby",
      machine,
      "-e",
      program,
    ],
    { input },
  );
}
