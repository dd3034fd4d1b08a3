import type { Fault } from "./faultKinds.ts";
import type { FaultEffects } from "./faults.ts";
import { breakDatabase, mendDatabase } from "./dns/config.ts";
import { failCalls } from "./ec2/callFaults.ts";
import { machineName } from "./machineName.ts";
import { namespaces, setLink } from "./network.ts";
import { podman } from "./podman.ts";

/** What faults do to the lab's containers and cables on this host. */
export const hostEffects: FaultEffects = { begin };

async function begin(fault: Fault): Promise<(() => Promise<void>) | undefined> {
  switch (fault.kind) {
    case "server-down":
      return pause(fault.server);
    case "servfail":
      return servfail(fault.server);
    case "pause":
      return pause(await machineName(fault.machine));
    case "partition": {
      const name = await machineName(fault.machine);
      await setLink(name, "down");
      return async () => {
        // It may have been removed meanwhile; what is gone needs no mending.
        if ((await namespaces()).includes(name)) await setLink(name, "up");
      };
    }
    case "ec2-fault":
      return failCalls(fault);
    case "kill":
      await podman(["kill", "--signal", "KILL", containerName(await machineName(fault.machine))]);
      return undefined;
    case "dns-lag":
    case "withhold":
    case "falsify":
    case "extra":
    case "ssh-late":
    case "api-fault": // whoever serves looks these up
      return undefined;
  }
}

async function pause(name: string): Promise<() => Promise<void>> {
  await podman(["pause", containerName(name)]);
  return async () => {
    if (await isInState(name, "paused")) await podman(["unpause", containerName(name)]);
  };
}

/**
 * A nameserver whose table of records is gone answers SERVFAIL, as one with a broken database does.
 */
async function servfail(server: string): Promise<() => Promise<void>> {
  const runThere = (script: string) => podman(["exec", containerName(server), "sh", "-c", script]);
  await runThere(breakDatabase);
  return async () => {
    if (await isInState(server, "running")) await runThere(mendDatabase);
  };
}

async function isInState(name: string, state: "running" | "paused"): Promise<boolean> {
  const found = await podman([
    "ps",
    "--all",
    "--filter",
    `name=^${containerName(name)}$`,
    "--filter",
    `status=${state}`,
    "--format",
    "{{.Names}}",
  ]);
  return found.trim() !== "";
}

function containerName(name: string): string {
  return `etcd-lab-${name}`;
}
