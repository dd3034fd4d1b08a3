import { DescribeVpcsCommand } from "@aws-sdk/client-ec2";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { addresses, vpc } from "../addresses.ts";
import type { Images } from "../images.ts";
import { logDir } from "../paths.ts";
import { podman, removeContainers } from "../podman.ts";
import { fairShare } from "./cgroups.ts";
import { ec2Client } from "./client.ts";

const container = "etcd-lab-ec2";
const log = path.join(logDir, "moto.log");
const startDeadlineMs = 60_000;

/** What lab/ec2/moto/settings.py reads. */
const settings = {
  port: addresses.ec2Port,
  region: vpc.region,
  vpc: { id: vpc.id, cidr: addresses.cidr, subnets: vpc.subnets },
  images: [
    {
      id: vpc.images.amd64,
      architecture: "x86_64",
      name: "debian-13-amd64-20251006-2257",
      description: "Debian 13 (20251006-2257)",
    },
    {
      id: vpc.images.arm64,
      architecture: "arm64",
      name: "debian-13-arm64-20251006-2257",
      description: "Debian 13 (20251006-2257)",
    },
  ],
};

/**
 * Starts the EC2 emulator on loopback and waits, 60 s at most, until it shows the lab's VPC. One
 * that does already stays as it is, because all it knows is in its memory. Throws with the end of
 * its log.
 */
export async function startMoto(images: Images): Promise<void> {
  if (await showsOurVpc()) return;
  await stopMoto();
  await fs.mkdir(logDir, { recursive: true });
  await podman([
    "run",
    "--detach",
    "--name",
    container,
    "--label",
    "etcd-lab=1",
    "--network",
    "host",
    "--pull",
    "never",
    "--no-healthcheck",
    "--log-driver",
    "none",
    ...(await fairShare()),
    "--volume",
    `${path.join(import.meta.dirname, "moto")}:/lab/ec2:ro`,
    "--volume",
    `${logDir}:/lab/logs`,
    "--env",
    `ETCD_LAB_EC2=${JSON.stringify(settings)}`,
    "--env",
    "PYTHONDONTWRITEBYTECODE=1",
    images.services,
    "/bin/sh",
    "-c",
    "exec /opt/moto/bin/python3 /lab/ec2/main.py >> /lab/logs/moto.log 2>&1",
  ]);
  for (const deadline = Date.now() + startDeadlineMs; Date.now() < deadline; await delay(100)) {
    if (await showsOurVpc()) return;
    if (!(await isRunning())) break;
  }
  const tail = (await fs.readFile(log, "utf8").catch(() => "(no log)"))
    .trim()
    .split("\n")
    .slice(-12)
    .join("\n");
  throw new Error(
    `the EC2 emulator does not show ${vpc.id} on 127.0.0.1:${addresses.ec2Port}; the ` +
      `end of its log (.lab/logs/moto.log):\n${tail}`,
  );
}

/** Removes the EC2 emulator with all it knows. Nothing there: does nothing. */
export async function stopMoto(): Promise<void> {
  await removeContainers([container]);
}

async function showsOurVpc(): Promise<boolean> {
  const client = ec2Client("etcd-lab-reconciler");
  try {
    const found = await client.send(new DescribeVpcsCommand({ VpcIds: [vpc.id] }), {
      abortSignal: AbortSignal.timeout(5_000),
    });
    return found.Vpcs?.[0]?.CidrBlock === addresses.cidr;
  } catch {
    return false; // not listening yet, or somebody else's
  } finally {
    client.destroy();
  }
}

async function isRunning(): Promise<boolean> {
  return (await podman(["ps", "--quiet", "--filter", `name=^${container}$`])).trim() !== "";
}
