// Half-published and wrong DNS: no cluster forms, the message names the record, and `up` after the
// repair succeeds. Does not prove how long real nameservers take, nor that they fail in no other
// way.
import assert from "node:assert/strict";
import test, { after, afterEach, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import { ask } from "../../lab/dns/ask.ts";
import {
  cloudflare,
  control,
  clearFaults,
  destroyStack,
  eventually,
  makeFault,
  mustRun,
  npmRun,
  upWith,
  type CloudflareRecord,
} from "./harness.ts";
import { etcdRuns, machines, onMachine } from "./machines.ts";

const srv = "_etcd-server-ssl._tcp.etcd.test";
const soon = { "etcd:dnsTimeout": "6" };

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await npmRun("lab", "stop");
});
afterEach(async () => {
  await destroyStack();
});

/**
 * `up` fails at the gate with these lines and not with all of any other's, and no etcd was started
 * anywhere.
 */
async function refused(
  lines: readonly RegExp[],
  others: readonly (readonly RegExp[])[],
): Promise<void> {
  const { code, text } = await upWith(soon);
  assert.notEqual(code, 0, "up succeeded on wrong DNS");
  assert.match(
    text,
    /DNS for etcd\.test is not complete after \d+ s\. etcd would form a wrong cluster, so nothing was started\./,
  );
  for (const line of lines) assert.match(text, line);
  for (const other of others)
    assert.ok(
      !other.every((line) => line.test(text)),
      `it names ${other.join(" and ")}, which is not there:\n${text}`,
    );
  assert.equal(await etcdRuns(), false, "an etcd process runs");
}

/** `up` again, as the message says, and the cluster is one. */
async function healsBy(repair: () => Promise<unknown>): Promise<void> {
  await repair();
  const { code, text } = await upWith({});
  assert.equal(code, 0, text);
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
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

/** A record that somebody else made at Cloudflare. */
const post = (body: object) =>
  cloudflare<CloudflareRecord>("POST", "/dns_records", { ttl: 60, proxied: false, ...body });
const postSrv = (name: string, target: string, weight = 0, port = 2380) =>
  post({ type: "SRV", name, priority: 0, data: { priority: 0, weight, port, target } });
const remove = (...records: CloudflareRecord[]) =>
  Promise.all(records.map((r) => cloudflare("DELETE", `/dns_records/${r.id}`)));

/**
 * Each is there, and gone again before the next: the gate says what is wrong now, and forgets what
 * was.
 */
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
  "wrong DNS, one kind after the other: each is named and nothing starts; right at last, " +
    "up makes one cluster",
  async () => {
    let mend: () => Promise<unknown> = async () => undefined;
    for (const { what, make, lines } of wrongs) {
      await mend();
      mend = await make();
      await refused(
        lines,
        wrongs.filter((wrong) => wrong.what !== what).map((wrong) => wrong.lines),
      ).catch((e: Error) => {
        throw new Error(`${what}: ${e.message}`, { cause: e });
      });
    }
    await healsBy(mend);
  },
);

test("a nameserver that follows 20 s late only costs time", async () => {
  await makeFault({ kind: "dns-lag", seconds: 20 });
  const started = Date.now();
  const { code, text } = await upWith({});
  assert.equal(code, 0, text);
  assert.ok(
    Date.now() - started > 18_000,
    "the gate opened before the second server had the records",
  );
  assert.match(text, /waiting for DNS, \d+ s of 120 s: .* at 10\.213\.240\.12/);
  assert.match(await mustRun("status"), /Healthy: one cluster/);
});

test(
  "a node whose resolver remembers that there was nothing starts no etcd, whoever starts " +
    "the unit",
  async () => {
    // Earlier records must be gone everywhere: one server follows late, and the resolver would
    // remember its half.
    await eventually("both nameservers to forget the cluster", 30_000, async () =>
      (
        await Promise.all([addresses.ns1, addresses.ns2].map((server) => ask(server, srv, "SRV")))
      ).every(({ rcode }) => rcode === "NXDOMAIN"),
    );
    await control("POST", "/resolver/flush");
    for (const [name, type] of [
      [srv, "SRV"],
      ["c.etcd.test", "A"],
    ] as const)
      await ask(addresses.resolver, name, type, { recursive: true });
    const { code, text } = await upWith(soon);
    assert.notEqual(code, 0, "up succeeded although no node could see the cluster");
    assert.match(
      text,
      /DNS for etcd\.test is not complete after 6 s, asked from node [abc] through 10\.213\.0\.2\./,
    );
    assert.match(text, /_etcd-server-ssl\._tcp\.etcd\.test SRV\s+NXDOMAIN/);
    assert.equal(await etcdRuns(), false, "an etcd process runs");
    const [machine = ""] = await machines();
    await onMachine(machine, "systemctl", "start", "--no-block", "etcd");
    const said = await onMachine(
      machine,
      "sh",
      "-c",
      "timeout 30 sh -c 'until journalctl -u etcd --no-pager | grep -q \"is not " +
        "complete\"; do sleep 0.2; done'; journalctl -u etcd --no-pager",
    );
    assert.match(said, /so it was not started/);
    assert.equal(await etcdRuns(), false, "systemctl start got past the node's gate");
    await healsBy(() => control("POST", "/resolver/flush"));
  },
);

test("a node whose resolver is silent starts no etcd, and says which resolver it asked", async () => {
  await makeFault({ kind: "partition", machine: "resolver" });
  const { code, text } = await upWith(soon);
  assert.notEqual(code, 0, "up succeeded although no node could ask");
  assert.match(
    text,
    /asked from node [abc] through 10\.213\.0\.2\.[^]*no answer within \d+ s from 10\.213\.0\.2/,
  );
  assert.equal(await etcdRuns(), false, "an etcd process runs");
  await healsBy(clearFaults);
});

test("a machine that opens SSH late", async () => {
  await makeFault({ kind: "ssh-late", seconds: 25 });
  const { code, text } = await upWith({});
  assert.equal(code, 0, text);
  assert.match(await mustRun("status"), /Healthy: one cluster/);
});
