/** etcd-preflight on a node that is a folder, and the DNS answers of its cluster. */
import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after } from "node:test";
import type { StubAnswer } from "../dnsStub.ts";
import { filesFolder } from "./files.ts";

export const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-preflight-"));
after(() => fs.rm(folder, { recursive: true }));

/** Addresses of the cluster's members. */
export const members: Record<string, string> = { a: "10.0.0.1", b: "10.0.0.2", c: "10.0.0.3" };
export const srvName = "_etcd-server._tcp.etcd.test";
const soa = {
  name: "etcd.test",
  type: "SOA" as const,
  ttl: 1790,
  data: {
    mname: "ns1.etcd.test",
    rname: "admin.etcd.test",
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 1800,
  },
};
export const nxdomain: StubAnswer = { rcode: "NXDOMAIN", authorities: [soa] };
export const srv = (names: string[]): StubAnswer => ({
  records: names.map((name) => ({
    name: srvName,
    type: "SRV",
    ttl: 60,
    data: { priority: 0, weight: 0, port: 2380, target: `${name}.etcd.test` },
  })),
});

/** What a complete zone answers. */
export function complete(name: string): StubAnswer {
  if (name === srvName) return srv(["a", "b", "c"]);
  const address = members[name.split(".")[0] ?? ""];
  return address && name.endsWith(".etcd.test")
    ? { records: [{ name, type: "A", ttl: 60, data: address }] }
    : nxdomain;
}

export interface Run {
  code: number | null;
  out: string;
  err: string;
  seconds: number;
  /** The node's files are below it. */
  dir: string;
  /** What etcd would be started with; "" when it was not written. */
  startFile: string;
}

/** Where the files of a node are below its folder. */
export const paths = {
  settings: "settings.json",
  config: "etcd.yaml",
  startFile: "run/etcd.yaml",
  ticket: "node/ticket.json",
  rootMarker: "node/member.json",
  dataMarker: "disk/member.json",
  store: "disk/data/member/snap/db",
  aside: "disk/member.8e.20260102t030405Z.json",
  wal: "disk/data/member/wal/0000000000000000-0000000000000000.wal",
} as const;

/** A file of a node, with the folders that lead to it. */
export async function put(dir: string, at: keyof typeof paths, content: object | string = "") {
  const file = path.join(dir, paths[at]);
  await fs.mkdir(path.dirname(file), { recursive: true });
  await fs.writeFile(file, typeof content === "string" ? content : JSON.stringify(content));
}

/** Its text, or undefined where it is not there. */
export const get = (dir: string, at: keyof typeof paths): Promise<string | undefined> =>
  fs.readFile(path.join(dir, paths[at]), "utf8").catch(() => undefined);

export const withMember = (dir: string) => put(dir, "wal");

/** A node's folder with nothing in it but the cookbook's settings. */
export async function newNode(change: object = {}): Promise<string> {
  const dir = await fs.mkdtemp(path.join(folder, "node-"));
  await Promise.all(
    ["node", "disk/data"].map((f) => fs.mkdir(path.join(dir, f), { recursive: true })),
  );
  await put(dir, "config", "name: a\ninitial-cluster-state: existing\n");
  await put(dir, "settings", {
    name: "a",
    domain: "etcd.test",
    tls: false,
    peerPort: 2380,
    address: "10.0.0.1",
    members,
    timeoutSeconds: 5,
    tickets: false,
    joins: false,
    token: "etcd-etcd.test",
    initialState: "new",
    volume: "vol-1",
    dataDir: path.join(dir, "disk/data"),
    mountPoint: "",
    ...change,
  });
  await fs.writeFile(
    path.join(dir, "resolv.conf"),
    "# as a node has it\nnameserver 127.0.0.1\nsearch etcd.test\n",
  );
  return dir;
}

/** One run on a node of its own, which `prepare` may change before. */
export async function preflight(
  port: number,
  change: object = {},
  prepare: (dir: string) => Promise<void> = async () => undefined,
  more: readonly string[] = [],
): Promise<Run> {
  const dir = await newNode(change);
  await prepare(dir);
  return runOn(dir, port, more);
}

/** One run on a node that is there. */
export async function runOn(dir: string, port: number, more: readonly string[] = []): Promise<Run> {
  const at = (file: string) => path.join(dir, file);
  const started = performance.now();
  const options = {
    settings: at(paths.settings),
    config: at(paths.config),
    "start-file": at(paths.startFile),
    "node-folder": at("node"),
    "resolv-conf": at("resolv.conf"),
    "dns-port": String(port),
  };
  const child = spawn(
    path.join(filesFolder, "etcd-preflight"),
    [...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]), ...more],
    { timeout: 30_000 },
  );
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const startFile = (await get(dir, "startFile")) ?? "";
  const seconds = (performance.now() - started) / 1000;
  return { code, out, err, seconds, dir, startFile };
}
