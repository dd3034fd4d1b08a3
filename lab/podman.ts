import { existsSync, readFileSync } from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { projectDir } from "./paths.ts";
import { CommandError, runAsRoot, type RunOptions } from "./shell.ts";

/**
 * "v2" when the host runs cgroup v2 alone, "v1" when pure or hybrid v1, which systemd in a
 * container must be told.
 */
export const cgroupVersion: "v1" | "v2" = existsSync("/sys/fs/cgroup/cgroup.controllers")
  ? "v2"
  : "v1";

const configuration = path.join(projectDir, "lab/images/containers.conf");

/** crun, the usual default, refuses the hybrid of v1 and v2; runc takes it. */
const runtime = cgroupVersion === "v1" ? ["--runtime", "runc"] : [];

/**
 * Runs podman as root with the lab's own configuration and returns what it wrote to stdout. 60 s
 * deadline unless given. `run` and `create` get this process's resource limits, so no caller passes
 * --ulimit (not even "host").
 */
export async function podman(
  args: string[],
  opts: Pick<RunOptions, "timeoutMs" | "input" | "onLine"> = {},
): Promise<string> {
  const [verb = "", ...rest] = args;
  const limits = verb === "run" || verb === "create" ? ulimits() : [];
  try {
    // Through `env`, because sudo drops the environment.
    return await runAsRoot(
      "env",
      [`CONTAINERS_CONF=${configuration}`, "podman", ...runtime, verb, ...limits, ...rest],
      opts,
    );
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(
      error.message.replace(/^.*?: /, `podman ${args.slice(0, 3).join(" ")}: `),
      error.code,
      error.output,
    );
  }
}

/**
 * Removes containers of the lab, given by id or name, running or not; those that are gone already
 * count as removed. Podman now and then refuses a container that is just stopping ("container state
 * improper"), so it is asked again until they are gone, for 30 s unless given. Throws with what
 * podman said last, and the containers that are left.
 */
export async function removeContainers(
  containers: readonly string[],
  { deadlineMs = 30_000, pauseMs = 200, ask = podman } = {},
): Promise<void> {
  let left = containers;
  for (const deadline = Date.now() + deadlineMs; left.length > 0; await delay(pauseMs)) {
    try {
      await ask(["rm", "--force", "--ignore", "--time", "0", ...left], { timeoutMs: 120_000 });
      return;
    } catch (error) {
      // without an exit code podman could not be started, or hung
      if (!(error instanceof CommandError) || error.code === null) throw error;
      const there = await ask(["ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}}"]);
      const names = new Set(there.split(/\s+/));
      left = left.filter((container) => names.has(container));
      if (left.length > 0 && Date.now() >= deadline)
        throw new Error(
          `podman did not remove ${left.join(", ")} in ${deadlineMs / 1000} s; ` +
            `run the same command again\n${error.message}`,
          { cause: error },
        );
    }
  }
}

/**
 * Podman asks for 1048576 files as root, with "--ulimit host" too, and gives itself pid_max (32768
 * at least) processes. Both fail where even root may not raise limits (inside a container), so
 * containers get what this process has.
 */
function ulimits(): string[] {
  const hard = (name: string, most: number) => {
    const value = new RegExp(`^${name}\\s+\\S+\\s+(\\d+)`, "m").exec(
      readFileSync("/proc/self/limits", "utf8"),
    )?.[1];
    return Math.min(Number(value ?? most), most); // "unlimited" is no number
  };
  const files = hard("Max open files", 1_048_576);
  const processes = hard("Max processes", 32_768);
  return ["--ulimit", `nofile=${files}:${files}`, "--ulimit", `nproc=${processes}:${processes}`];
}
