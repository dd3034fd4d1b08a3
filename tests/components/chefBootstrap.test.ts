// What a member's bootstrap is made of, and when it changes. Does not prove that a machine does
// what it says: tests/components/bootstrapRun and the lab do.
import assert from "node:assert/strict";
import test from "node:test";
import { bootstrapOf, nodeJson } from "../../components/bootstrap/chefBootstrap.ts";

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

test("a founder knows all founders, and may be part of a new cluster", () => {
  const { etcd } = nodeJson(member("a", "10.0.0.1"));
  assert.deepEqual([etcd.members, etcd.initial_state], [founders, "new"]);
});

test("a member that is declared later cannot found, whatever DNS says", () => {
  const { etcd } = nodeJson(member("d", "10.0.0.4"));
  assert.deepEqual([etcd.members, etcd.initial_state, etcd.address], [{}, "existing", "10.0.0.4"]);
});

test("the digest changes with the bootstrap, and with nothing else", () => {
  const digest = (change: object) => bootstrapOf({ ...member("a", "10.0.0.1"), ...change }).digest;
  assert.equal(digest({}), digest({}));
  assert.notEqual(digest({}), digest({ etcdVersion: "3.6.15" }));
  assert.notEqual(digest({}), digest({ address: "10.0.0.9" }));
});
