import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import { cgroupVersion } from "./podman.ts";
import { run, runAsRoot } from "./shell.ts";

/** What the lab needs on the host, and the packages it comes in. */
export interface Needed {
  /** Name of a command, or the absolute path of a file. */
  readonly command: string;
  readonly apt: string;
  readonly dnf: string;
}

const needed: readonly Needed[] = [
  { command: "podman", apt: "podman", dnf: "podman" },
  // crun, the usual runtime, refuses the hybrid of cgroup v1 and v2.
  ...(cgroupVersion === "v1" ? [{ command: "runc", apt: "runc", dnf: "runc" }] : []),
  { command: "ip", apt: "iproute2", dnf: "iproute" },
  { command: "iptables", apt: "iptables", dnf: "iptables-nft" },
  { command: "losetup", apt: "mount", dnf: "util-linux" },
  { command: "nsenter", apt: "util-linux", dnf: "util-linux" },
  { command: "unshare", apt: "util-linux", dnf: "util-linux" },
  { command: "mkfs.ext4", apt: "e2fsprogs", dnf: "e2fsprogs" },
  { command: "ssh-keygen", apt: "openssh-client", dnf: "openssh" },
  { command: "tar", apt: "tar", dnf: "tar" },
  { command: "gzip", apt: "gzip", dnf: "gzip" },
];

/** The system's folders too: a user's PATH often lacks sbin, where half of these commands are. */
const folders = [
  ...new Set([
    ...(process.env.PATH ?? "").split(":"),
    "/usr/local/sbin",
    "/usr/sbin",
    "/sbin",
    "/usr/bin",
    "/bin",
  ]),
].filter(Boolean);

/**
 * Makes sure that the host can run the lab: Linux, root or sudo (asked for once, here), and the
 * commands above. What is missing is listed and then installed with apt-get; other distributions
 * are told what to install. Costs a few milliseconds when all is there.
 */
export async function ensurePrerequisites(report: (line: string) => void): Promise<void> {
  if (process.platform !== "linux")
    throw new Error(
      "the lab needs Linux, for its network namespaces and loop devices (this is " +
        `${process.platform}); a virtual machine will do`,
    );
  process.env.PATH = folders.join(":");
  await askForRoot();
  const lacking = await rootProblem();
  if (lacking) throw new Error(`the lab cannot run on this host: ${lacking}`);
  await installPackages(needed, report);
}

/** Capabilities (bits of CapEff) without which machines and their network cannot be made. */
const capabilities = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n, CAP_MKNOD: 27n } as const;

/**
 * What root may not do here that the lab needs, in words that end a sentence; undefined when all is
 * there.
 */
export async function rootProblem(): Promise<string | undefined> {
  const status = await runAsRoot("cat", ["/proc/self/status"]);
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  const lacking = Object.entries(capabilities)
    .filter(([, bit]) => ((effective >> bit) & 1n) === 0n)
    .map(([name]) => name);
  if (lacking.length > 0)
    return (
      `root lacks ${lacking.join(", ")} here (a container without privileges?); use a ` +
      "virtual machine, or a container that has them."
    );
  return (await isInstalled("/dev/loop-control"))
    ? undefined
    : "there is no /dev/loop-control, which loop devices need; load it with: modprobe loop";
}

/** The commands of the list that this host lacks. */
export async function missingCommands(list: readonly Needed[] = needed): Promise<Needed[]> {
  const found = await Promise.all(list.map(({ command }) => isInstalled(command)));
  return list.filter((_, index) => !found[index]);
}

/**
 * Installs what the list's missing commands come in, having said so. Does nothing when all are
 * there.
 */
export function installPackages(
  list: readonly Needed[],
  report: (line: string) => void,
): Promise<void> {
  // One after the other: apt-get waits for dpkg's lock, but not for that of the lists (issue 15).
  const mine = installing.catch(() => undefined).then(() => installMissing(list, report));
  installing = mine;
  return mine;
}

let installing: Promise<void> = Promise.resolve();

async function installMissing(
  list: readonly Needed[],
  report: (line: string) => void,
): Promise<void> {
  const missing = await missingCommands(list);
  if (missing.length === 0) return;
  const commands = missing.map(({ command }) => command).join(", ");
  if (!(await isInstalled("apt-get"))) {
    throw new Error(
      `the lab needs ${commands}; install ${missing.length === 1 ? "it" : "them"} with: ` +
        `dnf install ${unique(missing.map(({ dnf }) => dnf))} (or your distribution's ` +
        "equivalent), then run the command again",
    );
  }
  const packages = unique(missing.map(({ apt }) => apt));
  report(`host: ${commands} missing; installing with apt-get: ${packages}`);
  // `env`, because sudo drops the environment; the lock option waits for another apt instead of
  // failing.
  const apt = (...args: string[]) =>
    runAsRoot(
      "env",
      [
        "DEBIAN_FRONTEND=noninteractive",
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=120",
        "-qq",
        ...args,
      ],
      { timeoutMs: 600_000 },
    );
  const install = () => apt("install", "-y", "--no-install-recommends", ...packages.split(" "));
  try {
    await install().catch(async () => {
      await apt("update");
      await install();
    }); // the lists may be old, or not there at all
  } catch (error) {
    throw new Error(
      `host: apt-get could not install ${packages}; install them by hand and run the ` +
        `command again\n${error instanceof Error ? error.message : error}`,
    );
  }
  const still = await missingCommands(missing);
  if (still.length > 0)
    throw new Error(
      `host: still no ${still.map(({ command }) => command).join(", ")} after ` +
        `installing ${packages}; install what provides them and run the command again`,
    );
}

/** Asks for the sudo password once, at the start, so that no later step stops to ask. */
export async function askForRoot(): Promise<void> {
  if (process.getuid?.() === 0) return;
  if (!(await isInstalled("sudo")))
    throw new Error(
      "the lab needs root for network namespaces, loop devices and podman; run the " +
        "command as root, or install sudo",
    );
  if (
    await run("sudo", ["-n", "true"]).then(
      () => true,
      () => false,
    )
  )
    return;
  process.stderr.write(
    "The lab needs root for network namespaces, loop devices and podman. sudo asks once:\n",
  );
  const code = await new Promise((resolve) =>
    spawn("sudo", ["-v"], { stdio: "inherit" })
      .on("close", resolve)
      .on("error", () => resolve(1)),
  );
  if (code !== 0)
    throw new Error(
      "the lab needs root, and sudo was refused; run the command as root or as a user " +
        "that may use sudo",
    );
  // sudo forgets after some minutes; the first start takes longer than that.
  setInterval(() => {
    run("sudo", ["-n", "-v"]).catch(() => undefined);
  }, 60_000).unref();
}

async function isInstalled(command: string): Promise<boolean> {
  if (command.startsWith("/"))
    return fs.access(command).then(
      () => true,
      () => false,
    );
  const found = await Promise.all(
    folders.map((folder) =>
      fs.access(`${folder}/${command}`, fs.constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}

const unique = (names: readonly string[]) => [...new Set(names)].join(" ");
