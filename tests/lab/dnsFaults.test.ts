// Half-published DNS and resolvers that know nothing: no cluster forms, `up` says what is missing,
// and `up` after the repair succeeds. Does not prove how long real nameservers take; the other
// kinds of wrong DNS are dnsGate.test.ts's.
import assert from "node:assert/strict";
import test, { after, afterEach, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import { ask } from "../../lab/dns/ask.ts";
import {
  control,
  clearFaults,
  destroyStack,
  eventually,
  makeFault,
  mustRun,
  npmRun,
  upWith,
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

/** `up` fails at the gate with these lines, and no etcd was started anywhere. */
async function refused(lines: readonly RegExp[]): Promise<void> {
  const { code, text } = await upWith(soon);
  assert.notEqual(code, 0, "up succeeded on wrong DNS");
  assert.match(
    text,
    /DNS for etcd\.test is not complete after \d+ s\. etcd would form a wrong cluster, so nothing was started\./,
  );
  for (const line of lines) assert.match(text, line);
  assert.equal(await etcdRuns(), false, "an etcd process runs");
}

/** What one needs to look into a founding that failed is among the stack's outputs. */
async function outputsAreThere(): Promise<void> {
  const text = await mustRun("pulumi", "stack", "output", "--json", "--show-secrets");
  const outputs: Record<string, unknown> = JSON.parse(text.slice(text.indexOf("{")));
  for (const name of ["endpoints", "peerUrls", "hostKeys"])
    assert.deepEqual(Object.keys(outputs[name] ?? {}), ["a", "b", "c"], name);
  assert.match(String(outputs.clientCertificate), /^-----BEGIN CERTIFICATE-----/);
  assert.match(String(outputs.clientPrivateKey), /^-----BEGIN PRIVATE KEY-----/);
}

/** `up` again, as the message says, and the cluster is one. */
async function healsBy(repair: () => Promise<unknown>): Promise<void> {
  await repair();
  const { code, text } = await upWith({});
  assert.equal(code, 0, text);
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
}

test(
  "an A record that is not published: up says so, nothing starts; published, up makes one " +
    "cluster",
  async () => {
    await makeFault({ kind: "withhold", name: "c.etcd.test", type: "A" });
    await refused([
      /c\.etcd\.test A\s+10\.213\.240\.11\s+NXDOMAIN, wanted 10\.213\.32\.\d+/,
      /c\.etcd\.test A\s+10\.213\.240\.12/,
      /waiting for DNS, \d+ s of 6 s: .* at 10\.213\.240\.1[12]/,
    ]);
    await healsBy(clearFaults);
  },
);

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
    await outputsAreThere();
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

test("a node whose resolver is silent starts no etcd, and names the one it asked", async () => {
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
