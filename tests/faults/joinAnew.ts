/**
 * A machine that was made anew joins the living cluster as another member of its name, by the
 * node's own programs; and once more, on a disk that holds a member by then.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { buffer } from "node:stream/consumers";
import { joinTicket } from "../../components/bootstrap/ticket.ts";
import { machine, until } from "./discovery.ts";
import type { Machine } from "./network.ts";
import { addressOf, domain, names } from "./places.ts";
import { startUnit } from "./unit.ts";
import type { World } from "./worldProcess.ts";

export interface Joined {
  /** Ids that `member add` gave, and what b's own programs read from its log, in turn. */
  readonly given: readonly string[];
  readonly read: readonly unknown[];
  /** What etcd calls b in its list, the last time. */
  readonly listed: string;
  /** What lies beside the data in the end; times as T. */
  readonly beside: readonly string[];
  /** What b was started with, the first time. */
  readonly startFile: string;
  readonly refusals: readonly string[];
}

const peerUrl = (name: string) => `https://${name}.${domain}:2380`;

export async function joinAnew(world: World): Promise<Joined> {
  const b = machine(world, "b");
  await fs.writeFile(path.join(b.root, "etc/passwd"), "etcd:x:0:0::/:/bin/sh\n");
  // systemd is the bench's own supervisor here.
  const stand = path.join(b.root, "usr/local/bin");
  await fs.mkdir(stand, { recursive: true });
  const says = "#!/bin/sh\n[ $1 != show ] || echo ActiveState=inactive\n";
  await fs.writeFile(path.join(stand, "systemctl"), says, { mode: 0o755 });

  const first = await join(world, b);
  const startFile = await fs.readFile(path.join(b.root, "run/etcd-node/etcd.yaml"), "utf8");
  const second = await join(world, b);
  const listed = await etcdctl(world, ["member", "list"]);
  const disk = await fs.readdir(path.join(b.root, "var/lib/etcd"));
  return {
    given: [first.id, second.id],
    read: [first.read, second.read],
    listed: listed.split("\n").find((line) => line.includes(peerUrl("b"))) ?? "",
    beside: disk.map((name) => name.replace(/\d{8}T\d{6}Z/, "T")).sort(),
    startFile,
    refusals: [...first.refusals, ...second.refusals],
  };
}

/** Removes b from the cluster, adds it as a learner, and lets it run until it serves. */
async function join(world: World, b: Machine) {
  const list = await etcdctl(world, ["member", "list"]);
  const former = list.split("\n").find((line) => line.includes(peerUrl("b")));
  if (former) await etcdctl(world, ["member", "remove", former.split(",")[0] ?? ""]);
  const added = await etcdctl(world, [
    ...["member", "add", "b", "--learner"],
    `--peer-urls=${peerUrl("b")}`,
  ]);
  const id = /^Member +([0-9a-f]+) added/.exec(added)?.[1] ?? "";
  const ticket = joinTicket({
    clusterToken: `etcd-${domain}`,
    machine: world.instances.get(b.address) ?? "",
    volume: "",
    memberId: id,
    members: Object.fromEntries(
      names.map((name) => [name, { peerUrl: peerUrl(name), address: addressOf(name) }]),
    ),
  });
  await fs.writeFile(path.join(b.root, "run/ticket"), JSON.stringify(ticket));
  await said(b, "etcd-join < /run/ticket");
  const unit = startUnit(b, world.unit("b"));
  await until(() => unit.etcd?.ready === true, 30_000, "b to serve as a learner");
  await unit.stop();
  const { memberId } = JSON.parse(await said(b, "etcd-look")) as { memberId: unknown };
  return { id, read: memberId, refusals: unit.refusals };
}

/** What one of the node's programs prints. */
const said = (b: Machine, command: string) =>
  output(b, "sh", ["-c", `PATH=/usr/local/bin:$PATH /usr/local/lib/etcd-node/${command}`]);

/**
 * Asked of a, until it is done. After a start members must have been connected for 5 s. And an id
 * is made of the peer URL and the second: a member added, removed and added again within one would
 * have that of the removed one, and etcd calls it "member not found".
 */
async function etcdctl(world: World, args: readonly string[]): Promise<string> {
  const pki = "/etc/etcd/pki";
  const tls = [`--cacert=${pki}/ca.crt`, `--cert=${pki}/member.crt`, `--key=${pki}/member.key`];
  const asked = ["--endpoints=https://127.0.0.1:2379", ...tls, ...args];
  for (const end = Date.now() + 30_000; ;) {
    try {
      return await output(machine(world, "a"), "/opt/etcd/etcdctl", asked);
    } catch (e) {
      if (Date.now() > end || !/unhealthy cluster|member not found/.test((e as Error).message))
        throw e;
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
  }
}

async function output(on: Machine, command: string, args: readonly string[]): Promise<string> {
  const child = on.spawn(command, args);
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const [out, err] = await Promise.all([buffer(child.stdout!), buffer(child.stderr!)]);
  const code = await ended;
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${code}: ${err.toString()}`);
  return out.toString();
}
