/**
 * The lab's machines from outside: what runs on them, without SSH and without the stack's outputs.
 */
import { podman } from "../../lab/podman.ts";

/** Containers of machines, by host name. */
export async function machines(): Promise<string[]> {
  const listed = await podman(["ps", "--filter", "label=etcd-lab=1", "--format", "{{.Names}}"]);
  return listed.split("\n").filter((name) => name.startsWith("etcd-lab-i-"));
}

/** Runs a command on a machine as root. Throws CommandError when it fails. */
export function onMachine(container: string, ...command: string[]): Promise<string> {
  return podman(["exec", container, ...command]);
}

/** Whether an etcd process runs on any machine, whatever started it. */
export async function etcdRuns(): Promise<boolean> {
  const found = await Promise.all(
    (await machines()).map((machine) =>
      onMachine(machine, "sh", "-c", "pgrep -x etcd || echo none"),
    ),
  );
  return found.some((text) => text.trim() !== "none");
}
