// The walk from the root to the servers of a domain, against stub servers on loopback. Does not
// prove that the public root and Cloudflare answer so.
import assert from "node:assert/strict";
import test, { type TestContext } from "node:test";
import type { Answer } from "dns-packet";
import { findNameservers } from "../../components/dns/dnsNameservers.ts";
import { type DnsStub, startDnsStub, type StubAnswer } from "../dnsStub.ts";

const ns = (name: string, ...servers: string[]): Answer[] =>
  servers.map((data) => ({ name, type: "NS", ttl: 60, data }));
const glue = (server: string, data: string): Answer => ({ name: server, type: "A", ttl: 60, data });
const referral = (zone: string, servers: Readonly<Record<string, string>>): StubAnswer => ({
  authoritative: false,
  authorities: ns(zone, ...Object.keys(servers)),
  additionals: Object.entries(servers).map(([name, address]) => glue(name, address)),
});
const soa: Answer = {
  name: "example.com",
  type: "SOA",
  ttl: 60,
  data: {
    mname: "a.ns.test",
    rname: "x.test",
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 1800,
  },
};

/** Servers on 127.0.0.2 and on, all at the port of the first. */
async function servers(
  t: TestContext,
  ...answers: (() => StubAnswer)[]
): Promise<{ stubs: DnsStub[]; root: { address: string; port: number } }> {
  const stubs: DnsStub[] = [];
  t.after(() => Promise.all(stubs.map((stub) => stub.close())));
  for (const [i, answer] of answers.entries())
    stubs.push(await startDnsStub(answer, `127.0.0.${i + 2}`, stubs[0]?.port ?? 0));
  return { stubs, root: { address: "127.0.0.2", port: stubs[0]?.port ?? 0 } };
}
const addresses = (found: readonly { address: string }[]) => found.map(({ address }) => address);

test(
  "down to a zone above the domain: its servers are those of the delegation, also while " +
    "the domain has no records",
  async (t) => {
    for (const rcode of ["NOERROR", "NXDOMAIN"] as const) {
      const { root, stubs } = await servers(
        t,
        () => referral("com", { "a.gtld.test": "127.0.0.3" }),
        () => referral("example.com", { "a.ns.test": "127.0.0.4", "b.ns.test": "127.0.0.5" }),
        () => ({ rcode, authorities: [soa] }),
      );
      const found = await findNameservers("etcd.example.com", 500, [root]);
      assert.deepEqual(
        found.map(({ label }) => label),
        ["a.ns.test (127.0.0.4)", "b.ns.test (127.0.0.5)"],
      );
      assert.deepEqual(
        stubs.map(({ asked }) => asked),
        Array(3).fill(["etcd.example.com NS udp"]),
      );
    }
  },
);

test("down to a zone of the domain's own: its servers are those it names itself", async (t) => {
  const { root } = await servers(
    t,
    () => referral("example.com", { "a.ns.test": "127.0.0.3" }),
    () => ({
      records: ns("example.com", "a.ns.test", "b.ns.test"),
      additionals: [glue("a.ns.test", "127.0.0.3"), glue("b.ns.test", "127.0.0.9")],
    }),
  );
  assert.deepEqual(addresses(await findNameservers("example.com", 500, [root])), [
    "127.0.0.3",
    "127.0.0.9",
  ]);
});

test("a server without an address ends the walk: the gate has to ask all of them", async (t) => {
  const { root } = await servers(
    t,
    () => ({
      ...referral("example.com", { "a.ns.test": "127.0.0.3" }),
      authorities: ns("example.com", "a.ns.test", "b.ns.invalid"),
    }),
    () => ({ authorities: [soa] }),
  );
  await assert.rejects(
    findNameservers("etcd.example.com", 500, [root]),
    /^Error: The authoritative nameservers of etcd\.example\.com could not be found: no address was found for b\.ns\.invalid, and every server of example\.com has to be asked\. Name them in etcd:nameservers/,
  );
});

for (const bad of [{ rcode: "SERVFAIL" }, { rcode: "REFUSED" }, { silent: true }] as const) {
  test(`one server that answers ${JSON.stringify(bad)}: the next is asked`, async (t) => {
    const { root } = await servers(
      t,
      () => referral("example.com", { "a.ns.test": "127.0.0.3", "b.ns.test": "127.0.0.4" }),
      () => bad,
      () => ({ authorities: [soa] }),
    );
    assert.deepEqual(addresses(await findNameservers("etcd.example.com", 200, [root])), [
      "127.0.0.3",
      "127.0.0.4",
    ]);
  });
}

test("none that answers: the zone reached, the servers and the reason are named", async (t) => {
  const { root } = await servers(
    t,
    () => referral("example.com", { "a.ns.test": "127.0.0.3" }),
    () => ({ rcode: "SERVFAIL" }),
  );
  await assert.rejects(
    findNameservers("etcd.example.com", 200, [root]),
    /the servers of example\.com \(127\.0\.0\.3\) gave no answer to go on with: answered SERVFAIL\./,
  );
});

test("delegations in a circle end", async (t) => {
  const { root } = await servers(t, () => referral("example.com", { "a.ns.test": "127.0.0.2" }));
  await assert.rejects(
    findNameservers("etcd.example.com", 200, [root]),
    /the delegations do not end/,
  );
});
