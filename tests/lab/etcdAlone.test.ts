// What etcd alone does with half of DNS: two healthy clusters, and every light is green. This is
// the reason for the gate (etcd issue 5909). Does not prove that the program prevents it: dnsFaults
// does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import { waitForAnswer } from "../../lab/dns/ask.ts";
import { podman } from "../../lab/podman.ts";
import { startClient, type Client } from "./client.ts";
import { cloudflare, control, eventually, mustRun, npmRun } from "./harness.ts";

const domain = "half.etcd.test";
const names = ["n1", "n2", "n3"];
const hosts: Client[] = [];
const addressOf = (name: string) =>
  addresses.client.replace(/\d+$/, String(30 + names.indexOf(name) + 1));

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await Promise.all(hosts.map((h) => h.close()));
  await npmRun("lab", "stop");
});

const post = (body: object) =>
  cloudflare("POST", "/dns_records", { ttl: 60, proxied: false, ...body });
const postA = (name: string) =>
  post({ type: "A", name: `${name}.${domain}`, content: addressOf(name) });

async function start(name: string): Promise<void> {
  hosts.push(await startClient({ name, address: addressOf(name) }));
  const url = (port: number) => `http://${name}.${domain}:${port}`;
  const here = (port: number) => `http://${addressOf(name)}:${port}`;
  await podman([
    "exec",
    "--detach",
    `etcd-lab-${name}`,
    "/opt/etcd/etcd",
    "--name",
    name,
    "--data-dir",
    `/tmp/${name}`,
    "--discovery-srv",
    domain,
    "--initial-cluster-state",
    "new",
    "--initial-advertise-peer-urls",
    url(2380),
    "--advertise-client-urls",
    url(2379),
    "--listen-peer-urls",
    here(2380),
    "--listen-client-urls",
    here(2379),
  ]);
}

/** Cluster ID and number of members by a node's own account, once it calls itself healthy. */
async function account(name: string): Promise<{ id: string; members: number }> {
  const ctl = (...args: string[]) =>
    hosts[0]!.run("etcdctl", "--endpoints", `http://${addressOf(name)}:2379`, ...args);
  await eventually(`${name} to be healthy by its own account`, 30_000, () =>
    ctl("endpoint", "health").then(
      () => true,
      () => false,
    ),
  );
  const list = JSON.parse(await ctl("member", "list", "-w", "json")) as {
    header: { cluster_id: number };
    members: unknown[];
  };
  return { id: String(list.header.cluster_id), members: list.members.length };
}

test(
  "three SRV records with one address make one healthy cluster of one, and then a second " +
    "one beside it",
  async () => {
    for (const name of names)
      await post({
        type: "SRV",
        name: `_etcd-server._tcp.${domain}`,
        priority: 0,
        data: { priority: 0, weight: 0, port: 2380, target: `${name}.${domain}` },
      });
    await postA("n1");
    await waitForAnswer(
      addresses.ns2,
      `n1.${domain}`,
      "A",
      (reply) => reply.answers.length === 1,
      20_000,
    );
    await start("n1");
    const first = await account("n1");
    assert.equal(first.members, 1, "n1 should have dropped the two names without address");

    await postA("n2");
    await postA("n3");
    await waitForAnswer(
      addresses.ns2,
      `n3.${domain}`,
      "A",
      (reply) => reply.answers.length === 1,
      20_000,
    );
    await control("POST", "/resolver/flush"); // half an hour later
    await start("n2");
    await start("n3");
    const second = await account("n2");
    assert.equal(second.members, 3);
    assert.notEqual(second.id, first.id, "the second cluster should have an ID of its own");
    assert.equal((await account("n1")).members, 1, "and the first should not know of it");
  },
);
