import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { addresses } from "./addresses.ts";
import { checkPorts, claimHost, labState } from "./claim.ts";
import { daemonIsCurrent, startDaemon } from "./daemonProcess.ts";
import { startDns } from "./dns/servers.ts";
import { firewallTables } from "./ec2/firewall.ts";
import { startMoto } from "./ec2/moto.ts";
import { ensureImages } from "./images.ts";
import { checkFirewall, checkNetwork, startNetwork } from "./network.ts";
import { keyDir, labDir, logDir, pulumiHome, stateDir } from "./paths.ts";
import { type Phase, Phases } from "./phases.ts";
import { installPlugins } from "./plugins/install.ts";
import { ensurePrerequisites } from "./prerequisites.ts";
import { checkRoom } from "./room.ts";
import { run } from "./shell.ts";
import { forgetStack, stackContents } from "./stack.ts";
import { clearLab } from "./stop.ts";
import { ensureCli } from "./toolchain/cli.ts";
import { ensureEtcd } from "./toolchain/etcd.ts";

export interface StartedLab {
  /** Folder of the Pulumi CLI. */
  readonly cliDir: string;
  /** What took how long. CLI, etcd and services are made at the same time. */
  readonly phases: readonly Phase[];
  /** Whether the lab ran already and knows what it was told. */
  readonly wasRunning: boolean;
}

/**
 * Brings the lab up, or what is missing of it: host packages, images, CLI and etcd (from the cache
 * or made, at the same time), network, name servers, EC2 emulator, daemon, SSH key, plugins. A
 * running lab costs about a second. Remains of an earlier one (a reboot, a crash, a stop that
 * failed) are cleared first, and with them the stack's state and the SSH key: the state speaks of
 * what went with the earlier lab, and with another key the program would refuse it. The logs stay.
 * Versions of etcd given are put into the mirror.
 */
export async function startLab(
  report: (line: string) => void,
  etcdVersions: readonly string[],
): Promise<StartedLab> {
  const phases = new Phases();
  await phases.time("host", () => ensurePrerequisites(report));
  const state = await labState();
  if (state !== "running") await forgetEarlierStack(report);
  if (state === "remains") {
    report("lab: clearing what an earlier lab left behind");
    await phases.time("clearing", () => clearLab(["logs"]));
  }
  if (state !== "running") {
    await checkRoom();
    await checkPorts();
    await checkNetwork();
    await checkFirewall(
      firewallTables([], { rules: new Map(), addresses: new Map() }, 1, addresses),
    );
  }
  for (const folder of [labDir, logDir, stateDir]) await fs.mkdir(folder, { recursive: true });
  const [cliDir] = await Promise.all([
    phases.time("Pulumi CLI", () => ensureCli(report)),
    phases.time("etcd", async () => {
      for (const version of etcdVersions) await ensureEtcd(version, report);
    }),
    startServices(phases, report),
    makeSshKey(),
    installPlugins(pulumiHome),
  ]);
  return { cliDir, phases: phases.done, wasRunning: state === "running" };
}

/** The lab's EC2 keeps what it knows in memory, so no state outlives it. */
async function forgetEarlierStack(report: (line: string) => void): Promise<void> {
  const { resources } = await stackContents();
  if (resources > 0)
    report(
      `stack        has ${resources} resources that the lab, started anew, knows nothing of ` +
        "(its EC2 forgets at a stop or reboot): starting from nothing",
    );
  await forgetStack();
}

async function startServices(phases: Phases, report: (line: string) => void): Promise<void> {
  const images = await phases.time("images", () => ensureImages(report));
  await claimHost();
  await phases.time("network", startNetwork);
  await Promise.all([
    phases.time("name servers", () => startDns(images)),
    phases.time("EC2 emulator", () => startMoto(images)),
  ]);
  if (!(await daemonIsCurrent())) await phases.time("daemon", startDaemon);
}

/** The operator's key, ed25519, made once a lab. */
async function makeSshKey(): Promise<void> {
  const file = path.join(keyDir, "admin");
  if (existsSync(file)) return;
  await fs.mkdir(keyDir, { recursive: true, mode: 0o700 });
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "etcd-lab", "-f", file]);
}
