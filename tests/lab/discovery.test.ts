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
/** Each takes some ten seconds: few, and ten with `npm test -- --all`. */
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

/** The first question of a host of the VPC: what its resolver says, and what etcdctl makes of it. */
async function findsTheCluster(): Promise<void> {
  const { rcode, answers } = await ask(addresses.resolver, lookedUp, "SRV", {
    recursive: true,
    timeoutMs: 3000,
  });
  const found = answers.flatMap((a) => (a.type === "SRV" ? [a.data.target] : [])).sort();
  assert.deepEqual([rcode, found], ["NOERROR", targets]);
  await client.run("etcdctl", "--discovery-srv", "etcd.test", "put", "found", "it");
}

test(`a host asks the moment up returns, and finds the cluster: ${rounds} of ${rounds}`, async () => {
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
});

test("client records that somebody removed, made anew by a refresh, are waited for as well", async () => {
  for (const { id, name } of await allRecords())
    if (name === lookedUp) await cloudflare("DELETE", `/dns_records/${id}`);
  await nobodyKnows();
  await up("--refresh");
  await findsTheCluster();
});
