/**
 * The publisher against nameservers that are maps in memory, with a clock the test moves: lag,
 * order, faults laid over, a nameserver that is away. Does not prove that PowerDNS takes the
 * changes, nor how long that takes.
 */
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import type { TestContext } from "node:test";
import type { DnsRecord } from "../../lab/cloudflare/records.ts";
import type { Rrset } from "../../lab/dns/answers.ts";
import { RefusedChange } from "../../lab/dns/powerdns.ts";
import { Publisher, changesBetween } from "../../lab/dns/publisher.ts";
import type { Fault, NameServer } from "../../lab/faultKinds.ts";
import { a, set, srvName } from "./records.ts";

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
      if (`${change.name} ${change.type}` === state.refuses)
        throw new RefusedChange(`${server} refuses`);
      if (change.contents.length === 0) held.delete(`${change.name} ${change.type}`);
      else held.set(`${change.name} ${change.type}`, change);
    },
  };
  const publisher = new Publisher(
    target,
    records,
    () => faults,
    (line) => lines.push(line),
  );
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

test("what a nameserver holds from before is mended; what fits is not written again", async (t) => {
  clock(t);
  const { publisher, held, state, has } = nameServer(t, "ns1", [a]);
  held.set("old.etcd.test A", {
    name: "old.etcd.test",
    type: "A",
    ttl: 60,
    contents: ["10.213.0.77"],
  });
  await publisher.refresh();
  assert.equal(has("old.etcd.test"), undefined);
  assert.deepEqual(has("etcd.test", "NS"), ["ns1.etcd.test.", "ns2.etcd.test."]);
  const { writes } = state;
  await publisher.refresh();
  assert.equal(state.writes, writes);
});

test("a nameserver that is away gets everything when it is back, said once each way", async (t) => {
  clock(t);
  const { publisher, state, lines, has } = nameServer(t, "ns1");
  state.away = true;
  publisher.change(set);
  await publisher.refresh();
  await pass(publisher, 500);
  state.away = false;
  await pass(publisher, 500);
  assert.deepEqual(has("a.etcd.test"), ["10.213.0.4"]);
  assert.deepEqual(lines, [
    "ns1 does not answer; its changes wait",
    "ns1: answers again, all changes are published",
  ]);
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

test(
  "a set that a nameserver refuses stops no other, is not tried all the time, and is " +
    "taken once it can be",
  async (t) => {
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
  },
);

test("removals are written before what takes their place", () => {
  const address: Rrset = { name: "a.etcd.test", type: "A", ttl: 60, contents: ["10.213.0.4"] };
  const alias: Rrset = { name: "a.etcd.test", type: "CNAME", ttl: 60, contents: ["b.etcd.test."] };
  assert.deepEqual(
    changesBetween(new Map([["a.etcd.test A", address]]), new Map([["a.etcd.test CNAME", alias]])),
    [{ ...address, contents: [] }, alias],
  );
});
