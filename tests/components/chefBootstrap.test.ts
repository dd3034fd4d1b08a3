// What a member's bootstrap is made of, and when it changes. Does not prove that a machine does
// what it says: tests/components/bootstrapRun and the lab do.
import assert from "node:assert/strict";
import test from "node:test";
import { bootstrapOf, nodeJson } from "../../components/bootstrap/chefBootstrap.ts";
import { foundingTicket, joinTicket } from "../../components/bootstrap/ticket.ts";

const founders = { a: "10.0.0.1", b: "10.0.0.2", c: "10.0.0.3" };
const member = (name: string, address: string) => ({
  name,
  address,
  founders,
  domain: "etcd.test",
  tls: true,
  volumeId: "vol-1",
  token: "etcd.test-0a1b2c-f0f0",
  etcdVersion: "3.6.14",
  etcdMirror: "https://mirror.test",
  etcdChecksums: "mirror" as const,
  etcdSha256: {},
  chef: { product: "preinstalled" as const, version: "", packageUrl: "", packageSha256: "" },
  cookbook: "",
  timeoutSeconds: 900,
  dnsTimeoutSeconds: 120,
});

test("a founder knows all founders, and may be part of a new cluster, with a ticket", () => {
  const { etcd } = nodeJson(member("a", "10.0.0.1"));
  assert.deepEqual([etcd.members, etcd.initial_state, etcd.tickets], [founders, "new", true]);
});

test("a member that is declared later cannot found, whatever DNS says", () => {
  const { etcd } = nodeJson(member("d", "10.0.0.4"));
  assert.deepEqual([etcd.members, etcd.initial_state, etcd.address], [{}, "existing", "10.0.0.4"]);
  assert.deepEqual([etcd.tickets, etcd.joins], [true, true]);
});

test("the digest changes with the bootstrap, and with nothing else", () => {
  const digest = (change: object) => bootstrapOf({ ...member("a", "10.0.0.1"), ...change }).digest;
  assert.equal(digest({}), digest({}));
  assert.notEqual(digest({}), digest({ etcdVersion: "3.6.15" }));
  assert.notEqual(digest({}), digest({ address: "10.0.0.9" }));
});

const recorded = {
  b: { address: "10.0.0.2", machine: "i-2", volume: "vol-2" },
  a: { address: "10.0.0.1", machine: "i-1", volume: "vol-1" },
};
const ticketOf = (change: object = {}, record: Parameters<typeof foundingTicket>[0] = recorded) =>
  foundingTicket(
    record,
    { member: "a", machine: "i-1", volume: "vol-1", ...change },
    "etcd.test-0a1b2c-f0f0",
    (name) => `https://${name}.etcd.test:2380`,
  );

test("a ticket names the cluster, all who found it, the machine and the volume", () => {
  const { nonce, ...rest } = ticketOf() ?? assert.fail("none");
  assert.deepEqual(rest, {
    kind: "found",
    clusterToken: "etcd.test-0a1b2c-f0f0",
    members: {
      a: { peerUrl: "https://a.etcd.test:2380", address: "10.0.0.1" },
      b: { peerUrl: "https://b.etcd.test:2380", address: "10.0.0.2" },
    },
    machine: "i-1",
    volume: "vol-1",
  });
  assert.match(nonce, /^[0-9a-f]{16}$/);
  assert.deepEqual(ticketOf(), ticketOf({}, { a: recorded.a, b: recorded.b }));
  const other = ticketOf({ member: "b", machine: "i-2", volume: "vol-2" });
  assert.notEqual(other?.nonce, nonce);
});

for (const [who, change, record] of [
  ["a machine that was made anew", { machine: "i-9" }, recorded],
  ["another volume", { volume: "vol-9" }, recorded],
  ["a member that was declared later", { member: "d" }, recorded],
  ["a cluster of a release without tickets", {}, { a: { address: "10.0.0.1" } }],
  ["a record that this run leaves out", {}, {}],
] as const)
  test(`no ticket for ${who}`, () => assert.equal(ticketOf(change, record), undefined));

test("a ticket to join names the list of member add, and its id makes it another", () => {
  const members = {
    d: { peerUrl: "https://d.etcd.test:2380", address: "10.0.0.4" },
    a: { peerUrl: "https://a.etcd.test:2380", address: "10.0.0.1" },
  };
  const where = { clusterToken: "etcd.test-0a1b2c-f0f0", machine: "i-4", volume: "vol-4" };
  const ticket = joinTicket({ ...where, memberId: "8e9e05c52164694d", members });
  const { nonce, ...rest } = ticket;
  assert.deepEqual(rest, { ...where, kind: "join", memberId: "8e9e05c52164694d", members });
  assert.deepEqual(Object.keys(rest.members), ["a", "d"]);
  assert.match(nonce, /^[0-9a-f]{16}$/);
  // What is remembered of it is compared, not its list.
  const nonces = [
    joinTicket({ ...where, memberId: "8e9e05c52164694d", members: {} }),
    joinTicket({ ...where, memberId: "1", members }),
    joinTicket({ ...where, memberId: "8e9e05c52164694d", members, machine: "i-5" }),
    joinTicket({ ...where, memberId: "8e9e05c52164694d", members, volume: "vol-5" }),
    joinTicket({ ...where, memberId: "8e9e05c52164694d", members, clusterToken: "other" }),
  ].map((other) => other.nonce === nonce);
  assert.deepEqual(nonces, [true, false, false, false, false]);
});

test("the ticket comes beside Chef's attributes, unread by whoever sees the script", () => {
  const ticket = ticketOf() ?? assert.fail("none");
  const node = { ...member("a", "10.0.0.1"), token: "t", ticket };
  const { stdin, digest } = bootstrapOf(node);
  assert.ok(!JSON.stringify(nodeJson(node)).includes(ticket.nonce));
  assert.ok(!stdin.includes(ticket.nonce));
  assert.ok(stdin.includes("\nhas_ticket=yes\n"));
  assert.notEqual(digest, bootstrapOf({ ...node, ticket: undefined }).digest);
});
