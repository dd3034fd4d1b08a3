/**
 * The publisher against nameservers that are maps in memory, with a clock the test moves: lag, order, faults laid over, a nameserver that is away.
 * Does not prove that PowerDNS takes the changes, nor how long that takes.
 */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { TestContext } from "node:test";
import type { DnsRecord } from "../../lab/cloudflare/records.ts";
import { RecordStore } from "../../lab/cloudflare/store.ts";
import { answersOf, zoneFileContent } from "../../lab/dns/answers.ts";
import type { Rrset } from "../../lab/dns/answers.ts";
import { lagMs, withFaults } from "../../lab/dns/overlay.ts";
import { RefusedChange } from "../../lab/dns/powerdns.ts";
import { Publisher, changesBetween } from "../../lab/dns/publisher.ts";
import type { Fault, NameServer } from "../../lab/faultKinds.ts";

const srvName = "_etcd-server-ssl._tcp.etcd.test";

function record(body: Record<string, unknown>): DnsRecord {
  return new RecordStore([], () => undefined).create(body);
}
const a = record({ name: "a", type: "A", content: "10.213.0.4", ttl: 60 });
const srvOf = (node: string, data: object = {}) => record({ name: srvName, type: "SRV", ttl: 60, data: { priority: 0, weight: 0, port: 2380, target: `${node}.etcd.test`, ...data } });
const set = [a, record({ name: "b", type: "A", content: "10.213.16.4", ttl: 60 }), srvOf("a"), srvOf("b")];

/** A nameserver in memory, with switches for being away and for refusing. */
function nameServer(t: TestContext, server: NameServer, records: readonly DnsRecord[] = []) {
  const held = new Map<string, Rrset>();
  const faults: Fault[] = [];
  const lines: string[] = [];
  const state = { away: false, refuses: "", writes: 0 };
  const target = {
    server,
    read: async () => new Map(held),
    write: async (change: Rrset) => {
      state.writes += 1;
      if (state.away) throw new Error(`${server} does not answer`);
      if (`${change.name} ${change.type}` === state.refuses) throw new RefusedChange(`${server} refuses`);
      if (change.contents.length === 0) held.delete(`${change.name} ${change.type}`);
      else held.set(`${change.name} ${change.type}`, change);
    },
  };
  const publisher = new Publisher(target, records, () => faults, (line) => lines.push(line));
  t.after(() => publisher.close());
  const has = (name: string, type = "A") => held.get(`${name} ${type}`)?.contents;
  return { publisher, held, faults, lines, state, has };
}

/** Moves the clock and lets what became due happen. */
async function pass(publisher: Publisher, ms: number): Promise<void> {
  mock.timers.tick(ms);
  await publisher.refresh();
}

function clock(t: TestContext): void {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  t.after(() => mock.timers.reset());
}

test("ns1 has a change at once, ns2 two seconds later", async (t) => {
  clock(t);
  const [ns1, ns2] = [nameServer(t, "ns1"), nameServer(t, "ns2")];
  for (const { publisher } of [ns1, ns2]) {
    publisher.change([a]);
    await publisher.refresh();
  }
  assert.deepEqual(ns1.has("a.etcd.test"), ["10.213.0.4"]);
  await pass(ns2.publisher, 1999);
  assert.equal(ns2.has("a.etcd.test"), undefined);
  await pass(ns2.publisher, 1);
  assert.deepEqual(ns2.has("a.etcd.test"), ["10.213.0.4"]);
});

test("each change arrives its own time after it was made, in order", async (t) => {
  clock(t);
  const { publisher, has } = nameServer(t, "ns2");
  publisher.change([a]);
  await pass(publisher, 1500);
  publisher.change([]);
  await pass(publisher, 500);
  assert.deepEqual(has("a.etcd.test"), ["10.213.0.4"]);
  await pass(publisher, 1499);
  assert.deepEqual(has("a.etcd.test"), ["10.213.0.4"]);
  await pass(publisher, 1);
  assert.equal(has("a.etcd.test"), undefined);
});

test("a shorter lag does not let a later change overtake an earlier one", async (t) => {
  clock(t);
  const { publisher, faults, has } = nameServer(t, "ns2");
  faults.push({ kind: "dns-lag", seconds: 20 });
  publisher.change([a]);
  faults.length = 0;
  publisher.change(set);
  await pass(publisher, 19_000);
  assert.equal(has("b.etcd.test"), undefined);
  await pass(publisher, 1000);
  assert.deepEqual(has("b.etcd.test"), ["10.213.16.4"]);
});

test("catching up publishes at once what still waits", async (t) => {
  clock(t);
  const { publisher, has } = nameServer(t, "ns2");
  publisher.change(set);
  await publisher.catchUp();
  assert.deepEqual(has(srvName, "SRV"), ["0 0 2380 a.etcd.test.", "0 0 2380 b.etcd.test."]);
  assert.equal(publisher.waiting, 0);
});

test("what a nameserver holds from before is mended, and what fits is not written again", async (t) => {
  clock(t);
  const { publisher, held, state, has } = nameServer(t, "ns1", [a]);
  held.set("old.etcd.test A", { name: "old.etcd.test", type: "A", ttl: 60, contents: ["10.213.0.77"] });
  await publisher.refresh();
  assert.equal(has("old.etcd.test"), undefined);
  assert.deepEqual(has("etcd.test", "NS"), ["ns1.etcd.test.", "ns2.etcd.test."]);
  const { writes } = state;
  await publisher.refresh();
  assert.equal(state.writes, writes);
});

test("a nameserver that is away gets everything when it is back, and that is said once each way", async (t) => {
  clock(t);
  const { publisher, state, lines, has } = nameServer(t, "ns1");
  state.away = true;
  publisher.change(set);
  await publisher.refresh();
  await pass(publisher, 500);
  state.away = false;
  await pass(publisher, 500);
  assert.deepEqual(has("a.etcd.test"), ["10.213.0.4"]);
  assert.deepEqual(lines, ["ns1 does not answer; its changes wait", "ns1: answers again, all changes are published"]);
});

test("a nameserver that carries out an old request after it is back is set right", async (t) => {
  clock(t);
  const { publisher, held, state, has } = nameServer(t, "ns1");
  state.away = true;
  publisher.change([a]);
  await publisher.refresh();
  state.away = false;
  await pass(publisher, 500);
  assert.deepEqual(has("a.etcd.test"), ["10.213.0.4"]);
  held.delete("a.etcd.test A"); // a removal that had been waiting in its socket
  await pass(publisher, 1000);
  assert.deepEqual(has("a.etcd.test"), ["10.213.0.4"]);
});

test("a set that a nameserver refuses stops no other, is not tried all the time, and is taken once it can be", async (t) => {
  clock(t);
  const { publisher, state, lines, has } = nameServer(t, "ns1");
  state.refuses = "a.etcd.test A";
  publisher.change(set);
  await publisher.refresh();
  assert.deepEqual(has("b.etcd.test"), ["10.213.16.4"]);
  const { writes } = state;
  await publisher.refresh();
  assert.deepEqual([state.writes, lines.length], [writes, 1]);
  state.refuses = "";
  await pass(publisher, 4900);
  assert.equal(has("a.etcd.test"), undefined);
  await pass(publisher, 200);
  assert.deepEqual([has("a.etcd.test"), lines.length], [["10.213.0.4"], 1]);
});

const everything = set.flatMap(answersOf);
const shown = (faults: readonly Fault[], server: NameServer) => withFaults(everything, faults, server).map((answer) => `${answer.name.replace(".etcd.test", "")} ${answer.type} ${answer.content}`);
const honest = shown([], "ns1");

const overlays: [what: string, fault: Fault, ns1: string[], ns2: string[]][] = [
  ["withhold on both", { kind: "withhold", name: "b.etcd.test", type: "A" }, honest.filter((line) => !line.startsWith("b A")), honest.filter((line) => !line.startsWith("b A"))],
  ["withhold on ns2 only", { kind: "withhold", name: "b.etcd.test", type: "A", server: "ns2" }, honest, honest.filter((line) => !line.startsWith("b A"))],
  ["withhold one target of SRV", { kind: "withhold", name: srvName, type: "SRV", content: "b.etcd.test" }, honest.filter((line) => !line.includes("2380 b")), honest.filter((line) => !line.includes("2380 b"))],
  ["withhold one target by its whole content", { kind: "withhold", name: srvName, type: "SRV", content: "0 0 2380 B.etcd.test." }, honest.filter((line) => !line.includes("2380 b")), honest.filter((line) => !line.includes("2380 b"))],
  ["withhold what is not there", { kind: "withhold", name: "z.etcd.test", type: "A" }, honest, honest],
  ["falsify an address", { kind: "falsify", name: "a.etcd.test", type: "A", content: "10.213.0.99", server: "ns1" }, honest.map((line) => line.replace("a A 10.213.0.4", "a A 10.213.0.99")), honest],
  ["falsify one target of SRV", { kind: "falsify", name: srvName, type: "SRV", content: "0 0 2381 a.etcd.test", instead: "a.etcd.test:2380" }, honest.map((line) => line.replace("2380 a", "2381 a")), honest.map((line) => line.replace("2380 a", "2381 a"))],
  ["an extra target", { kind: "extra", name: srvName, type: "SRV", content: "0 0 2380 ghost.etcd.test", server: "ns2" }, honest, [...honest, "_etcd-server-ssl._tcp SRV 0 0 2380 ghost.etcd.test."]],
];
for (const [what, fault, ns1, ns2] of overlays) {
  test(`fault: ${what}`, () => {
    assert.deepEqual(shown([fault], "ns1"), ns1);
    assert.deepEqual(shown([fault], "ns2"), ns2);
  });
}

test("the newest lag of a server counts, ns2 when none is named", () => {
  assert.deepEqual([lagMs([], "ns1"), lagMs([], "ns2")], [0, 2000]);
  const faults: Fault[] = [{ kind: "dns-lag", seconds: 5 }, { kind: "dns-lag", seconds: 20 }, { kind: "dns-lag", seconds: 1, server: "ns1" }];
  assert.deepEqual([lagMs(faults, "ns1"), lagMs(faults, "ns2")], [1000, 20_000]);
});

test("a proxied record is answered with addresses of Cloudflare's, not with its content", () => {
  const answers = answersOf(record({ name: "p", type: "A", content: "203.0.113.9", proxied: true }));
  assert.deepEqual(answers.map((answer) => answer.content), ["104.21.48.113", "172.67.189.20"]);
  assert.deepEqual(answers.map((answer) => answer.ttl), [300, 300]);
});

test("automatic TTL is 300 s", () => {
  assert.equal(answersOf(record({ name: "t", type: "A", content: "10.213.0.4" }))[0]?.ttl, 300);
});

test("content is put into zone-file form", () => {
  assert.equal(zoneFileContent("SRV", "0 0 2380 a.etcd.test"), "0 0 2380 a.etcd.test.");
  assert.equal(zoneFileContent("CNAME", "A.etcd.test"), "a.etcd.test.");
  assert.equal(zoneFileContent("TXT", 'say "hi"'), '"say \\"hi\\""');
  assert.equal(zoneFileContent("TXT", "x".repeat(300)), `"${"x".repeat(255)}" "${"x".repeat(45)}"`);
});

test("removals are written before what takes their place", () => {
  const address: Rrset = { name: "a.etcd.test", type: "A", ttl: 60, contents: ["10.213.0.4"] };
  const alias: Rrset = { name: "a.etcd.test", type: "CNAME", ttl: 60, contents: ["b.etcd.test."] };
  assert.deepEqual(changesBetween(new Map([["a.etcd.test A", address]]), new Map([["a.etcd.test CNAME", alias]])), [{ ...address, contents: [] }, alias]);
});
