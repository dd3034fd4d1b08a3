import { cgroupVersion, podman } from "../podman.ts";

/**
 * Arguments of `podman run` for a container with systemd in it: on a host with cgroup v1 it has to
 * be told, on v2 it must not.
 */
export const systemdEnvironment: readonly string[] =
  cgroupVersion === "v1"
    ? [
        "--env",
        "SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=0 " +
          "SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1",
      ]
    : [];

let share: Promise<readonly string[]> | undefined;

/**
 * Arguments of `podman run` that give a container its fair share of the processors. Where podman
 * makes cgroups itself (v1 without systemd around it) all containers together have the weight of
 * one process: on two busy cores three machines then needed 8 to 14 s until SSH answered, and under
 * 4 s with a place and weight of their own. systemd's slices are fair as they are.
 */
export function fairShare(): Promise<readonly string[]> {
  return (share ??= (async () => {
    const own =
      cgroupVersion === "v1" &&
      (await podman(["info", "--format", "{{.Host.CgroupManager}}"])).trim() === "cgroupfs";
    return own ? ["--cgroup-parent", "/", "--cpu-shares", "4096"] : [];
  })());
}
