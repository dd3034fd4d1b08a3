/**
 * Machines as namespaces: each has an interface of its own on one bridge, and the files of a node
 * at the paths where the cookbook puts them. Works inside a world (world.ts), whose end takes all
 * of it away.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { promisify } from "node:util";
import { here, nameservers, resolver, stranger } from "./places.ts";

const execute = promisify(execFile);

export interface Machine {
  readonly name: string;
  readonly address: string;
  /** Folder that holds what the machine sees as /etc, /opt, /usr/local, /var/lib and /run. */
  readonly root: string;
  /** Starts a program on the machine; the child is that program itself. */
  spawn(command: string, args: readonly string[]): ChildProcess;
  /** As it was when new: nothing runs, no data, no memory of having been a member. */
  reset(): Promise<void>;
  /** How often that was done: what was started before the last time is over. */
  readonly resets: number;
}

/** Where a machine asks what it is, as in EC2. */
export const metadataAddress = "169.254.169.254";

const seen = ["etc", "opt", "usr/local", "var/lib", "run"];

/** The bridge, with the addresses of the servers and of the tests themselves on it. */
export async function openNetwork(): Promise<void> {
  await ip([
    "link set lo up",
    "link add lan type bridge",
    ...[here, ...nameservers, resolver, stranger].map(
      (address) => `address add ${address}/24 dev lan`,
    ),
    `address add ${metadataAddress}/32 dev lan`,
    "link set lan up",
  ]);
  // Else only the first refusals of a server that is down are sent, and what asks it waits for its
  // own deadline.
  await fs.writeFile("/proc/sys/net/ipv4/icmp_ratelimit", "0");
}

/** A machine at an address, with the program etcd and nothing else on it. */
export async function addMachine(
  name: string,
  address: string,
  folder: string,
  etcdFolder: string,
): Promise<Machine> {
  const root = path.join(folder, name);
  for (const part of [
    ...seen,
    "opt/etcd",
    "etc/etcd",
    "etc/systemd/system",
    "usr/local/lib/etcd-node",
    "var/lib/etcd/data",
    "var/lib/etcd-node",
  ])
    await fs.mkdir(path.join(root, part), { recursive: true });
  await Promise.all([
    fs.writeFile(path.join(root, "etc/resolv.conf"), `nameserver ${resolver}\n`),
    fs.writeFile(path.join(root, "etc/nsswitch.conf"), "hosts: files dns\n"),
    fs.writeFile(path.join(root, "etc/hosts"), "127.0.0.1 localhost\n"),
  ]);
  const mounts = [
    `mount --bind '${etcdFolder}' '${root}/opt/etcd'`,
    ...seen.map((part) => `mount --rbind '${root}/${part}' /${part}`),
  ];
  const holder = spawn(
    "unshare",
    [
      "--net",
      "--mount",
      "--propagation",
      "private",
      "sh",
      "-ec",
      [...mounts, "echo mounted", "exec sleep infinity"].join("\n"),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  holder.stderr.on("data", (data: Buffer) => {
    said += data.toString();
  });
  await new Promise<void>((resolve, reject) => {
    holder.stdout.once("data", () => resolve());
    holder.once("exit", (code) =>
      reject(new Error(`machine ${name} ended with ${code} before it was there: ${said}`)),
    );
  });
  const pid = String(holder.pid);
  const enter = [`--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`];
  await ip([
    `link add lan-${name} type veth peer name eth0 netns ${pid}`,
    `link set lan-${name} master lan up`,
  ]);
  await execute("nsenter", [
    enter[0] as string,
    "sh",
    "-ec",
    `ip link set lo up; ip address add ${address}/24 dev eth0; ip link set eth0 up; ` +
      `ip route add ${metadataAddress}/32 dev eth0`,
  ]);
  const running = new Set<ChildProcess>();
  let resets = 0;
  return {
    name,
    address,
    root,
    get resets() {
      return resets;
    },
    spawn(command, args) {
      const child = spawn("nsenter", [...enter, command, ...args], {
        stdio: ["ignore", "pipe", "pipe"],
        cwd: "/",
        env: { PATH: "/usr/bin:/bin" },
      });
      running.add(child);
      child.once("close", () => running.delete(child));
      return child;
    },
    async reset() {
      resets++;
      await Promise.all(
        [...running].map(
          (child) =>
            new Promise((resolve) => {
              child.once("close", resolve);
              child.kill("SIGKILL");
            }),
        ),
      );
      for (const folder of ["var/lib/etcd", "var/lib/etcd-node", "run/etcd-node"])
        await fs.rm(path.join(root, folder), { recursive: true, force: true });
      for (const folder of ["var/lib/etcd/data", "var/lib/etcd-node"])
        await fs.mkdir(path.join(root, folder), { recursive: true });
      await fs.writeFile(path.join(root, "etc/hosts"), "127.0.0.1 localhost\n");
    },
  };
}

/** Several commands of `ip` in one call. */
async function ip(commands: readonly string[]): Promise<void> {
  await execute("sh", ["-ec", commands.map((command) => `ip ${command}`).join("\n")]);
}
