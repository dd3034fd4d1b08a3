// Which records at a cluster's names are in its way, and what is said about them. Does not prove
// that Cloudflare lists them so, nor that its nameservers let wildcards answer as assumed here.
import assert from "node:assert/strict";
import test from "node:test";
import { outsideWords, takenWords } from "../../components/claim/claimWording.ts";
import { askedNames, isInZone, takenNames } from "../../components/claim/takenNames.ts";
import type { ListedRecord } from "../../components/recovery/cloudflareLeftovers.ts";

const ours = "pulumi etcd/prod 0a1b2c3d4e5f";
const place = { domain: "etcd.dev.example.com", members: ["a", "b"], zone: "example.com" };
const srv = "_etcd-server-ssl._tcp.etcd.dev.example.com";

let made = 0;
const record = (line: string, comment: string | null = null): ListedRecord => {
  const [name = "", type = "", content = "x", proxied] = line.split(" ");
  return { id: `id${++made}`, name, type, content, comment, proxied: proxied === "proxied" };
};

test("asked for: the claim, each host, four SRV sets, wildcards and levels up to the zone", () => {
  assert.deepEqual(askedNames(place), [
    "_etcd-on-ec2.etcd.dev.example.com",
    "a.etcd.dev.example.com",
    "b.etcd.dev.example.com",
    "_etcd-server-ssl._tcp.etcd.dev.example.com",
    "_etcd-server._tcp.etcd.dev.example.com",
    "_etcd-client-ssl._tcp.etcd.dev.example.com",
    "_etcd-client._tcp.etcd.dev.example.com",
    "*._tcp.etcd.dev.example.com",
    "*.etcd.dev.example.com",
    "*.dev.example.com",
    "*.example.com",
    "etcd.dev.example.com",
    "dev.example.com",
  ]);
});

test("in a zone that may not be read: levels down to two labels, perhaps the zone's", () => {
  const asked = askedNames({ ...place, domain: "dev.example.com", zone: undefined });
  assert.deepEqual(asked.slice(-5), [
    "*._tcp.dev.example.com",
    "*.dev.example.com",
    "*.example.com",
    "dev.example.com",
    "example.com",
  ]);
  assert.ok(askedNames({ domain: "test", members: [], zone: undefined }).includes("*.test"));
});

test("at the zone's apex nothing above it is asked for", () => {
  const asked = askedNames({ domain: "example.com", members: ["www"], zone: "example.com" });
  assert.deepEqual(asked.slice(-2), ["*._tcp.example.com", "*.example.com"]);
});

// Each row: the records that Cloudflare has, and of which of them something is said.
const rows: [what: string, records: ListedRecord[], taken: number[]][] = [
  ["nothing", [], []],
  ["an address at a member's name", [record("b.etcd.dev.example.com A 203.0.113.9")], [0]],
  ["an IPv6 address", [record("b.etcd.dev.example.com AAAA 2001:db8::1")], [0]],
  ["a CNAME", [record("b.etcd.dev.example.com CNAME other.example.org")], [0]],
  ["a text at a member's name: harmless", [record("b.etcd.dev.example.com TXT words")], []],
  ["an address at another name", [record("c.etcd.dev.example.com A 203.0.113.9")], []],
  ["a target in our set", [record(`${srv} SRV old1.example.com`)], [0]],
  ["one in the set of the other kind", [record(`${srv.replace("-ssl", "")} SRV x`)], [0]],
  ["one in the clients' set", [record(`${srv.replace("server", "client")} SRV x`)], [0]],
  ["a CNAME in place of a set", [record(`${srv} CNAME x`)], [0]],
  ["somebody's claim", [record("_etcd-on-ec2.etcd.dev.example.com TXT x")], [0]],
  ["a CNAME at the claim", [record("_etcd-on-ec2.etcd.dev.example.com CNAME x")], [0]],
  ["a wildcard", [record("*.etcd.dev.example.com A 203.0.113.9")], [0]],
  ["a proxied one", [record("*.etcd.dev.example.com CNAME x proxied")], [0]],
  ["a wildcard of services", [record("*._tcp.etcd.dev.example.com SRV x")], [0]],
  ["a wildcard of mail: harmless", [record("*.etcd.dev.example.com MX x")], []],
  ["one two levels above", [record("*.example.com CNAME lb.example.com")], [0]],
  [
    "one that a record between keeps from answering",
    [record("*.example.com CNAME lb.example.com"), record("dev.example.com TXT here")],
    [],
  ],
  [
    "a nearer one that answers all the same",
    [record("*.dev.example.com A 203.0.113.9"), record("dev.example.com TXT here")],
    [0],
  ],
  ["a delegation of the domain", [record("etcd.dev.example.com NS ns1.example.net")], [0]],
  ["one above it", [record("dev.example.com NS ns1.example.net")], [0]],
  ["an address at the domain itself", [record("etcd.dev.example.com A 203.0.113.9")], []],
  [
    "all that a cluster of ours has",
    [
      record("_etcd-on-ec2.etcd.dev.example.com TXT x", ours),
      record("a.etcd.dev.example.com A 10.0.0.1", ours),
      record(`${srv} SRV a.etcd.dev.example.com`, ours),
    ],
    [],
  ],
  [
    "a wildcard beside a cluster whose members all have their names",
    [
      record("*.etcd.dev.example.com CNAME lb.example.com"),
      record("a.etcd.dev.example.com A 10.0.0.1", ours),
      record("b.etcd.dev.example.com A 10.0.0.2", ours),
    ],
    [],
  ],
  [
    "the same while one has none",
    [
      record("*.etcd.dev.example.com CNAME lb.example.com"),
      record("a.etcd.dev.example.com A 10.0.0.1", ours),
    ],
    [0],
  ],
  ["a mark that only begins like ours", [record("a.etcd.dev.example.com A x", `${ours}0`)], [0]],
];
for (const [what, records, taken] of rows)
  test(`${what}: ${taken.length ? "in the way" : "not in the way"}`, () => {
    assert.deepEqual(
      takenNames(place, records, ours).map((found) => found.record),
      taken.map((i) => records[i]),
    );
  });

test("nothing is ours without a comment of ours, and an empty comment is nobody's mark", () => {
  const marked = [record("a.etcd.dev.example.com A x", ours)];
  assert.equal(takenNames(place, marked, undefined).length, 1);
  assert.equal(takenNames(place, [record("a.etcd.dev.example.com A x", "")], "").length, 1);
});

test("a node `www` under the zone's apex", () => {
  const apex = { domain: "example.com", members: ["www"], zone: "example.com" };
  const website = record("www.example.com CNAME pages.example.net proxied", "website");
  assert.deepEqual(takenNames(apex, [website], ours), [{ record: website }]);
});

test("the zone itself and names below it lie in the zone, names that end alike do not", () => {
  assert.deepEqual(
    ["example.com", "a.example.com", "myexample.com", "com"].map((name) =>
      isInZone(name, "example.com"),
    ),
    [true, true, false, false],
  );
});

const asking = {
  domain: "etcd.dev.example.com",
  zoneId: "z",
  project: "etcd",
  stack: "prod",
  removal: (id: string) => `remove ${id}`,
};
const words = (...records: ListedRecord[]) =>
  takenWords(takenNames(place, records, ours), asking).split("\n");

test("all findings at once, by owner, each with its way out", () => {
  const website = record("b.etcd.dev.example.com A 203.0.113.9", "website");
  const wild = record("*.example.com CNAME lb.example.com proxied");
  assert.deepEqual(words(website, wild), [
    "Cloudflare has records at the names of etcd.dev.example.com that this stack did not make. " +
      "They were left alone, and nothing was made.",
    '  with the comment "website":',
    "    b.etcd.dev.example.com A 203.0.113.9",
    "  Use another domain; or, when nobody needs them, remove them:",
    `    remove ${website.id}`,
    "  without a comment:",
    "    *.example.com CNAME lb.example.com (proxied): answers for names of the cluster that are " +
      "not there yet; a record of any type at etcd.dev.example.com ends that",
    "  Use another domain; or, when nobody needs them, remove them:",
    `    remove ${wild.id}`,
  ]);
});

test("another stack's cluster: which one, and what to do where its state is lost", () => {
  const mark = "pulumi infra/first 111111111111";
  const claim = record('_etcd-on-ec2.etcd.dev.example.com TXT "x"', mark);
  const a = record("a.etcd.dev.example.com A 10.0.0.1", mark);
  assert.deepEqual(words(claim, a).slice(1), [
    `  of the stack infra/first (${mark}):`,
    '    _etcd-on-ec2.etcd.dev.example.com TXT "x"',
    "    a.etcd.dev.example.com A 10.0.0.1",
    "  A cluster lives by them, or did. Use another domain, or end that cluster first: pulumi " +
      "destroy --stack first",
    "  If its state is lost, see what still runs, and remove what nobody needs any more:",
    "    npm run sweep -- --stack first",
    "  or, when only the records are left:",
    `    for id in ${claim.id} ${a.id}; do remove $id; done`,
  ]);
});

test("another life of this stack: its state was lost, or the cluster was renamed", () => {
  const [, owner, , way] = words(
    record("a.etcd.dev.example.com A x", "pulumi etcd/prod 111111111111"),
  );
  assert.equal(owner, "  of another life of this stack (pulumi etcd/prod 111111111111):");
  assert.match(way ?? "", /state was lost or given up, or the cluster has had another name .* Put/);
});

test("a domain outside the zone: where it would lie, and what to set", () => {
  assert.match(
    outsideWords("etcd.example.org", "example.com", "f00"),
    /^domain: etcd\.example\.org does not lie in the zone example\.com \(zoneId f00\), .* below etcd\.example\.org\.example\.com\. Set domain to example\.com .* zoneId to /,
  );
});
