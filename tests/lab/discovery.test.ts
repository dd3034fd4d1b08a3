// A host that looks for the cluster the moment `up` returns. Does not prove how long Cloudflare's
// nameservers take, nor what a resolver does that was asked before.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import { ask } from "../../lab/dns/ask.ts";
import { openStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs } from "../../commands/stack/stackOutputs.ts";
import { startClient, type Client } from "./client.ts";
import { cloudflare, allRecords, control, eventually, mustRun, npmRun } from "./harness.ts";

const lookedUp = "_etcd-client-ssl._tcp.etcd.test";
const targets = ["a", "b", "c"].map((node) => `${node}.etcd.test`);
/** Each takes some fifteen seconds: few, and ten with `npm test -- --all`. */
const rounds = process.env.ETCD_TEST_ALL ? 10 : 3;

let client: Client;
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
  client = await startClient({ identity: (await stackOutputs(await openStack("test"))).identity });
});
after(async () => {
  await client?.close();
  await npmRun("lab", "stop");
});

const up = (...more: string[]) =>
  mustRun("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", ...more);

/** As before a first `up`: no server has the client records, and the resolver was never asked. */
async function nobodyKnows(): Promise<void> {
  await eventually("both nameservers to forget the client records", 30_000, async () =>
    (await Promise.all([addresses.ns1, addresses.ns2].map((ns) => ask(ns, lookedUp, "SRV")))).every(
      ({ rcode }) => rcode === "NXDOMAIN",
    ),
  );
  await control("POST", "/resolver/flush");
}

/** What a server says of the client records, in words. */
async function said(server: string, options: { recursive?: boolean }): Promise<string> {
  const { rcode, answers } = await ask(server, lookedUp, "SRV", { ...options, timeoutMs: 3000 });
  const found = answers.flatMap((a) => (a.type === "SRV" ? [a.data.target] : [])).sort();
  return [rcode, ...found].join(" ");
}

/**
 * The first question of a host of the VPC, what each nameserver says at that moment (the resolver
 * asks any of them), and what etcdctl makes of it.
 */
async function findsTheCluster(): Promise<void> {
  const right = ["NOERROR", ...targets].join(" ");
  assert.deepEqual(
    await Promise.all([
      said(addresses.resolver, { recursive: true }),
      said(addresses.ns1, {}),
      said(addresses.ns2, {}),
    ]),
    [right, right, right],
  );
  await client.run("etcdctl", "--discovery-srv", "etcd.test", "put", "found", "it");
}

test(
  "a host asks the moment up returns, and finds the cluster: " + `${rounds} of ${rounds}`,
  async () => {
    const failed: string[] = [];
    for (let round = 1; round <= rounds; round++) {
      await mustRun(
        "pulumi",
        "destroy",
        "--target",
        "**etcd-*-client",
        "--target-dependents",
        "--yes",
        "--skip-preview",
        "--non-interactive",
      );
      await nobodyKnows();
      await up();
      await findsTheCluster().catch((e: Error) => failed.push(`round ${round}: ${e.message}`));
    }
    assert.deepEqual(failed, []);
  },
);

test(
  "client records that somebody removed, made anew by a refresh, are " + "waited for as well",
  async () => {
    for (const { id, name } of await allRecords())
      if (name === lookedUp) await cloudflare("DELETE", `/dns_records/${id}`);
    await nobodyKnows();
    await up("--refresh");
    await findsTheCluster();
  },
);
