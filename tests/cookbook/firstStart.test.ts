// May a node with or without data, a marker and a ticket start etcd? By table. Does not prove that
// etcd takes the file that is made: tests/faults does, with every version; nor that a machine's id
// comes from EC2: tests/lab does. Tickets to join: joinStart.test.ts.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { startDnsStub, type DnsStub } from "../dnsStub.ts";
import { startMetadataServer, type MetadataServer } from "../metadataServer.ts";
import { complete, folder, get, newNode, preflight, put, runOn } from "./preflightRun.ts";
import { paths, withMember, type Run } from "./preflightRun.ts";
import {
  file,
  having,
  nothing,
  testStart,
  ticket,
  tickets,
  type Prepare,
  type Row,
} from "./startRows.ts";

const joined = "2026-01-02T03:04:05Z";
const older = { name: "a", domain: "etcd.test", joined };
/** The data directory is gone, as after `rm -r`; the disk it lay on is there. */
const withoutFolder: Prepare = (dir) => fs.rm(path.join(dir, "disk/data"), { recursive: true });

let dns: DnsStub;
let metadata: MetadataServer;
let asMachine: string[];
before(async () => {
  dns = await startDnsStub(complete);
  metadata = await startMetadataServer(() => "i-1");
  asMachine = ["--metadata", `127.0.0.1:${metadata.port}`];
});
after(async () => {
  metadata.close();
  await dns.close();
});

const rows: readonly Row[] = [
  { name: "with its ticket", prepare: file("ticket", ticket), settings: tickets },
  { name: "without tickets being asked for", prepare: nothing },
  {
    // N8: a machine that was made anew, its data emptied
    name: "without a ticket",
    prepare: nothing,
    settings: tickets,
    refused:
      /^node a holds no member and has no ticket for a first start \(\S+ticket\.json\), so etcd was not started: .*second cluster.*\n {2}If a had data: bring its old volume vol-1 back.*`pulumi up --refresh` makes another member.*\n {2}If the cluster was never started, `pulumi up` brings a ticket/,
  },
  {
    name: "with the ticket of another machine",
    prepare: file("ticket", { ...ticket, machine: "i-2" }),
    settings: tickets,
    refused:
      /^the ticket \S+ is not for a first start .*\n {2}machine: i-2 in the ticket, i-1 here\n/,
  },
  {
    name: "with the ticket of another volume, cluster, address and scheme: all of it is said",
    prepare: file("ticket", ticket),
    settings: {
      ...tickets,
      volume: "vol-2",
      token: "etcd.test-other",
      address: "10.0.0.9",
      tls: true,
    },
    refused:
      /\n {2}data volume: vol-1 in the ticket, vol-2 here\n {2}cluster token: etcd-etcd\.test in the ticket, etcd\.test-other here\n {2}address of a: 10\.0\.0\.1 in the ticket, 10\.0\.0\.9 here\n {2}peer URL of a: http:\S+ in the ticket, https:\S+ here\n {2}peer URL of b: /,
  },
  {
    name: "with another member's ticket",
    prepare: file("ticket", ticket),
    settings: { ...tickets, name: "d" },
    refused: /\n {2}members: a, b, c in the ticket; this node is d\n/,
  },
  {
    name: "with a ticket of a later release",
    prepare: file("ticket", { ...ticket, kind: "leave" }),
    settings: tickets,
    refused: /is of the kind 'leave'; this cookbook knows 'found' and 'join'/,
  },
  ...["", "[]", '{"kind": "found"}', JSON.stringify({ ...ticket, members: { a: "10.0.0.1" } })].map(
    (text) => ({
      name: `with a ticket that reads ${text.slice(0, 20) || "nothing"}`,
      prepare: file("ticket", text),
      settings: tickets,
      refused: /^the ticket \S+ cannot be read \(.*\), so etcd was not started\. Run `pulumi up`/,
    }),
  ),
  ...(["rootMarker", "dataMarker"] as const).flatMap((marker) =>
    [{}, tickets].map((settings) => ({
      name: `that was a member by its ${marker}${"tickets" in settings ? ", with a ticket" : ""}`,
      prepare: having(file(marker, older), file("ticket", ticket)),
      settings,
      refused:
        /^node a was a member of etcd\.test since 2026-01-02T03:04:05Z, and .*\/data holds no member now\. A member that lost its disk must not come back under its old identity/,
    })),
  ),
  {
    name: "that was a member by a marker of which only half is there",
    prepare: file("rootMarker", '{"name": "a'),
    refused: /^node a was a member of etcd\.test since some time, and /,
  },
  {
    // E8
    name: "whose data directory is gone, that was a member",
    prepare: having(file("rootMarker", older), withoutFolder),
    settings: tickets,
    refused: /^node a was a member of etcd\.test since .*, and \S+\/data holds no member now\./,
  },
  {
    name: "whose data directory is gone, with a ticket",
    prepare: having(file("ticket", ticket), withoutFolder),
    settings: tickets,
    refused:
      /^there is no directory \S+\/data on node a, so etcd was not started\. A converge makes it: `pulumi up`/,
  },
  { name: "with data", prepare: withMember, settings: tickets },
  {
    name: "with data of an older release",
    prepare: having(withMember, file("rootMarker", older)),
    settings: tickets,
  },
  ...[
    { name: "b", domain: "etcd.test", token: "etcd-etcd.test" },
    { name: "a", domain: "other.test", token: "etcd-etcd.test" },
    { name: "a", domain: "etcd.test", token: "etcd.test-0a1b2c-f0f0f0f0" },
  ].flatMap((marker) =>
    [withMember, nothing].map((data) => ({
      name:
        `whose disk is of ${marker.name} in ${marker.token} of ${marker.domain}, ` +
        (data === nothing ? "emptied" : "with data"),
      prepare: having(data, file("dataMarker", { ...marker, joined })),
      settings: tickets,
      refused:
        /^the disk at \S+ is another member's, or another cluster's, so etcd was not started:\n {2}(name|domain|token) on the disk: \S+, on this node: \S+\n {2}Give node a the volume that it had/,
    })),
  ),
];

// Most of their time is waiting, so they wait at the same time.
describe("a node", { concurrency: 4 }, () => {
  for (const row of rows)
    testStart(row, () => ({ dnsPort: dns.port, metadataPort: metadata.port }));
});

test("a node that holds a member starts with the lasting file alone, and asks nobody", async () => {
  const silent = await startDnsStub(complete);
  try {
    const run = await preflight(silent.port, tickets, withMember);
    assert.deepEqual([run.code, run.out, run.err, silent.asked], [0, "", "", []]);
    assert.equal(run.startFile, "name: a\ninitial-cluster-state: existing\n");
  } finally {
    await silent.close();
  }
});

test("a ticket is good until there is a log, and then is the marker on both disks", async () => {
  const dir = await newNode(tickets);
  await put(dir, "ticket", ticket);
  const settled = async () => (await runOn(dir, dns.port, ["--settled"])).code === 0;
  // A start that ends before any log may be tried again, however it ends.
  for (let i = 0; i < 2; i++) {
    const { code, err } = await runOn(dir, dns.port, asMachine);
    assert.deepEqual([code, err], [0, ""]);
    assert.equal((await runOn(dir, dns.port, ["--joined"])).code, 0);
    assert.deepEqual(
      [await get(dir, "rootMarker"), await get(dir, "dataMarker")],
      [undefined, undefined],
    );
    assert.equal(await settled(), false);
  }
  await withMember(dir);
  assert.equal(await settled(), false);
  assert.equal((await runOn(dir, dns.port, ["--joined"])).code, 0);
  assert.equal(await settled(), true);
  const marker = JSON.parse((await get(dir, "dataMarker")) ?? "") as Record<string, string>;
  assert.equal(await get(dir, "rootMarker"), await get(dir, "dataMarker"));
  const { machine, volume, nonce, clusterToken } = ticket;
  const { joined: when = "", ...rest } = marker;
  assert.deepEqual(rest, {
    name: "a",
    domain: "etcd.test",
    token: clusterToken,
    machine,
    volume,
    nonce,
  });
  assert.ok(Math.abs(Date.now() - Date.parse(when)) < 60_000, when);
  assert.equal(await get(dir, "ticket"), undefined);
  // The same ticket once more: from a copy, a snapshot, or a bootstrap that did not look.
  await put(dir, "ticket", ticket);
  await fs.rm(path.join(dir, "disk/data/member"), { recursive: true });
  assert.match((await runOn(dir, dns.port, asMachine)).err, /was a member of etcd\.test/);
});

test("power lost between the first log and its note: the next check notes it", async () => {
  const run = await preflight(dns.port, tickets, async (dir) => {
    await put(dir, "ticket", ticket);
    await withMember(dir);
  });
  assert.equal(run.code, 0, run.err);
  assert.equal(await get(run.dir, "ticket"), undefined);
  assert.match((await get(run.dir, "rootMarker")) ?? "", /"nonce": "0123456789abcdef"/);
});

test("a member of an older release is noted on its data disk, since when it joined", async () => {
  const run = await preflight(dns.port, tickets, async (dir) => {
    await put(dir, "rootMarker", older);
    await withMember(dir);
  });
  assert.equal(run.code, 0, run.err);
  assert.deepEqual(JSON.parse((await get(run.dir, "dataMarker")) ?? ""), {
    ...older,
    token: "etcd-etcd.test",
  });
  assert.deepEqual(
    JSON.parse((await get(run.dir, "rootMarker")) ?? ""),
    older,
    "it stays as it is",
  );
});

test("a disk that takes no note keeps no member from running", async () => {
  const dir = await newNode();
  await withMember(dir);
  const run = await runOn(dir, dns.port, ["--node-folder", path.join(dir, paths.config)]);
  assert.deepEqual([run.code, run.err], [0, ""]);
  assert.match(run.out, /could not be noted on every disk yet: .*Not a directory/);
});

test("a machine that cannot learn its own id starts nothing, and says why", async () => {
  const nobody = createServer((_, answer) => void answer.writeHead(403).end());
  await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
  const at = `127.0.0.1:${(nobody.address() as AddressInfo).port}`;
  const withTicket = async (dir: string) => put(dir, "ticket", ticket);
  const run: Run = await preflight(dns.port, tickets, withTicket, ["--metadata", at]);
  nobody.close();
  assert.equal(run.code, 1);
  assert.match(run.err, /could not be read from EC2's metadata at \S+ \(PUT \S+: 403 Forbidden\)/);
  assert.ok(run.seconds < 8, `took ${run.seconds} s`);
});

test("a data volume that is not mounted is refused, even when something lies below", async () => {
  const run = await preflight(1, { mountPoint: folder }, withMember);
  assert.equal(run.code, 1);
  assert.match(run.err, /^the data volume is not mounted at .*, so etcd was not started/);
  assert.equal((await runOn(run.dir, 1, ["--joined"])).code, 0);
  assert.equal(await get(run.dir, "rootMarker"), undefined, "what lies below is no member");
});

test("whoever may read the configuration may read what etcd starts with, nobody else", async () => {
  const run = await preflight(dns.port, {}, async (dir) => {
    await fs.chmod(path.join(dir, paths.config), 0o640);
  });
  const modeOf = async (at: string) => (await fs.stat(path.join(run.dir, at))).mode & 0o777;
  assert.deepEqual([await modeOf(paths.startFile), await modeOf("run")], [0o640, 0o755]);
});
