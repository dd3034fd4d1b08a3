// What a node does with a ticket to join a living cluster. Does not prove that etcd takes what it
// is started with: tests/faults (N8) does.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startDnsStub, type DnsStub, type StubAnswer } from "../dnsStub.ts";
import { startMetadataServer, type MetadataServer } from "../metadataServer.ts";
import { complete, get, newNode, nxdomain, preflight, put, runOn } from "./preflightRun.ts";
import { srv, srvName, withMember } from "./preflightRun.ts";
import {
  file,
  having,
  joining,
  nothing,
  testStart,
  ticket,
  tickets,
  type Row,
} from "./startRows.ts";

let dns: DnsStub;
let metadata: MetadataServer;
before(async () => {
  dns = await startDnsStub(complete);
  metadata = await startMetadataServer(() => "i-1");
});
after(async () => {
  metadata.close();
  await dns.close();
});

const rows: readonly Row[] = [
  { name: "with a ticket to join", prepare: file("ticket", joining), settings: tickets },
  {
    name: "that joins as a name that it was before, its old marker set aside",
    prepare: having(file("ticket", joining), file("aside", { nonce: "fedcba9876543210" })),
    settings: tickets,
  },
  ...[undefined, "", "xyz", 7].map((memberId) => ({
    name: `with a ticket to join as member ${JSON.stringify(memberId)}`,
    prepare: file("ticket", { ...joining, memberId }),
    settings: tickets,
    refused: /^the ticket \S+ cannot be read \(.*\), so etcd was not started\. Run `pulumi up`/,
  })),
  {
    name: "with a ticket to join on another machine and volume, in another cluster",
    prepare: file("ticket", { ...joining, machine: "i-2", clusterToken: "other" }),
    settings: { ...tickets, volume: "vol-2", address: "10.0.0.9" },
    refused:
      /\n {2}machine: i-2 in .*\n {2}data volume: vol-1 in .*\n {2}cluster token: other in .*\n {2}address of a: 10\.0\.0\.1 in the ticket, 10\.0\.0\.9 here\n/,
  },
  {
    name: "with a ticket to join by peer URLs of another scheme",
    prepare: file("ticket", joining),
    settings: { ...tickets, tls: true },
    refused: /\n {2}peer URL of a: .*\n {2}peer URL of b: .*\n {2}peer URL of c: /,
  },
  {
    name: "with a ticket to join that does not name it",
    prepare: file("ticket", joining),
    settings: { ...tickets, name: "d" },
    refused: /\n {2}members: a, b, c in the ticket; this node is d\n/,
  },
  {
    name: "with a ticket to join that a member used which was set aside since",
    prepare: having(file("ticket", joining), file("aside", { nonce: joining.nonce })),
    settings: tickets,
    refused: /^the ticket \S+ was used before \(\S+member\.8e\.20260102t030405Z\.json\), or /,
  },
  {
    name: "with a ticket to found, where a member was set aside",
    prepare: having(file("ticket", ticket), file("aside", {})),
    settings: tickets,
    refused: /^the ticket \S+ was used before .* so etcd was not started: .*\n {2}Run `pulumi up`/,
  },
];

describe("a node", { concurrency: 4 }, () => {
  for (const row of rows)
    testStart(row, () => ({ dnsPort: dns.port, metadataPort: metadata.port }));
});

describe("a node in a cookbook that is told that somebody joins it", { concurrency: 4 }, () => {
  const joins = { ...tickets, joins: true };
  const gone = { name: "a", domain: "etcd.test", nonce: "1" };
  for (const [name, prepare, settings, staged] of [
    ["with nothing", nothing, joins, true],
    ["with nothing, and nobody joins it", nothing, tickets, false],
    ["with a member", withMember, joins, false],
    ["with a ticket to found", file("ticket", ticket), joins, false],
    ["with a ticket to join", file("ticket", joining), joins, false],
    ["that lost its disk", file("rootMarker", gone), joins, true],
    ["that was emptied", file("dataMarker", gone), joins, true],
    [
      "that lost its disk, with an old ticket",
      having(file("rootMarker", gone), file("ticket", ticket)),
      joins,
      true,
    ],
    ["that lost its disk, and nobody joins it", file("rootMarker", gone), tickets, false],
    ["where one gave way", file("aside", gone), joins, true],
    ["whose volume is not mounted", nothing, { ...joins, mountPoint: import.meta.dirname }, false],
  ] as const)
    test(`${name} ${staged ? "waits" : "does not wait"} to be joined`, async () => {
      const dir = await newNode(settings);
      await prepare(dir);
      const { code, out, err } = await runOn(dir, dns.port, ["--staged"]);
      const said = "staged: node a holds no member and waits to be joined to the cluster\n";
      assert.deepEqual([code, out, err], staged ? [0, said, ""] : [1, "", ""]);
    });
});

test("a ticket to join becomes a marker with the member's id", async () => {
  const run = await preflight(dns.port, tickets, async (dir) => {
    await put(dir, "ticket", joining);
    await withMember(dir);
  });
  assert.equal(run.code, 0, run.err);
  const marker = JSON.parse((await get(run.dir, "dataMarker")) ?? "") as Record<string, string>;
  assert.equal(await get(run.dir, "rootMarker"), await get(run.dir, "dataMarker"));
  assert.deepEqual([marker.memberId, marker.nonce], [joining.memberId, joining.nonce]);
});

/** A newcomer's check, in a zone that answers so. */
async function joins(answer: (name: string) => StubAnswer, timeoutSeconds: number) {
  const zone = await startDnsStub(answer);
  try {
    const run = await preflight(
      zone.port,
      // as the recipe writes them for a member that is declared later
      { ...tickets, members: {}, initialState: "existing", timeoutSeconds },
      (dir) => put(dir, "ticket", joining),
      ["--metadata", `127.0.0.1:${metadata.port}`],
    );
    return { ...run, asked: zone.asked };
  } finally {
    await zone.close();
  }
}

describe("etcd-preflight with a ticket to join", { concurrency: true }, () => {
  test("asks for the members' addresses alone, twice, whatever SRV names", async () => {
    const leaving = (name: string) => (name === srvName ? srv(["old", "foreign"]) : complete(name));
    const run = await joins(leaving, 5);
    assert.deepEqual([run.code, run.err], [0, ""]);
    const round = ["a", "b", "c"].map((name) => `${name}.etcd.test A udp`);
    assert.deepEqual(run.asked, [...round, ...round]);
    assert.equal(
      run.startFile,
      'name: a\ninitial-cluster: "a=http://a.etcd.test:2380,b=http://b.etcd.test:2380,' +
        'c=http://c.etcd.test:2380"\n' +
        'initial-cluster-token: "etcd-etcd.test"\ninitial-cluster-state: "existing"\n',
    );
  });

  test("waits for an address that comes late", async () => {
    const from = performance.now() + 1500;
    const run = await joins(
      (name) => (name === "c.etcd.test" && performance.now() < from ? nxdomain : complete(name)),
      5,
    );
    assert.equal(run.code, 0, run.err);
    assert.ok(run.seconds > 1.5, `took ${run.seconds} s`);
  });

  test("starts nothing while a member has no address, or another than in the ticket", async () => {
    const other = (name: string): StubAnswer =>
      name === "b.etcd.test"
        ? { records: [{ name, type: "A", ttl: 60, data: "10.0.0.9" }] }
        : name === "c.etcd.test"
          ? nxdomain
          : complete(name);
    const run = await joins(other, 1);
    assert.equal(run.code, 1);
    assert.equal(
      run.err,
      "DNS for etcd.test is not complete after 1 s, asked from node a through 127.0.0.1. etcd " +
        "would not reach the members that it is to join, so it was not started.\n" +
        "  b.etcd.test A   10.0.0.9, wanted 10.0.0.2 " +
        "(the resolver may keep this answer for 60 s)\n" +
        "  c.etcd.test A   NXDOMAIN, wanted 10.0.0.3 " +
        "(the resolver may keep this answer for 1790 s)\n",
    );
    assert.equal(run.startFile, "");
  });
});
