// The gate against the lab's nameservers, with the cluster's records published through the
// Cloudflare emulator: every kind of wrong DNS is refused and named, and the gate opens once it is
// mended. The gate is called as the engine calls it, on the host that `up` runs on; there is no
// machine. Does not prove that `up` starts nothing behind a closed gate (dnsFaults.test.ts,
// tests/components/etcdCluster.test.ts), nor how long real nameservers take.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { DnsReadiness } from "../../components/dns/dnsReadiness.ts";
import { addresses } from "../../lab/addresses.ts";
import { startDynamicProvider, type DynamicProvider } from "../provider/dynamicProvider.ts";
import {
  clearFaults,
  cloudflare,
  makeFault,
  mustRun,
  npmRun,
  type CloudflareRecord,
} from "./harness.ts";

const srv = "_etcd-server-ssl._tcp.etcd.test";
const members = [
  { target: "a.etcd.test", address: "10.213.0.4" },
  { target: "b.etcd.test", address: "10.213.16.4" },
  { target: "c.etcd.test", address: "10.213.32.4" },
];
const expected = { domain: "etcd.test", tls: true, port: 2380, members };

let gate: DynamicProvider;
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  gate = await startDynamicProvider(
    () => new DnsReadiness("gate", { expected, timeoutSeconds: 120 }),
  );
});
after(async () => {
  gate?.close();
  await npmRun("lab", "stop");
});

/** Waits as `up` does; resolves when the gate opens. */
async function opens(timeoutSeconds: number): Promise<void> {
  const nameservers = [addresses.ns1, addresses.ns2];
  await gate.create({ expected, nameservers, timeoutSeconds, version: 1 });
}

/** The gate stays closed, with these lines and not with all of any other's. */
async function refused(
  lines: readonly RegExp[],
  others: readonly (readonly RegExp[])[],
): Promise<void> {
  const said = await opens(3).then(
    () => assert.fail("the gate opened on wrong DNS"),
    (error: Error) => error.message,
  );
  assert.match(
    said,
    /^DNS for etcd\.test is not complete after \d+ s\. etcd would form a wrong cluster, so nothing was started\.$/m,
  );
  for (const line of lines) assert.match(said, line);
  for (const other of others)
    assert.ok(
      !other.every((line) => line.test(said)),
      `it names ${other.join(" and ")}, which is not there:\n${said}`,
    );
}

/** Makes a fault; what is returned undoes it. */
async function fault(described: Readonly<Record<string, unknown>>): Promise<() => Promise<void>> {
  await makeFault(described);
  return clearFaults;
}

/** Makes records; what is returned removes them. */
async function records(
  ...makes: (() => Promise<CloudflareRecord>)[]
): Promise<() => Promise<unknown>> {
  const made: CloudflareRecord[] = [];
  for (const make of makes) made.push(await make());
  return () => remove(...made);
}

/** Makes a record at Cloudflare. */
const post = (body: object) =>
  cloudflare<CloudflareRecord>("POST", "/dns_records", { ttl: 60, proxied: false, ...body });
const postSrv = (name: string, target: string, weight = 0, port = 2380) =>
  post({ type: "SRV", name, priority: 0, data: { priority: 0, weight, port, target } });
const remove = (...records: CloudflareRecord[]) =>
  Promise.all(records.map((r) => cloudflare("DELETE", `/dns_records/${r.id}`)));

let published: Promise<void> | undefined;
/** Publishes the cluster's records, once for all tests. */
const publish = () =>
  (published ??= (async () => {
    for (const { target, address } of members) {
      await post({ type: "A", name: target, content: address });
      await postSrv(srv, target);
    }
  })());

/** Each is there, and gone again before the next. */
const wrongs: readonly {
  readonly what: string;
  readonly make: () => Promise<() => Promise<unknown>>;
  readonly lines: readonly RegExp[];
}[] = [
  {
    what: "an A record that is not published",
    make: () => fault({ kind: "withhold", name: "c.etcd.test", type: "A" }),
    lines: [
      /c\.etcd\.test A\s+10\.213\.240\.11\s+NXDOMAIN, wanted 10\.213\.32\.\d+/,
      /c\.etcd\.test A\s+10\.213\.240\.12/,
    ],
  },
  {
    what: "an A record that only one server has",
    make: () => fault({ kind: "withhold", name: "c.etcd.test", type: "A", server: "ns2" }),
    lines: [
      /c\.etcd\.test A\s+10\.213\.240\.12\s+NXDOMAIN, wanted 10\.213\.32\.\d+, which 10\.213\.240\.11 has/,
    ],
  },
  {
    what: "a peer SRV target that is missing on one server",
    make: () =>
      fault({ kind: "withhold", name: srv, type: "SRV", content: "b.etcd.test", server: "ns1" }),
    lines: [
      /_etcd-server-ssl\._tcp\.etcd\.test SRV\s+10\.213\.240\.11\s+lacks b\.etcd\.test:2380, which 10\.213\.240\.12 has/,
    ],
  },
  {
    what: "a stale target of a machine that is gone",
    make: () =>
      records(
        () => post({ type: "A", name: "old.etcd.test", content: "10.213.0.200" }),
        () => postSrv(srv, "old.etcd.test"),
      ),
    lines: [
      /SRV\s+10\.213\.240\.1[12]\s+names old\.etcd\.test, which is no member/,
      /Correct the records named above at Cloudflare/,
    ],
  },
  {
    what: "a duplicate target",
    make: () => records(() => postSrv(srv, "a.etcd.test", 5)),
    lines: [/lists a\.etcd\.test 2 times/],
  },
  {
    what: "a wrong address",
    make: () => fault({ kind: "falsify", name: "b.etcd.test", type: "A", content: "10.213.0.250" }),
    lines: [/b\.etcd\.test A\s+10\.213\.240\.11\s+10\.213\.0\.250, wanted 10\.213\.16\.\d+/],
  },
  {
    what: "SRV records of the other kind beside ours",
    make: () => records(() => postSrv("_etcd-server._tcp.etcd.test", "a.etcd.test")),
    lines: [/_etcd-server\._tcp\.etcd\.test SRV\s+10\.213\.240\.11\s+exists beside/],
  },
  {
    what: "a nameserver that is silent",
    make: () => fault({ kind: "server-down", server: "ns2" }),
    lines: [/every record\s+10\.213\.240\.12\s+no answer over UDP/],
  },
  {
    what: "a nameserver that fails",
    make: () => fault({ kind: "servfail", server: "ns2" }),
    lines: [/10\.213\.240\.12\s+SERVFAIL/],
  },
];

test(
  "a nameserver that follows 20 s late only costs time, and the gate " + "says for whom it waits",
  async () => {
    await makeFault({ kind: "dns-lag", seconds: 20 });
    const started = Date.now();
    await publish();
    await opens(120);
    assert.ok(
      Date.now() - started > 18_000,
      "the gate opened before the second server had the records",
    );
    assert.match(gate.printed(), /waiting for DNS, \d+ s of 120 s: .* at 10\.213\.240\.12/);
    await clearFaults();
  },
);

for (const { what, make, lines } of wrongs)
  test(`${what}: the gate names it, and opens when it is mended`, async () => {
    await publish();
    await opens(20);
    const others = wrongs.filter((wrong) => wrong.what !== what).map((wrong) => wrong.lines);
    const mend = await make();
    try {
      await refused(lines, others);
    } finally {
      await mend();
    }
    await opens(20);
  });
