// The gate as the engine runs it, against a DNS server on loopback. Does not prove anything about
// real nameservers or nodes: tests/lab does.
import assert from "node:assert/strict";
import test, { after, before as beforeAll } from "node:test";
import { DnsReadiness } from "../../components/dns/dnsReadiness.ts";
import { startDnsStub, type DnsStub, type StubAnswer } from "../dnsStub.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";

const members = ["a", "b", "c"].map((n, i) => ({
  target: `${n}.etcd.test`,
  address: `10.0.0.${i + 1}`,
}));
const expected = { domain: "etcd.test", tls: false, port: 2380, members };
const srv = (...targets: string[]): StubAnswer => ({
  records: targets.map((target) => ({
    name: "_etcd-server._tcp.etcd.test",
    type: "SRV" as const,
    ttl: 60,
    data: { target, port: 2380, priority: 0, weight: 0 },
  })),
});
const right = (name: string, type: string): StubAnswer => {
  const member = members.find((m) => m.target === name);
  if (name === "_etcd-server._tcp.etcd.test") return srv(...members.map((m) => m.target));
  if (member && type === "A")
    return { records: [{ name, type: "A", ttl: 60, data: member.address }] };
  return member ? {} : { rcode: "NXDOMAIN" };
};

let gate: DynamicProvider;
beforeAll(async () => {
  gate = await startDynamicProvider(
    () => new DnsReadiness("gate", { expected, timeoutSeconds: 1 }),
  );
});
after(() => gate.close());

/** Runs the gate against servers that answer by these functions. */
async function wait(
  timeoutSeconds: number,
  ...answers: ((name: string, type: string) => StubAnswer)[]
) {
  const stubs: DnsStub[] = await Promise.all(answers.map((answer) => startDnsStub(answer)));
  const started = Date.now();
  const result = await gate
    .create({ expected, nameservers: stubs.map((s) => s.server), timeoutSeconds, version: 1 })
    .then(
      () => "",
      (e: Error) => e.message,
    );
  await Promise.all(stubs.map((s) => s.close()));
  return { error: result, ms: Date.now() - started, stubs };
}

test("opens on a complete set, after two rounds", async () => {
  const { error, stubs } = await wait(5, right, right);
  assert.equal(error, "");
  for (const stub of stubs)
    assert.equal(
      stub.asked.filter((q) => q.startsWith("a.etcd.test A ")).length,
      2,
      stub.asked.join("\n"),
    );
});

test("waits for a server that follows late", async () => {
  const opensAt = Date.now() + 1200;
  const { error, ms } = await wait(10, right, (name, type) =>
    Date.now() < opensAt && name === "c.etcd.test" ? { rcode: "NXDOMAIN" } : right(name, type),
  );
  assert.equal(error, "");
  assert.ok(ms >= 1000, `opened after ${ms} ms`);
});

test("a round that is complete once does not open it", async () => {
  let rounds = 0; // complete in round 1, incomplete in round 2, then complete for good
  const { error, stubs } = await wait(10, (name, type) => {
    if (name === "_etcd-server._tcp.etcd.test") rounds++;
    return rounds === 2 && name === "b.etcd.test" && type === "A"
      ? { rcode: "NXDOMAIN" }
      : right(name, type);
  });
  assert.equal(error, "");
  assert.equal(stubs[0]?.asked.filter((q) => q.startsWith("_etcd-server._tcp")).length, 4);
});

const failures: [string, (name: string, type: string) => StubAnswer, RegExp][] = [
  [
    "a target is missing",
    (n, t) => (n.startsWith("_etcd-server._") ? srv("a.etcd.test", "b.etcd.test") : right(n, t)),
    /_etcd-server\._tcp\.etcd\.test SRV\s+127\.0\.0\.1:\d+\s+lacks c\.etcd\.test:2380/,
  ],
  [
    "a stale target is there",
    (n, t) =>
      n.startsWith("_etcd-server._")
        ? srv("a.etcd.test", "b.etcd.test", "c.etcd.test", "old.etcd.test")
        : right(n, t),
    /names old\.etcd\.test, which is no member/,
  ],
  [
    "an answer is SERVFAIL",
    (n, t) => (n === "b.etcd.test" ? { rcode: "SERVFAIL" } : right(n, t)),
    /b\.etcd\.test A\s+127.*SERVFAIL/,
  ],
  [
    "an address is Cloudflare's proxy",
    (n, t) =>
      n === "b.etcd.test" && t === "A"
        ? { records: [{ name: n, type: "A", ttl: 60, data: "104.21.5.6" }] }
        : right(n, t),
    /b\.etcd\.test A\s+127.*104\.21\.5\.6 is Cloudflare's proxy/,
  ],
  [
    "answers lack authority",
    (n, t) => ({ ...right(n, t), authoritative: false }),
    /answered without authority/,
  ],
  [
    "the server is silent",
    () => ({ silent: true }),
    /every record\s+127.*no answer over UDP \(nothing in 1 s\) or TCP/,
  ],
];
for (const [name, answer, want] of failures) {
  test(`on expiry it names what is wrong: ${name}`, async () => {
    const { error } = await wait(1, answer);
    assert.match(
      error,
      /^DNS for etcd\.test is not complete after \d+ s\. etcd would form a wrong cluster, so nothing was started\.\n/,
    );
    assert.match(error, want);
  });
}

test(
  "a server whose answers take 0.4 s only costs time; one that takes longer than a " +
    "question may wait is named",
  async () => {
    const slow = (delayMs: number) => (n: string, t: string) => ({ ...right(n, t), delayMs });
    assert.equal((await wait(10, slow(400))).error, "");
    const { error, ms } = await wait(2, slow(6000));
    assert.match(
      error,
      /every record\s+127.*no answer over UDP \(nothing in \d+ s\) or TCP \(nothing in \d+ s\)/,
    );
    assert.ok(ms < 12_000, `failed only after ${ms} ms`);
  },
);

test("an answer cut off over UDP is asked again over TCP", async () => {
  const { error, stubs } = await wait(5, (n, t) => ({ ...right(n, t), truncate: true }));
  assert.equal(error, "");
  assert.ok(stubs[0]?.asked.some((q) => q.endsWith("tcp")));
});

test("waits again when the set changes, not when a deadline does", async () => {
  const olds = { expected, nameservers: [], timeoutSeconds: 120, version: 1 };
  assert.equal(await gate.diff(olds, { ...olds, timeoutSeconds: 60 }), false);
  assert.equal(
    await gate.diff(olds, { ...olds, expected: { ...expected, members: [...members].reverse() } }),
    false,
  );
  assert.equal(
    await gate.diff(olds, { ...olds, expected: { ...expected, members: members.slice(1) } }),
    true,
  );
  assert.equal(await gate.diff(olds, { ...olds, version: 2 }), true);
});

/** A gate that waits again, as it stood in the state before. */
async function waitAgain(olds: object, answer: (name: string, type: string) => StubAnswer) {
  const stub = await startDnsStub(answer);
  const inputs = { expected, nameservers: [stub.server], timeoutSeconds: 1, version: 1 };
  try {
    return await gate.update({ ...inputs, ...olds }, inputs);
  } finally {
    await stub.close();
  }
}
const d = { target: "d.etcd.test", address: "10.0.0.4" };
const before = { expected: { ...expected, members: [...members, d] } };
const withMore =
  (...more: string[]) =>
  (name: string, type: string) =>
    name.startsWith("_etcd-server._")
      ? srv(...members.map((m) => m.target), ...more)
      : right(name, type);

test("a member that leaves may still be named, and is remembered until it is not", async () => {
  const left = await waitAgain(before, withMore(d.target));
  assert.deepEqual(left.former, [d]);
  assert.deepEqual(
    (await waitAgain({ former: [d] }, withMore(d.target))).former,
    [d],
    "its deletion failed in the run before",
  );
  assert.deepEqual((await waitAgain({ former: [d] }, withMore())).former, []);
  assert.deepEqual((await waitAgain(before, withMore())).former, []);
  assert.equal(await gate.diff({ ...left, former: [d] }, left), false);
});

test("anybody else's record is named all the same", async () => {
  await assert.rejects(
    waitAgain(before, withMore(d.target, "old.etcd.test")),
    (e: Error) => /names old\.etcd\.test/.test(e.message) && !/names d\./.test(e.message),
  );
});

const clients = { ...expected, service: "client", port: 2379 };
const clientSrv = "_etcd-client._tcp.etcd.test";
/** The servers' records are right, those for clients only once `published` says so. */
const publishing = (published: () => boolean) => (name: string, type: string) =>
  name !== clientSrv
    ? right(name, type)
    : published()
      ? {
          records: members.map(({ target }) => ({
            name,
            type: "SRV" as const,
            ttl: 60,
            data: { target, port: 2379, priority: 0, weight: 0 },
          })),
        }
      : { rcode: "NXDOMAIN" as const };

test(
  "the gate of the clients waits for their records on the server that " + "follows late",
  async (t) => {
    const opensAt = Date.now() + 1200;
    const early = await startDnsStub(publishing(() => true));
    t.after(() => early.close());
    const late = await startDnsStub(publishing(() => Date.now() >= opensAt));
    t.after(() => late.close());
    const { id } = await gate.create({
      expected: clients,
      nameservers: [early.server, late.server],
      timeoutSeconds: 10,
      version: 1,
    });
    assert.equal(id, "dns-readiness-client-etcd.test");
    assert.ok(Date.now() >= opensAt, "it opened before the second server had the records");
    assert.ok(
      !late.asked.some((q) => q.startsWith("_etcd-server")),
      "it asked for the servers' records, which are no business of clients",
    );
  },
);

test("the gate of the clients says on expiry that the cluster is well", async (t) => {
  const stub = await startDnsStub(publishing(() => false));
  t.after(() => stub.close());
  await assert.rejects(
    gate.create({
      expected: clients,
      nameservers: [stub.server],
      timeoutSeconds: 1,
      version: 1,
    }),
    /Clients cannot find etcd\.test yet after 1 s\. The cluster is up and healthy; [^]*_etcd-client\._tcp\.etcd\.test SRV +127\.0\.0\.1:\d+ +NXDOMAIN, wanted a\.etcd\.test:2379/,
  );
});

test(
  "waits again when a record was made anew, and a state without the " + "newer fields is as it was",
  async () => {
    const olds = { expected, nameservers: [], timeoutSeconds: 120, version: 1 };
    assert.equal(await gate.diff(olds, { ...olds, recordIds: [] }), false);
    assert.equal(
      await gate.diff(olds, { ...olds, expected: { ...expected, service: "server" } }),
      false,
    );
    assert.equal(
      await gate.diff(olds, { ...olds, expected: { ...expected, service: "client" } }),
      true,
    );
    const clientOlds = { ...olds, expected: clients, recordIds: ["1", "2", "3"] };
    assert.equal(await gate.diff(clientOlds, { ...clientOlds, recordIds: ["3", "2", "1"] }), false);
    assert.equal(await gate.diff(clientOlds, { ...clientOlds, recordIds: ["1", "2", "4"] }), true);
  },
);

test("refuses an empty set, and bears preview's unknown marker", async () => {
  assert.match(
    (await gate.check({}, { expected: { ...expected, members: [] } }))[0]?.reason ?? "",
    /at least one member/,
  );
  assert.deepEqual(await gate.check({}, { expected: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }), []);
});
