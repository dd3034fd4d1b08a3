// Who status takes for declared, from outputs and gates. Does not prove that a cut-off run leaves
// them like this: that was seen by hand (5 to 3, killed between two removals).
import assert from "node:assert/strict";
import test from "node:test";
import { declaredNow } from "../../commands/status/declaredNow.ts";
import type { StackOutputs } from "../../commands/stack/stackOutputs.ts";
import type { GateOutputs } from "../../components/dns/dnsReadiness.ts";

const domain = "etcd.test";
const addresses = { a: "10.0.0.1", b: "10.0.0.2", c: "10.0.0.3", d: "10.0.0.4" } as const;
type Name = keyof typeof addresses;

const member = (name: Name) => ({
  name,
  endpoint: `https://${addresses[name]}:2379`,
  peerUrl: `https://${name}.${domain}:2380`,
});
const outputs = (...names: Name[]): StackOutputs => ({
  discoveryDomain: domain,
  endpoints: Object.fromEntries(names.map((name) => [name, member(name).endpoint])),
  peerUrls: Object.fromEntries(names.map((name) => [name, member(name).peerUrl])),
  sshUser: "admin",
  hostKeys: {},
  identity: undefined,
});
const gate = (
  names: readonly Name[],
  more: Partial<GateOutputs["expected"]> = {},
): GateOutputs => ({
  expected: {
    domain,
    tls: true,
    port: 2380,
    members: names.map((name) => ({ target: `${name}.${domain}`, address: addresses[name] })),
    ...more,
  },
  nameservers: [],
  timeoutSeconds: 1,
});
const clients = gate(["a", "b", "c"], { service: "client" });

test("a run that ended: outputs and gate say the same", () => {
  assert.deepEqual(declaredNow(outputs("a", "b", "c"), [clients, gate(["c", "a", "b"])]), {
    declared: [member("a"), member("b"), member("c")],
    coming: [],
    leaving: [],
  });
});

test("a run that was cut off: the gate for the peers knows who comes and who leaves", () => {
  assert.deepEqual(declaredNow(outputs("a", "b", "c"), [clients, gate(["b", "c", "d"])]), {
    declared: [member("b"), member("c"), member("d")],
    coming: ["d"],
    leaving: [member("a")],
  });
});

test("no gate, or one of another domain: what the outputs say", () => {
  for (const gates of [[], [clients], [gate(["d"], { domain: "other.test" })]])
    assert.deepEqual(declaredNow(outputs("a"), gates), {
      declared: [member("a")],
      coming: [],
      leaving: [],
    });
});
