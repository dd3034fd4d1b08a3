// A destroy of what is broken, half there, or not known: in the right order, within minutes, and
// nothing of ours is left, nor anything of others gone. Does not prove how real services take it,
// nor anything of the official plugins, whose answers the lab's imitate.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test, { after, before } from "node:test";
import { stackContents } from "../../lab/stack.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import {
  allRecords,
  clearFaults,
  cloudflare,
  eventually,
  makeFault,
  mustRun,
  npmRun,
} from "./harness.ts";
import { asking, instances, inventory, terminate } from "./inventory.ts";
import { eventFile, runUntil } from "./killing.ts";
import { etcdRuns, machines, onMachine } from "./machines.ts";
import { makeMarked } from "./marked.ts";
import { typeCommands } from "./namedCommands.ts";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await npmRun("lab", "stop");
});

const up = (...args: string[]) =>
  npmRun("pulumi", "up", "--yes", "--skip-preview", "--non-interactive", ...args);

/** What a destroy says; it is over within three minutes. */
async function destroy(...args: string[]): Promise<{ code: number; text: string }> {
  const started = Date.now();
  const outcome = await npmRun(
    "pulumi",
    "destroy",
    "--yes",
    "--skip-preview",
    "--non-interactive",
    ...args,
  );
  assert.ok(Date.now() - started < 180_000, `destroy took ${Date.now() - started} ms`);
  return outcome;
}

async function isUp(): Promise<void> {
  const { code, text } = await up();
  assert.equal(code, 0, text);
}

/** Nothing at the emulators, no machine, nothing in the state. */
async function isGone(): Promise<void> {
  assert.deepEqual(await inventory(), []);
  assert.equal((await stackContents()).resources, 0);
  await eventually("the machines to go", 30_000, async () => (await machines()).length === 0);
}

async function machineOf(node: string): Promise<string> {
  return `etcd-lab-${(await instances()).find((i) => i.node === node)?.id}`;
}

async function incarnationOf(instance: string): Promise<string> {
  const { Reservations = [] } = await asking((ec2) =>
    ec2.describeInstances({ InstanceIds: [instance] }),
  );
  return (
    Reservations[0]?.Instances?.[0]?.Tags?.find(({ Key }) => Key === "Incarnation")?.Value ?? ""
  );
}

/** When etcd was started, on each machine. */
async function etcdStarts(): Promise<string[]> {
  const property = ["--property", "ExecMainStartTimestampMonotonic"];
  return Promise.all(
    (await machines()).sort().map((m) => onMachine(m, "systemctl", "show", "etcd", ...property)),
  );
}

async function removeByHand(name: string, type: string): Promise<void> {
  const [record] = (await allRecords()).filter((r) => r.name === name && r.type === type);
  await cloudflare("DELETE", `/dns_records/${record?.id}`);
}

test(
  "etcd ends before its names go, so that no resolver is asked for what is gone; and it " +
    "runs again after another up",
  async () => {
    await isUp();
    await makeFault({
      kind: "ec2-fault",
      action: "TerminateInstances",
      code: "UnauthorizedOperation",
      times: 99,
    });
    const { code, text } = await destroy();
    assert.notEqual(code, 0, text);
    assert.equal((await machines()).length, 3);
    assert.equal(await etcdRuns(), false, "etcd runs on, and asks for names that are gone");
    await clearFaults();
    await isUp();
    assert.match(await mustRun("status"), /Healthy: one cluster/);
  },
);

test("up --replace of what looks for leftovers: machines, disks and records stay", async () => {
  const living = async () => ({
    instances: await instances(),
    machines: (await machines()).sort(),
    inventory: await inventory(),
    records: (await allRecords()).map(({ id }) => id).sort(),
  });
  const before = await living();
  const started = await etcdStarts();
  const replace = async (...names: string[]) => {
    const flags = names.flatMap((name) => ["--replace", `**::${name}`]);
    const { code, text } = await up(...flags);
    assert.equal(code, 0, text);
    for (const name of names) assert.match(text, new RegExp(` ${name} replaced`));
    return text;
  };
  assert.match(
    await replace("etcd-a-leftovers", "etcd-leftovers"),
    /left alone: the instance i-\w+ \(a\.etcd\.test\); .* so this is no destroy/,
  );
  assert.deepEqual(await living(), before);
  // (The stack's id, which looks for them too, is written once: noHarm.test.ts.)
  assert.deepEqual(await etcdStarts(), started, "an etcd was started anew");
  assert.match(await mustRun("status"), /Healthy: one cluster/);
});

test("order: client SRV, etcd, then peer SRV, A and machines, addresses, the claim", async () => {
  const { code, text } = await runUntil(
    await ensureCli(() => undefined),
    ["destroy"],
    "delete",
    () => undefined,
    0,
  );
  assert.equal(code, 0, text);
  interface Event {
    resourcePreEvent?: { metadata: { urn: string } };
    resOutputsEvent?: { metadata: { urn: string } };
  }
  const log = readFileSync(eventFile, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
  const at = (kind: keyof Event, name: string) => {
    const found = log.findIndex((event) => event[kind]?.metadata.urn.endsWith(`::etcd-${name}`));
    assert.ok(found >= 0, `the log has no ${kind} of ${name}`);
    return found;
  };
  const isBefore = (first: string, then: string) =>
    assert.ok(
      at("resOutputsEvent", first) < at("resourcePreEvent", then),
      `${then} began to go before ${first} was gone`,
    );
  for (const node of ["a", "b", "c"]) {
    for (const any of ["a", "b", "c"])
      for (const [first, then] of [
        ["client", "shutdown"],
        ["shutdown", "peer"],
        ["shutdown", "address"],
      ])
        isBefore(`${any}-${first}`, `${node}-${then}`);
    for (const later of ["peer", "address", "instance", "attachment"])
      for (const any of ["a", "b", "c"]) isBefore(`${any}-client`, `${node}-${later}`);
    for (const [first, then] of [
      ["peer", "address"],
      ["address", "interface"],
      ["instance", "interface"],
      ["attachment", "data"],
    ])
      isBefore(`${node}-${first}`, `${node}-${then}`);
    for (const any of ["address", "interface", "data"]) isBefore(`${node}-${any}`, "claim");
  }
  await isGone();
});

test(
  "a machine gone, SSH dead, the cluster half dead, both nameservers down, a record " +
    "removed by hand",
  async () => {
    await isUp();
    await terminate("b");
    await onMachine(await machineOf("c"), "systemctl", "stop", "ssh.service", "etcd.service");
    await removeByHand("c.etcd.test", "A");
    for (const server of ["ns1", "ns2"]) await makeFault({ kind: "server-down", server });
    // A provider takes a record that is gone for a failure; a refresh first lets it go.
    const { code, text } = await destroy();
    assert.notEqual(code, 0, text);
    assert.match(text, /-c-address[^]*404 Not Found/);
    const again = await destroy("--refresh");
    assert.equal(again.code, 0, again.text);
    await clearFaults();
    await isGone();
  },
);

test(
  "an up that lost answers: destroy names what may hold data, removes " + "only the rest",
  async () => {
    await makeFault({
      kind: "ec2-fault",
      action: "RunInstances",
      zone: "us-east-1b",
      when: "after",
      times: 3,
    }); // as often as the plugin tries
    const { code, text } = await up();
    assert.notEqual(code, 0, text);
    await clearFaults();
    const leftBehind = (await instances()).find((i) => i.node === "b");
    assert.ok(leftBehind, "no instance was made");

    // More of this life, one of each kind, and as much of an earlier one of the same stack.
    await makeMarked(await incarnationOf(leftBehind.id), "ours");
    const removeForeign = await makeMarked("ffffffffffff", "foreign");

    // It blocks the deletion of its interface, so it is named at once.
    const blocked = await destroy();
    assert.notEqual(blocked.code, 0, blocked.text);
    assert.match(blocked.text, /What earlier runs left behind was not removed:/);
    assert.ok(
      (await instances()).some(({ id }) => id === leftBehind.id),
      "the instance was ended",
    );
    assert.deepEqual(await typeCommands(blocked.text), [leftBehind.id]);

    // At the end of all, the volume; nothing goes while it is there.
    const held = await destroy();
    assert.notEqual(held.code, 0, held.text);
    assert.doesNotMatch(held.text, /removed the/);
    assert.ok((await inventory()).includes("available  ours"));
    assert.equal((await typeCommands(held.text)).filter((id) => /^vol-/.test(id)).length, 1);

    const gone = await destroy();
    assert.equal(gone.code, 0, gone.text);
    for (const what of [
      "network interface eni-\\w+",
      "Elastic IP eipalloc-\\w+",
      "security group sg-\\w+",
      "key pair key-\\w+",
    ].map((kind) => `${kind} \\(ours\\)`))
      assert.match(
        gone.text,
        new RegExp(`removed the ${what}, left behind by a run that was cut off`),
      );
    assert.match(
      gone.text,
      /removed the DNS record ours\.etcd\.test A 10\.213\.32\.99, left behind/,
    );
    assert.deepEqual(await inventory(), [
      "address  foreign",
      "available  foreign",
      "available  foreign",
      "foreign.etcd.test A ",
      "group  foreign",
      "key  foreign",
      "rule out -1 0.0.0.0/0",
    ]);
    await removeForeign();
    await isGone();
  },
);

test("what cannot be asked for leftovers is named; the next destroy ends it", async () => {
  await makeFault({ kind: "api-fault", method: "POST", body: '"c.etcd.test"', status: 400 });
  assert.notEqual((await up()).code, 0);
  await clearFaults();
  await makeFault({
    kind: "ec2-fault",
    action: "DescribeAddresses",
    code: "UnauthorizedOperation",
    times: 99,
  }); // asked for by nobody else
  const { code, text } = await destroy();
  assert.notEqual(code, 0, text);
  assert.match(
    text,
    /What earlier runs left behind was not removed:\s+EC2 could not be asked for a leftover Elastic IP: UnauthorizedOperation: [^]*run `pulumi destroy` again/,
  );
  assert.doesNotMatch(text, /^\s+at .*:\d+:\d+\)?$/m, "a stack trace");
  await clearFaults();
  const again = await destroy();
  assert.equal(again.code, 0, again.text);
  await isGone();
});

test("npm run down copes by itself", async () => {
  await isUp();
  await removeByHand("a.etcd.test", "A");
  await terminate("c");
  const text = await mustRun("down");
  assert.match(text, /-a-address|dns_records/);
  assert.match(text, /once more, after a look at what there still is/);
  assert.match(text, /nothing is left but caches/);
});
