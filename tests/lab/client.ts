/**
 * A host on the lab's network that is no member: it has etcdctl and the VPC's resolver, nothing
 * else.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { addresses } from "../../lab/addresses.ts";
import { imageNames } from "../../lab/images.ts";
import { makeNamespace, removeNamespace } from "../../lab/network.ts";
import { podman, removeContainers } from "../../lab/podman.ts";
import type { StackOutputs } from "../../commands/stack/stackOutputs.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";

export interface Client {
  /**
   * Runs a program of etcd's release, or any other of the image. Throws CommandError when it fails.
   */
  run(program: string, ...args: string[]): Promise<string>;
  close(): Promise<void>;
}

export interface ClientOptions {
  readonly name?: string;
  readonly address?: string;
  readonly version?: string;
  /** What etcdctl shows to the members; in /pki, as ca.crt, operator.crt and operator.key. */
  readonly identity?: StackOutputs["identity"];
}

/**
 * Starts a container at `address`, named etcd-lab-<name>, with the binaries of an etcd version in
 * /opt/etcd.
 */
export async function startClient({
  name = "client",
  address = addresses.client,
  version = "3.6.14",
  identity,
}: ClientOptions = {}): Promise<Client> {
  const { binDir } = await ensureEtcd(version, () => undefined);
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-lab-client-"));
  await writeFile(path.join(folder, "resolv.conf"), `nameserver ${addresses.resolver}\n`);
  await mkdir(path.join(folder, "pki"));
  for (const [file, pem] of identity
    ? ([
        ["ca.crt", identity.ca],
        ["operator.crt", identity.certificate],
        ["operator.key", identity.privateKey],
      ] as const)
    : [])
    await writeFile(path.join(folder, "pki", file), pem);
  const shown = identity
    ? [
        "--env",
        "ETCDCTL_CACERT=/pki/ca.crt",
        "--env",
        "ETCDCTL_CERT=/pki/operator.crt",
        "--env",
        "ETCDCTL_KEY=/pki/operator.key",
      ]
    : [];
  const namespace = await makeNamespace(name, address);
  const container = `etcd-lab-${name}`;
  await podman([
    "run",
    "--detach",
    "--replace",
    "--name",
    container,
    "--label",
    "etcd-lab=1",
    "--network",
    `ns:${namespace}`,
    "--stop-timeout",
    "1",
    "--volume",
    `${folder}/pki:/pki:ro`,
    ...shown,
    "--volume",
    `${folder}/resolv.conf:/etc/resolv.conf:ro`,
    "--volume",
    `${binDir}:/opt/etcd:ro`,
    (await imageNames()).services,
    "sleep",
    "infinity",
  ]);
  return {
    run: (program, ...args) =>
      podman([
        "exec",
        container,
        program.startsWith("etcd") ? `/opt/etcd/${program}` : program,
        ...args,
      ]),
    async close() {
      await removeContainers([container]);
      await removeNamespace(name);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
