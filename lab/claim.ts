import { existsSync, readFileSync } from "node:fs";
import * as net from "node:net";
import * as path from "node:path";
import { addresses } from "./addresses.ts";
import { projectDir } from "./paths.ts";
import { podman } from "./podman.ts";
import { runAsRoot } from "./shell.ts";

/** Whose lab it is. /run is empty after a reboot, so a lab of before the reboot does not count. */
const claimFile = "/run/etcd-lab/checkout";

/**
 * What is on the host: nothing, a whole lab of this checkout, or remains of one (after a crash, a
 * reboot, a kill).
 */
export type LabState = "none" | "running" | "remains";

/**
 * Looks at the host. The lab counts as running while its EC2 emulator does, because what that knows
 * is in its memory alone; the other parts can be started again around it. Throws when a lab of
 * another checkout runs: there is one bridge and one set of ports.
 */
export async function labState(): Promise<LabState> {
  const claim = existsSync(claimFile) ? readFileSync(claimFile, "utf8").trim() : undefined;
  const containers: { Names: string[]; State: string }[] = JSON.parse(
    await podman(["ps", "--all", "--filter", "label=etcd-lab=1", "--format", "json"]),
  );
  const running = containers
    .filter(({ State }) => State === "running")
    .flatMap(({ Names }) => Names);
  if (claim === projectDir) return running.includes("etcd-lab-ec2") ? "running" : "remains";
  if (claim !== undefined && running.length > 0 && existsSync(claim)) {
    throw new Error(
      `a lab of another checkout is running (${claim}), and a host has room for one; ` +
        "take it down with npm run down there",
    );
  }
  return containers.length > 0 ||
    claim !== undefined ||
    existsSync(`/sys/class/net/${addresses.bridge}`)
    ? "remains"
    : "none";
}

/**
 * Whether this checkout has made the last claim to the host's lab since the boot; says nothing
 * about what runs.
 */
export function labIsOurs(): boolean {
  return existsSync(claimFile) && readFileSync(claimFile, "utf8").trim() === projectDir;
}

/**
 * Throws, in one sentence, when the lab on this host is another checkout's: what looks at a lab, or
 * breaks something in it, would act on that one.
 */
export function refuseAnothersLab(command: string): void {
  const claim = existsSync(claimFile) ? readFileSync(claimFile, "utf8").trim() : projectDir;
  if (claim === projectDir) return;
  throw new Error(
    `the lab on this host is not this checkout's but that of ${claim}; ` +
      (existsSync(claim)
        ? `type it there: npm run ${command}`
        : "that one is gone: npm run lab -- start clears what is left of it, and makes one here"),
  );
}

/**
 * Notes that the lab on this host is this checkout's. Comes before anything is made, so that a
 * killed start is found again.
 */
export async function claimHost(): Promise<void> {
  await runAsRoot("mkdir", ["-p", path.dirname(claimFile)]);
  await runAsRoot("tee", [claimFile], { input: `${projectDir}\n` });
}

export async function releaseHost(): Promise<void> {
  await runAsRoot("rm", ["-rf", path.dirname(claimFile)]);
}

/** Throws when another program listens on one of the lab's ports, before half a lab is up. */
export async function checkPorts(): Promise<void> {
  const uses = {
    ec2Port: "the EC2 emulator",
    cloudflarePort: "the Cloudflare emulator",
    controlPort: "the lab's control interface",
  } as const;
  for (const name of ["ec2Port", "cloudflarePort", "controlPort"] as const) {
    const taken = await new Promise<boolean>((resolve) => {
      const probe = net.createServer().once("error", () => resolve(true));
      probe.listen(addresses[name], "127.0.0.1", () => probe.close(() => resolve(false)));
    });
    if (taken)
      throw new Error(
        `port ${addresses[name]} on 127.0.0.1 is taken, and ${uses[name]} needs it; see ` +
          `who has it with: ss -ltnp 'sport = :${addresses[name]}'`,
      );
  }
}
