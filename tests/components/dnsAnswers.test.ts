// The comparison of DNS answers with the declared set. Does not prove that real servers answer like
// this: tests/etcd and tests/lab do.
import assert from "node:assert/strict";
import test from "node:test";
import { isCloudflareProxy } from "../../components/dns/cloudflareProxy.ts";
import {
  compareAnswers,
  stillNamed,
  type Answer,
  type Mismatch,
  type ServerAnswers,
} from "../../components/dns/dnsAnswers.ts";
import { questionsFor, type ExpectedDns } from "../../components/dns/dnsExpectation.ts";
import { formerMembers } from "../../components/dns/dnsReadiness.ts";

const expected: ExpectedDns = {
  domain: "etcd.test",
  tls: false,
  port: 2380,
  members: [
    { target: "a.etcd.test", address: "10.0.0.1" },
    { target: "b.etcd.test", address: "10.0.0.2" },
    { target: "c.etcd.test", address: "10.0.0.3" },
  ],
};
const plain = "_etcd-server._tcp.etcd.test";
const ssl = "_etcd-server-ssl._tcp.etcd.test";

type Change = Partial<Answer>;
const answer = (change: Change = {}): Answer => ({
  outcome: "records",
  authoritative: true,
  targets: [],
  addresses: [],
  detail: "answered NOERROR",
  ...change,
});
const nothing: Answer = answer({ outcome: "NXDOMAIN" });
const target = (name: string, port = 2380) => ({ target: `${name}.etcd.test`, port });

/** A server that says exactly what is wanted, but for the answers given. */
function server(name: string, changes: Record<string, Change> = {}): ServerAnswers {
  return {
    server: name,
    answers: questionsFor(expected).map((q) => {
      const right =
        q.name === plain
          ? answer({ targets: ["a", "b", "c"].map((n) => target(n)) })
          : q.type === "A"
            ? answer({
                addresses: [expected.members.find((m) => m.target === q.name)?.address ?? ""],
              })
            : nothing;
      return { ...q, answer: { ...right, ...changes[`${q.name} ${q.type}`] } };
    }),
  };
}

const cases: {
  name: string;
  servers: ServerAnswers[];
  want: [Mismatch["kind"], string, string, RegExp][];
}[] = [
  { name: "complete and exact", servers: [server("ns1"), server("ns2")], want: [] },
  {
    name: "order of SRV targets does not matter",
    servers: [
      server("ns1", { [`${plain} SRV`]: { targets: [target("c"), target("a"), target("b")] } }),
    ],
    want: [],
  },
  {
    name: "nothing published",
    servers: [
      server("ns1", {
        [`${plain} SRV`]: nothing,
        "a.etcd.test A": nothing,
        "b.etcd.test A": nothing,
        "c.etcd.test A": nothing,
      }),
    ],
    want: [
      ...["a", "b", "c"].map((n): [Mismatch["kind"], string, string, RegExp] => [
        "not published",
        `${plain} SRV`,
        "ns1",
        new RegExp(`NXDOMAIN, wanted ${n}.etcd.test:2380`),
      ]),
      ...["a", "b", "c"].map((n): [Mismatch["kind"], string, string, RegExp] => [
        "not published",
        `${n}.etcd.test A`,
        "ns1",
        /NXDOMAIN, wanted 10\.0\.0\./,
      ]),
    ],
  },
  {
    name: "a target missing on one server only",
    servers: [
      server("ns1"),
      server("ns2", { [`${plain} SRV`]: { targets: [target("a"), target("b")] } }),
    ],
    want: [
      ["on some servers only", `${plain} SRV`, "ns2", /lacks c\.etcd\.test:2380, which ns1 has/],
    ],
  },
  {
    name: "a target missing on all servers",
    servers: ["ns1", "ns2"].map((n) =>
      server(n, { [`${plain} SRV`]: { targets: [target("a"), target("b")] } }),
    ),
    want: [
      ["not published", `${plain} SRV`, "ns1", /lacks c\.etcd\.test:2380$/],
      ["not published", `${plain} SRV`, "ns2", /lacks c/],
    ],
  },
  {
    name: "a target without address",
    servers: [server("ns1", { "c.etcd.test A": nothing })],
    want: [["target without address", "c.etcd.test A", "ns1", /NXDOMAIN, wanted 10\.0\.0\.3/]],
  },
  {
    name: "a name without an A record",
    servers: [server("ns1", { "c.etcd.test A": answer({ outcome: "empty" }) })],
    want: [["target without address", "c.etcd.test A", "ns1", /no address, wanted 10\.0\.0\.3/]],
  },
  {
    name: "an address on one server only",
    servers: [server("ns1"), server("ns2", { "c.etcd.test A": nothing })],
    want: [
      [
        "on some servers only",
        "c.etcd.test A",
        "ns2",
        /NXDOMAIN, wanted 10\.0\.0\.3, which ns1 has/,
      ],
    ],
  },
  {
    name: "a wrong address",
    servers: [server("ns1", { "b.etcd.test A": { addresses: ["10.0.0.9"] } })],
    want: [["wrong address", "b.etcd.test A", "ns1", /10\.0\.0\.9, wanted 10\.0\.0\.2/]],
  },
  {
    name: "a second address beside the right one",
    servers: [server("ns1", { "b.etcd.test A": { addresses: ["10.0.0.2", "10.0.0.9"] } })],
    want: [["wrong address", "b.etcd.test A", "ns1", /10\.0\.0\.2, 10\.0\.0\.9, wanted/]],
  },
  {
    name: "an IPv6 address nobody declared",
    servers: [server("ns1", { "b.etcd.test AAAA": answer({ addresses: ["fd00::1"] }) })],
    want: [["wrong address", "b.etcd.test AAAA", "ns1", /fd00::1/]],
  },
  {
    name: "a proxied address",
    servers: [server("ns1", { "b.etcd.test A": { addresses: ["104.21.5.6", "172.67.1.2"] } })],
    want: [["proxied address", "b.etcd.test A", "ns1", /Cloudflare's proxy/]],
  },
  {
    name: "a stale extra target",
    servers: [
      server("ns1", {
        [`${plain} SRV`]: { targets: [...["a", "b", "c"].map((n) => target(n)), target("old")] },
      }),
    ],
    want: [["stale target", `${plain} SRV`, "ns1", /old\.etcd\.test, which is no member/]],
  },
  {
    name: "a duplicate target",
    servers: [
      server("ns1", {
        [`${plain} SRV`]: { targets: [target("a"), target("a"), target("b"), target("c")] },
      }),
    ],
    want: [["duplicate target", `${plain} SRV`, "ns1", /a\.etcd\.test 2 times/]],
  },
  {
    name: "a wrong port",
    servers: [
      server("ns1", {
        [`${plain} SRV`]: { targets: [target("a"), target("b"), target("c", 2379)] },
      }),
    ],
    want: [["wrong port", `${plain} SRV`, "ns1", /c\.etcd\.test to port 2379, wanted 2380/]],
  },
  {
    name: "both server kinds",
    servers: [server("ns1", { [`${ssl} SRV`]: answer({ targets: [target("a")] }) })],
    want: [["both server kinds", `${ssl} SRV`, "ns1", /exists beside _etcd-server\._tcp/]],
  },
  {
    name: "a server that is silent",
    servers: [
      server("ns1"),
      {
        server: "ns2",
        answers: questionsFor(expected).map((q) => ({
          ...q,
          answer: answer({
            outcome: "silent",
            authoritative: false,
            detail: "no answer over UDP or TCP",
          }),
        })),
      },
    ],
    want: [["server silent", "every record", "ns2", /no answer/]],
  },
  {
    name: "silence for one record",
    servers: [
      server("ns1", {
        "b.etcd.test A": { outcome: "silent", addresses: [], detail: "nothing in 1 s" },
      }),
    ],
    want: [["server silent", "b.etcd.test A", "ns1", /nothing in 1 s/]],
  },
  {
    name: "SERVFAIL",
    servers: [server("ns1", { [`${plain} SRV`]: { outcome: "SERVFAIL", targets: [] } })],
    want: [["SERVFAIL", `${plain} SRV`, "ns1", /SERVFAIL/]],
  },
  {
    name: "REFUSED",
    servers: [server("ns1", { [`${plain} SRV`]: { outcome: "REFUSED", targets: [] } })],
    want: [["refused", `${plain} SRV`, "ns1", /does not serve/]],
  },
  {
    name: "another response code",
    servers: [
      server("ns1", {
        [`${plain} SRV`]: { outcome: "other", targets: [], detail: "answered NOTIMP" },
      }),
    ],
    want: [["refused", `${plain} SRV`, "ns1", /NOTIMP/]],
  },
  {
    name: "the right answer without authority",
    servers: [server("ns1", { "a.etcd.test A": { authoritative: false } })],
    want: [["no authority", "a.etcd.test A", "ns1", /AA bit off/]],
  },
];

for (const { name, servers, want } of cases) {
  test(name, () => {
    const got = compareAnswers(expected, servers);
    assert.equal(got.length, want.length, JSON.stringify(got, null, 1));
    want.forEach(([kind, record, at, problem], i) => {
      assert.deepEqual([got[i]?.kind, got[i]?.record, got[i]?.server], [kind, record, at]);
      assert.match(got[i]?.problem ?? "", problem);
    });
  });
}

const d = { target: "d.etcd.test", address: "10.0.0.4" };
const srvOf = (...more: ReturnType<typeof target>[]) =>
  server("ns1", {
    [`${plain} SRV`]: { targets: [...["a", "b", "c"].map((n) => target(n)), ...more] },
  });
for (const [what, seen, kinds] of [
  ["there", [target("d")], []],
  ["gone", [], []],
  ["at another port", [target("d", 2379)], ["stale target"]],
  ["at its port and another", [target("d"), target("d", 2379)], ["stale target"]],
  ["there, and somebody else's beside it", [target("d"), target("x")], ["stale target"]],
] as const)
  test(`the record of a former member is ${what}`, () => {
    const got = compareAnswers(expected, [srvOf(...seen)], [d]);
    assert.deepEqual(
      got.map(({ kind }) => kind),
      kinds,
    );
    assert.ok(!got.some(({ problem }) => /names d/.test(problem)) || kinds.length === 1);
  });

test("a former member is none of the kind of record that must not exist", () => {
  const other = server("ns1", { [`${ssl} SRV`]: { targets: [target("d")] } });
  assert.deepEqual(
    compareAnswers(expected, [other], [d]).map(({ kind }) => kind),
    ["both server kinds"],
  );
});

test("a former member is seen gone only when no server names it", () => {
  assert.deepEqual(stillNamed(expected, [server("ns1"), srvOf(target("d"))], [d]), [d]);
  assert.deepEqual(stillNamed(expected, [server("ns1"), server("ns2")], [d]), []);
});

test("former members: expected before or still named then, and expected no more", () => {
  const [a, b, c] = expected.members;
  const only = (...members: (typeof d)[]) => ({ ...expected, members });
  assert.deepEqual(formerMembers(undefined, expected), []);
  assert.deepEqual(formerMembers({ expected }, expected), [], "a state without former members");
  assert.deepEqual(formerMembers({ expected }, only(b!, c!, d)), [a]);
  assert.deepEqual(formerMembers({ expected, former: [d] }, only(a!, b!)), [c, d]);
  assert.deepEqual(formerMembers({ expected, former: [d] }, only(a!, b!, c!, d)), []);
  const moved = { ...a!, address: "10.0.0.9" };
  assert.deepEqual(formerMembers({ expected, former: [d, d] }, only(moved, b!, c!)), [d]);
});

test("a cluster with TLS expects the -ssl kind and refuses the plain one", () => {
  const secure = { ...expected, tls: true };
  const kinds = compareAnswers(secure, [server("ns1")]).map((m) => m.kind);
  assert.ok(kinds.includes("both server kinds") && kinds.includes("not published"), kinds.join());
});

test("Cloudflare's published ranges, and nothing beside them", () => {
  for (const inside of [
    "104.16.0.1",
    "104.27.255.255",
    "172.64.0.1",
    "172.71.255.255",
    "188.114.97.3",
    "162.159.1.1",
  ])
    assert.ok(isCloudflareProxy(inside), inside);
  for (const outside of [
    "104.15.255.255",
    "104.28.0.0",
    "172.63.255.255",
    "172.72.0.0",
    "10.0.0.1",
    "192.0.2.1",
  ])
    assert.ok(!isCloudflareProxy(outside), outside);
});

const clients: ExpectedDns = { ...expected, service: "client", tls: true, port: 2379 };
const lookedUp = "_etcd-client-ssl._tcp.etcd.test SRV";
const clientTargets = ["a", "b", "c"].map((n) => target(n, 2379));
/** What a server says to a client's gate, right but for the SRV answers given. */
const toClients = (changes: Record<string, Change> = {}): ServerAnswers => ({
  server: "ns1",
  answers: questionsFor(clients).map((q) => {
    const right =
      `${q.name} ${q.type}` === lookedUp
        ? answer({ targets: clientTargets })
        : (server("ns1").answers.find((a) => a.name === q.name && a.type === q.type)?.answer ??
          nothing);
    return { ...q, answer: { ...right, ...changes[`${q.name} ${q.type}`] } };
  }),
});

test(
  "clients' records: both kinds and every address are asked, and " + "nothing of the servers'",
  () => {
    assert.deepEqual(
      questionsFor({ ...clients, members: clients.members.slice(0, 1) }).map(
        (q) => `${q.name} ${q.type}`,
      ),
      [lookedUp, "_etcd-client._tcp.etcd.test SRV", "a.etcd.test A", "a.etcd.test AAAA"],
    );
    assert.deepEqual(compareAnswers(clients, [toClients()]), []);
  },
);

const clientCases: [string, Record<string, Change>, Mismatch["kind"], RegExp][] = [
  [
    "a client target that is not there yet",
    { [lookedUp]: { targets: clientTargets.slice(0, 2) } },
    "not published",
    /lacks c\.etcd\.test:2379$/,
  ],
  [
    "a stale client target",
    { [lookedUp]: { targets: [...clientTargets, target("old", 2379)] } },
    "stale target",
    /old\.etcd\.test, which is no member: clients would try it in vain/,
  ],
  [
    "a duplicate client target",
    { [lookedUp]: { targets: [...clientTargets, target("a", 2379)] } },
    "duplicate target",
    /a\.etcd\.test 2 times \(port 2379, port 2379\): clients would open two/,
  ],
  [
    "the peers' port",
    { [lookedUp]: { targets: [...clientTargets.slice(0, 2), target("c", 2380)] } },
    "wrong port",
    /c\.etcd\.test to port 2380, wanted 2379/,
  ],
  [
    "client records of the other kind",
    { "_etcd-client._tcp.etcd.test SRV": answer({ targets: [target("a", 2379)] }) },
    "both client kinds",
    /exists beside _etcd-client-ssl\._tcp\.etcd\.test: clients merge both/,
  ],
  [
    "an address that clients cannot find",
    { "b.etcd.test A": nothing },
    "target without address",
    /NXDOMAIN, wanted 10\.0\.0\.2/,
  ],
];
for (const [name, changes, kind, problem] of clientCases) {
  test(name, () => {
    const [found, ...more] = compareAnswers(clients, [toClients(changes)]);
    assert.deepEqual([found?.kind, more], [kind, []]);
    assert.match(found?.problem ?? "", problem);
  });
}
