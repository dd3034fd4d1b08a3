import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import { refuseAnothersLab } from "../lab/claim.ts";
import { daemonLog } from "../lab/daemonProcess.ts";
import { etcdVersion } from "../lab/etcdVersion.ts";
import { fault, faultHelp } from "../lab/faultCommand.ts";
import { showStatus } from "../lab/labStatus.ts";
import { checkLabIsOurs } from "../lab/ownership.ts";
import { machineName, plainName } from "../lab/machineName.ts";
import { cacheDir, labDir } from "../lab/paths.ts";
import { Phases } from "../lab/phases.ts";
import { podman } from "../lab/podman.ts";
import { runAsRoot } from "../lab/shell.ts";
import { stopLab } from "../lab/stop.ts";
import { readArguments } from "./terminal/arguments.ts";
import { command, usageError } from "./terminal/command.ts";

const help = `
npm run lab -- start              starts the lab alone (npm run up does this and makes the cluster)
npm run lab -- stop               takes it down with everything in it; logs stay in .lab/logs
npm run lab -- status             containers, records on each name server, faults that are on
npm run lab -- logs [PART]        PART: daemon (all of it, unless given), its parts cloudflare, ec2,
                                  mirror, metadata, control; ns1, ns2, resolver, moto, a
                                  node (a, a.etcd.test) or an instance id
npm run lab -- fault …            makes faults: npm run lab -- fault --help
npm run lab -- destroy            stop, and removes the logs, the images and the cache (CLI, etcd
                                  builds) too
`;

const subcommands: Readonly<Record<string, (args: string[]) => Promise<void>>> = {
  start: async () => {
    // the other subcommands need none of its packages
    const { startLab } = await import("../lab/start.ts");
    const phases = new Phases();
    const tell = (line: string) => {
      process.stdout.write(`${phases.elapsed().toFixed(1).padStart(6)} s  ${line}\n`);
    };
    const { wasRunning, phases: parts } = await startLab(tell, [await etcdVersion()]);
    tell(
      `lab ${wasRunning ? "was running" : "started"}: ` +
        `${parts.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)}`).join(", ")}`,
    );
  },
  stop: async () => {
    const was = existsSync(labDir);
    await stopLab(["logs"]);
    process.stdout.write(was ? "lab stopped; its logs are in .lab/logs\n" : "no lab was there\n");
  },
  status: showStatus,
  logs: showLogs,
  fault,
  destroy: async () => {
    await stopLab();
    const images = await podman([
      "images",
      "--quiet",
      "--filter",
      "reference=localhost/etcd-lab-*",
    ]).catch(() => ""); // no podman, no images
    const ids = [...new Set(images.split("\n").filter(Boolean))];
    if (ids.length > 0) await podman(["rmi", "--force", ...ids], { timeoutMs: 120_000 });
    await runAsRoot("rm", ["-rf", cacheDir]);
    process.stdout.write(`lab, images and ${cacheDir} are gone\n`);
  },
};

await command("lab", help, async ([name = "", ...args]) => {
  const subcommand = subcommands[name];
  if (!subcommand)
    throw usageError(
      "lab",
      `${name === "" ? "a subcommand is needed" : `there is no subcommand ${name}`}: ` +
        `${Object.keys(subcommands).join(", ")}`,
    );
  if (name === "fault" && (args.length === 0 || args.includes("--help")))
    process.stdout.write(faultHelp());
  else {
    if (name !== "fault" && name !== "logs") readArguments("lab", args, {}, name);
    if (["start", "stop", "destroy"].includes(name)) checkLabIsOurs(`lab -- ${name}`);
    else refuseAnothersLab(["lab --", name, ...args].join(" "));
    await subcommand(args);
  }
});

async function showLogs([part, ...rest]: string[]): Promise<void> {
  if (rest.length > 0)
    throw usageError("lab", `logs takes one part (got ${[part, ...rest].join(" ")})`);
  const ofDaemon = ["cloudflare", "ec2", "mirror", "metadata", "control", "daemon"];
  if (part === undefined || ofDaemon.includes(part)) {
    if (!existsSync(daemonLog))
      throw new Error("there is no log yet; the lab has not been started here");
    const lines = (await fs.readFile(daemonLog, "utf8")).split("\n");
    process.stdout.write(
      `${lines
        .filter((line) => part === undefined || line.split(" ")[1] === part)
        .join("\n")
        .trimEnd()}\n`,
    );
    return;
  }
  const name = part === "moto" ? "ec2" : await machineName(part).catch(() => plainName(part));
  try {
    // Some services write to stdout and some to stderr.
    await podman(["logs", "--tail", "500", `etcd-lab-${name}`], {
      onLine: (line) => {
        process.stdout.write(`${line}\n`);
      },
    });
  } catch {
    throw usageError(
      "lab",
      `there is no log of ${part}; parts are ${ofDaemon.join(", ")}, ns1, ns2, ` +
        "resolver, moto, the nodes and the instance ids that npm run lab -- status lists",
    );
  }
}
