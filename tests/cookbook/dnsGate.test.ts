// The node's comparison of what it sees in DNS with what it expects. Does not prove that answers
// arrive or that the unit asks: preflight.test.ts and tests/lab do.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { filesFolder } from "./files.ts";

const settings = {
  name: "a",
  domain: "etcd.test",
  tls: false,
  peerPort: 2380,
  address: "10.0.0.1",
  members: { a: "10.0.0.1", b: "10.0.0.2", c: "10.0.0.3" },
};
const srv = "_etcd-server._tcp.etcd.test SRV";
const ssl = "_etcd-server-ssl._tcp.etcd.test SRV";

/** [rcode, records, seconds the resolver keeps it], or the reason why there was no answer. */
type Answer = readonly [rcode: string, records: readonly unknown[], ttl: number | null] | string;
interface Seen {
  srv: Answer;
  other?: Answer;
  addresses?: Record<string, Answer>;
  system?: Record<string, string[] | string>;
}

const targets = (...names: string[]): Answer => [
  "NOERROR",
  names.map((name) => {
    const [host, port] = name.split(":");
    return [`${host}.etcd.test`, Number(port ?? 2380)];
  }),
  null,
];
const host = (name: string) => `${name}.etcd.test`;
const address = (...list: string[]): Answer => ["NOERROR", list, null];
const allAddresses = {
  [host("a")]: address("10.0.0.1"),
  [host("b")]: address("10.0.0.2"),
  [host("c")]: address("10.0.0.3"),
};
const missing: Answer = ["NXDOMAIN", [], 1790];
const complete: Seen = {
  srv: targets("a", "b", "c"),
  addresses: allAddresses,
  other: ["NXDOMAIN", [], 1800],
};

const cases: { name: string; seen: Seen; settings?: object; want: [string, string][] }[] = [
  { name: "complete and exact", seen: complete, want: [] },
  {
    name: "nothing published",
    seen: { srv: missing },
    want: [[srv, "NXDOMAIN (the resolver may keep this answer for 1790 s)"]],
  },
  {
    name: "the name exists without records",
    seen: { srv: ["NOERROR", [], null] },
    want: [[srv, "no records"]],
  },
  {
    name: "no answer",
    seen: { srv: "no answer within 2 s from 10.0.0.2" },
    want: [[srv, "no answer within 2 s from 10.0.0.2"]],
  },
  {
    name: "a target missing",
    seen: { ...complete, srv: targets("a", "b") },
    want: [[srv, "lacks c.etcd.test:2380"]],
  },
  {
    name: "a stale target",
    seen: { ...complete, srv: targets("a", "b", "c", "d") },
    want: [[srv, "unexpected target d.etcd.test:2380"]],
  },
  {
    name: "a target twice, with another weight",
    seen: { ...complete, srv: targets("a", "b", "c", "c") },
    want: [[srv, "c.etcd.test:2380 is listed twice; etcd exits on that"]],
  },
  {
    name: "a wrong port",
    seen: { ...complete, srv: targets("a", "b", "c:2390") },
    want: [[srv, "c.etcd.test:2390, wanted port 2380"]],
  },
  {
    name: "a target without address",
    seen: { ...complete, addresses: { ...allAddresses, [host("c")]: missing } },
    want: [
      ["c.etcd.test A", "NXDOMAIN, wanted 10.0.0.3 (the resolver may keep this answer for 1790 s)"],
    ],
  },
  {
    name: "a wrong address",
    seen: { ...complete, addresses: { ...allAddresses, [host("c")]: address("10.0.0.9") } },
    want: [["c.etcd.test A", "10.0.0.9, wanted 10.0.0.3"]],
  },
  {
    name: "two addresses",
    seen: {
      ...complete,
      addresses: { ...allAddresses, [host("c")]: address("10.0.0.9", "10.0.0.3") },
    },
    want: [["c.etcd.test A", "10.0.0.3, 10.0.0.9, wanted 10.0.0.3"]],
  },
  {
    name: "both kinds of server SRV",
    seen: { ...complete, other: targets("a") },
    want: [[ssl, "must not exist beside _etcd-server._tcp.etcd.test: etcd reads both"]],
  },
  {
    name: "whether the other kind exists cannot be said",
    seen: { ...complete, other: "SERVFAIL from 10.0.0.2" },
    want: [[ssl, "SERVFAIL from 10.0.0.2, wanted none"]],
  },
  {
    name: "with TLS the other kind is the plain one",
    settings: { tls: true },
    seen: { ...complete, other: targets("a") },
    want: [[srv, "must not exist beside _etcd-server-ssl._tcp.etcd.test: etcd reads both"]],
  },
  {
    name: "the machine itself resolves its name to loopback",
    seen: { ...complete, system: { [host("a")]: ["127.0.1.1"] } },
    want: [
      [
        "a.etcd.test on this machine",
        "127.0.1.1, wanted 10.0.0.1; DNS is right, so look at /etc/hosts and /etc/nsswitch.conf",
      ],
    ],
  },
  {
    name: "without members, what DNS lists is taken as it is",
    settings: { members: {}, address: "" },
    seen: {
      ...complete,
      srv: targets("a", "x"),
      addresses: { [host("a")]: address("10.0.0.1"), [host("x")]: address("10.0.0.8") },
    },
    want: [],
  },
  {
    name: "without members, this node must still be listed",
    settings: { members: {}, address: "" },
    seen: { ...complete, srv: targets("x"), addresses: { [host("x")]: missing } },
    want: [
      [srv, "lacks a.etcd.test:2380"],
      [
        "x.etcd.test A",
        "NXDOMAIN, wanted one address (the resolver may keep this answer for 1790 s)",
      ],
    ],
  },
];

const program = `
import json, sys, dns_gate
from dns_query import Answer
def answer(value):
    if value is None or isinstance(value, str):
        return value
    return Answer(value[0], [tuple(r) if isinstance(r, list) else r for r in value[1]], value[2])
for settings, seen in json.load(sys.stdin):
    addresses = {host: answer(a) for host, a in seen.get("addresses", {}).items()}
    got = dns_gate.Seen(
        answer(seen["srv"]), answer(seen.get("other")), addresses, seen.get("system")
    )
    print(json.dumps(dns_gate.compare(settings, got)))
`;

test("comparison on the node", async (t) => {
  const run = spawnSync("python3", ["-B", "-c", program], {
    cwd: filesFolder,
    encoding: "utf8",
    input: JSON.stringify(cases.map((c) => [{ ...settings, ...c.settings }, c.seen])),
  });
  assert.equal(run.stderr, "");
  const got = run.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);
  assert.equal(got.length, cases.length);
  for (const [index, c] of cases.entries())
    await t.test(c.name, () => assert.deepEqual(got[index], c.want));
});

test("findings stand in two columns", () => {
  const run = spawnSync(
    "python3",
    [
      "-B",
      "-c",
      `import dns_gate; print(dns_gate.table([("c.etcd.test A", "NXDOMAIN, wanted ` +
        `10.0.0.3"), ("${srv}", "unexpected target d.etcd.test:2380")]))`,
    ],
    { cwd: filesFolder, encoding: "utf8" },
  );
  assert.equal(
    run.stdout,
    `  c.etcd.test A                     NXDOMAIN, wanted 10.0.0.3\n  ${srv}   ` +
      "unexpected target d.etcd.test:2380\n",
  );
});
