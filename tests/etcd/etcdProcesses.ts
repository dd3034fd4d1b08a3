/** Real etcd members as processes on loopback, for tests. Each test file uses its own addresses. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import type { DeclaredMember } from "../../components/health/memberHealth.ts";

export interface Members {
  readonly declared: DeclaredMember[];
  /** Ends one member with SIGKILL. */
  kill(name: string): Promise<void>;
  /** Stops a member's process without ending it; TCP connects still succeed. */
  freeze(name: string): void;
  close(): Promise<void>;
}

/**
 * Starts members by name, with `initial` as the cluster each of them believes in (all of them by
 * default), at addresses 127.0.<group>.<n>. Returns at once; whoever needs health waits for it.
 */
export async function startMembers(
  version: string,
  group: number,
  names: readonly string[],
  initial: (name: string) => readonly string[] = () => names,
  more: readonly string[] = [],
): Promise<Members> {
  const { binDir } = await ensureEtcd(version, () => undefined);
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-test-"));
  const address = (name: string) => `127.0.${group}.${names.indexOf(name) + 1}`;
  const peerUrl = (name: string) => `http://${address(name)}:2380`;
  const children = new Map<string, ChildProcess>();
  for (const name of names) {
    const client = `http://${address(name)}:2379`;
    const args = [
      "--name",
      name,
      "--data-dir",
      path.join(folder, name),
      "--listen-client-urls",
      client,
      "--advertise-client-urls",
      client,
      "--listen-peer-urls",
      peerUrl(name),
      "--initial-advertise-peer-urls",
      peerUrl(name),
      "--initial-cluster-token",
      `test-${group}`,
      "--initial-cluster",
      initial(name)
        .map((n) => `${n}=${peerUrl(n)}`)
        .join(","),
      "--logger",
      "zap",
      "--log-level",
      "error",
      ...more,
    ];
    children.set(name, spawn(path.join(binDir, "etcd"), args, { stdio: "ignore" }));
  }
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
      endpoint: `http://${address(name)}:2379`,
      peerUrl: peerUrl(name),
    })),
    kill,
    freeze(name) {
      children.get(name)?.kill("SIGSTOP");
    },
    async close() {
      await Promise.all(names.map(kill));
      await rm(folder, { recursive: true, force: true });
    },
  };
}
