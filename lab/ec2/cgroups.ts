import { cgroupVersion, podman } from "../podman.ts";

/** On a host with cgroup v1 systemd has to be told; on v2 it must not. */
const environment = cgroupVersion === "v1"
  ? ["--env", "SYSTEMD_PROC_CMDLINE=systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1"] : [];

let known: Promise<string[]> | undefined;

/** Arguments of `podman run` that depend on the host's cgroups; found out once. */
export function cgroupArguments(): Promise<string[]> {
  return known ??= found();
}

/**
 * Where podman makes cgroups itself (v1 without systemd around it), all containers together have the weight of one process: on
 * two busy cores three machines then needed 8 to 14 s until SSH answered, and with a place and weight of their own under 4 s.
 * systemd's slices are fair as they are.
 */
async function found(): Promise<string[]> {
  if (cgroupVersion !== "v1") return environment;
  const manager = (await podman(["info", "--format", "{{.Host.CgroupManager}}"])).trim();
  return manager === "cgroupfs" ? [...environment, "--cgroup-parent", "/", "--cpu-shares", "4096"] : environment;
}
