/** A host on the lab's network that is no member: it has etcdctl and the VPC's resolver, nothing else. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { addresses } from "../../lab/addresses.ts";
import { imageNames } from "../../lab/images.ts";
import { makeNamespace, removeNamespace } from "../../lab/network.ts";
import { podman } from "../../lab/podman.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";

export interface Client {
  /** Runs a program of etcd's release, or any other of the image. Throws CommandError when it fails. */
  run(program: string, ...args: string[]): Promise<string>;
  close(): Promise<void>;
}

/** Starts a container at `address`, named etcd-lab-<name>, with the binaries of an etcd version in /opt/etcd. */
export async function startClient(name = "client", address: string = addresses.client, version = "3.6.14"): Promise<Client> {
  const { binDir } = await ensureEtcd(version, () => undefined);
  const folder = await mkdtemp(path.join(tmpdir(), "etcd-lab-client-"));
  await writeFile(path.join(folder, "resolv.conf"), `nameserver ${addresses.resolver}\n`);
  const namespace = await makeNamespace(name, address), container = `etcd-lab-${name}`;
  await podman(["run", "--detach", "--replace", "--name", container, "--label", "etcd-lab=1", "--network", `ns:${namespace}`, "--stop-timeout", "1",
    "--volume", `${folder}/resolv.conf:/etc/resolv.conf:ro`, "--volume", `${binDir}:/opt/etcd:ro`, (await imageNames()).services, "sleep", "infinity"]);
  return {
    run: (program, ...args) => podman(["exec", container, program.startsWith("etcd") ? `/opt/etcd/${program}` : program, ...args]),
    async close() {
      await podman(["rm", "--force", "--time", "0", container]);
      await removeNamespace(name);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
