/** Real etcd members as processes on loopback, for tests. Each test file uses its own addresses. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import type { DeclaredMember } from "../../components/health/memberHealth.ts";

export interface Members {
  readonly declared: DeclaredMember[];
  /** The etcdctl of the same version. */
  readonly etcdctl: string;
  /** Ends one member with SIGKILL. */
  kill(name: string): Promise<void>;
  /** Stops a member's process without ending it; TCP connects still succeed. */
  freeze(name: string): void;
  /** Empties a member's data directory, and starts it as one that joins these: NAME=URL,… */
  joinAnew(name: string, initialCluster: string): Promise<void>;
  /** Ends all, empties their data directories, and starts them as at first. */
  emptyAll(): Promise<void>;
  close(): Promise<void>;
}

export interface Started {
  /** The cluster each of them believes in. @default all of them */
  readonly initial?: (name: string) => readonly string[];
  /** More arguments of etcd. */
  readonly more?: readonly string[];
  /** Whether clients speak TLS; `more` brings the files. @default false */
  readonly clientTls?: boolean;
}

/**
 * Starts members by name at addresses 127.0.<group>.<n>. Returns at once; whoever needs health
 * waits for it.
 */
export async function startMembers(
  version: string,
  group: number,
  names: readonly string[],
  { initial = () => names, more = [], clientTls = false }: Started = {},
): Promise<Members> {
  const { binDir } = await ensureEtcd(version, () => undefined);
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-test-"));
  const address = (name: string) => `127.0.${group}.${names.indexOf(name) + 1}`;
  const clientUrl = (name: string) => `http${clientTls ? "s" : ""}://${address(name)}:2379`;
  const peerUrl = (name: string) => `http://${address(name)}:2380`;
  const children = new Map<string, ChildProcess>();
  const start = (name: string, joins = "") => {
    const believed = initial(name).map((n) => `${n}=${peerUrl(n)}`);
    const args = [
      ...["--name", name],
      ...["--data-dir", path.join(folder, name)],
      ...["--listen-client-urls", clientUrl(name), "--advertise-client-urls", clientUrl(name)],
      ...["--listen-peer-urls", peerUrl(name), "--initial-advertise-peer-urls", peerUrl(name)],
      ...["--initial-cluster-token", `test-${group}`, "--initial-cluster"],
      ...(joins ? [joins, "--initial-cluster-state", "existing"] : [believed.join(",")]),
      ...["--logger", "zap", "--log-level", "error"],
      ...more,
    ];
    children.set(name, spawn(path.join(binDir, "etcd"), args, { stdio: "ignore" }));
  };
  names.forEach((name) => start(name));
  const ended = (child: ChildProcess) =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) resolve();
      else child.once("exit", () => resolve());
    });
  const kill = async (name: string) => {
    const child = children.get(name);
    if (child) {
      child.kill("SIGKILL");
      await ended(child);
    }
  };
  return {
    declared: names.map((name) => ({
      name,
      endpoint: clientUrl(name),
      peerUrl: peerUrl(name),
    })),
    etcdctl: path.join(binDir, "etcdctl"),
    kill,
    freeze(name) {
      children.get(name)?.kill("SIGSTOP");
    },
    async joinAnew(name, initialCluster) {
      await kill(name);
      await rm(path.join(folder, name), { recursive: true });
      start(name, initialCluster);
    },
    async emptyAll() {
      await Promise.all(names.map(kill));
      await rm(folder, { recursive: true });
      await mkdir(folder);
      names.forEach((name) => start(name));
    },
    async close() {
      await Promise.all(names.map(kill));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
