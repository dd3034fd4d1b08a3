// Services that refuse, lose an answer or break off, and what is to come of each. Most tests take a
// machine away and have `up` make it again, which is quicker than a whole cluster; none needs the
// one before it. Does not prove how long real services fail, nor anything of the official plugins'
// own retries, which the lab's imitate.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import { callFaults } from "../../lab/ec2/callFaults.ts";
import {
  allRecords,
  clearFaults,
  control,
  destroyStack,
  eventually,
  makeFault,
  mustRun,
  npmRun,
  pulumiWith,
} from "./harness.ts";
import { instances, terminate } from "./inventory.ts";
import { etcdRuns, machines, onMachine } from "./machines.ts";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
});
after(async () => {
  await npmRun("lab", "stop");
});

const up = (config: Readonly<Record<string, unknown>> = {}) =>
  pulumiWith(config, "up", "--yes", "--skip-preview", "--refresh");

async function succeeds(): Promise<string> {
  const { code, text } = await up();
  assert.equal(code, 0, text);
  return text;
}

/** What a failing `up` says. It is over within two minutes. */
async function fails(config: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const started = Date.now();
  const { code, text } = await up(config);
  assert.notEqual(code, 0, text);
  assert.ok(Date.now() - started < 120_000, `up failed only after ${Date.now() - started} ms`);
  return text;
}

/** One healthy cluster, and nothing besides. */
async function isWhole(): Promise<void> {
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
  assert.deepEqual(
    (await instances()).map(({ node }) => node),
    ["a", "b", "c"],
  );
  assert.equal(
    (await allRecords()).filter(
      ({ type, name }) => type === "SRV" || (type === "A" && !name.startsWith("ns")),
    ).length,
    9,
  );
}

/**
 * A whole cluster whose b was ended at EC2; its address and data remain. Returns the ids of the
 * others.
 */
async function withoutB(): Promise<string[]> {
  await clearFaults();
  await succeeds();
  await terminate("b");
  return (await instances()).map(({ id }) => id);
}

/** Container of a node's machine, once there is one other than those given. */
async function machineOf(node: string, but: readonly string[] = []): Promise<string> {
  let found = "";
  await eventually(`the machine of ${node}`, 60_000, async () => {
    const running = await machines();
    const instance = (await instances()).find((i) => i.node === node && !but.includes(i.id));
    found = running.find((name) => name === `etcd-lab-${instance?.id}`) ?? "";
    return found !== "";
  });
  return found;
}

test("faults that go away by themselves only cost time", async () => {
  const post = { kind: "api-fault", method: "POST" };
  const launch = { kind: "ec2-fault", action: "RunInstances" };
  await makeFault({ ...post, body: '"a.etcd.test"', status: 429, retryAfter: 2 });
  await makeFault({ ...post, body: '"b.etcd.test"', status: 500, times: 2 });
  await makeFault({ ...post, body: '"c.etcd.test"', drop: "before-write" });
  await makeFault({ ...launch, zone: "us-east-1a", code: "RequestLimitExceeded", times: 2 });
  await makeFault({ ...launch, zone: "us-east-1c", when: "after" });
  await succeeds();
  await isWhole();
  assert.deepEqual(
    ((await control("GET", "/faults")) as { fault: { kind: string } }[]).filter(
      ({ fault }) => fault.kind === "api-fault",
    ),
    [],
    "a fault of Cloudflare was not met",
  );
  assert.deepEqual(
    (await callFaults()).map(({ left }) => left),
    [0, 0],
    "a fault of EC2 was not met",
  );
});

test(
  "a record whose creation was never answered: up names the refusal, the next takes it " +
    "away and makes it once",
  async () => {
    await destroyStack();
    await makeFault({
      kind: "api-fault",
      method: "POST",
      body: '"b.etcd.test"',
      drop: "after-write",
    });
    const text = await fails();
    assert.match(text, /-b-address[^]*81058/);
    assert.equal(
      (await allRecords()).filter(({ name }) => name === "b.etcd.test").length,
      1,
      "the write did not happen",
    );
    assert.equal(await etcdRuns(), false, "an etcd process runs");
    assert.match(
      await succeeds(),
      /removed the DNS record b\.etcd\.test A 10\.213\.16\.\d+, left behind by a run that was cut off/,
    );
    await isWhole();
  },
);

test(
  "no capacity in one zone: up names it and leaves the other members alone; an instance " +
    "of a lost answer is found and made once",
  async () => {
    const others = await withoutB();
    await makeFault({
      kind: "ec2-fault",
      action: "RunInstances",
      zone: "us-east-1b",
      code: "InsufficientInstanceCapacity",
      times: 99,
    });
    assert.match(await fails(), /InsufficientInstanceCapacity: .*\(us-east-1b\)/);
    assert.deepEqual(
      (await instances()).map(({ id }) => id),
      others,
    );
    await clearFaults();

    // As often as the plugin tries (aws:maxRetries: 2).
    await makeFault({
      kind: "ec2-fault",
      action: "RunInstances",
      zone: "us-east-1b",
      when: "after",
      times: 3,
    });
    await fails();
    const [leftBehind] = (await instances()).filter(({ id }) => !others.includes(id));
    assert.ok(leftBehind, "no instance was made");
    assert.match(
      await succeeds(),
      new RegExp(`removed the instance ${leftBehind.id}, left behind by a run that was cut off`),
    );
    await isWhole();
    const now = (await instances()).map(({ id }) => id);
    assert.deepEqual(
      [others.every((id) => now.includes(id)), now.includes(leftBehind.id)],
      [true, false],
    );
  },
);

test(
  "SSH that breaks in the middle of a converge: it goes on by itself, and the next up " +
    "finds it done",
  async () => {
    const others = await withoutB();
    const broken = fails();
    const machine = await machineOf("b", others);
    const status = "cat /var/lib/etcd-bootstrap/*/status";
    await onMachine(
      machine,
      "timeout",
      "60",
      "sh",
      "-c",
      "until grep -qs begins /var/lib/etcd-bootstrap/converge.log; do sleep 0.05; done",
    );
    assert.equal(
      (await onMachine(machine, "sh", "-c", `pkill -KILL -x sshd-session; ${status}`)).trim(),
      "running",
    );
    assert.match(await broken, /-b-bootstrap/);
    await eventually(
      "the converge to end by itself",
      60_000,
      async () => (await onMachine(machine, "sh", "-c", status)).trim() === "ok",
    );
    assert.match(await succeeds(), /has converged with these inputs before, and etcd is running/);
    await isWhole();
  },
);

test(
  "a converge beside another one on the same machine waits for its turn, and touches " +
    "nothing until then",
  async () => {
    const others = await withoutB();
    const made = succeeds();
    const machine = await machineOf("b", others);
    const folder = "/var/lib/etcd-bootstrap";
    const waits =
      "until grep -qs 'another converge is running; waiting for it' converge.log; do " +
      "sleep 0.05; done; sleep 0.5";
    // This holder of the lock stands for the other converge; it ends once the real one waits for
    // it.
    const seen = await onMachine(
      machine,
      "sh",
      "-c",
      `mkdir -p -m 700 ${folder} && cd ${folder} && exec flock converge.lock timeout 60 ` +
        `sh -c "${waits}; cat */status; ls /opt/etcd /etc/systemd/system/etcd.service 2>&- ` +
        `|| echo untouched"`,
    );
    assert.equal(seen, "running\nuntouched\n");
    await made;
    await isWhole();
  },
);

test(
  "a converge that fails half-way: up shows the end of its log; no etcd was started " +
    "there, and the others never stopped",
  async () => {
    const others = await withoutB();
    const processes = () =>
      Promise.all(others.map((id) => onMachine(`etcd-lab-${id}`, "pgrep", "-x", "etcd")));
    const running = await processes();
    const text = await fails({
      "etcd:etcdMirror": `http://${addresses.gateway}:${addresses.mirrorPort}/elsewhere`,
    });
    assert.match(
      text,
      /The converge of ip-10-213-16-\d+ failed \(exit \d+\)\. The end of its log:/,
    );
    assert.match(text, /404 Not Found/);
    assert.match(
      text,
      /The whole log, on the node: sudo less \/var\/lib\/etcd-bootstrap\/converge\.log/,
    );
    const machine = await machineOf("b");
    assert.equal(
      await onMachine(
        machine,
        "sh",
        "-c",
        "pgrep -x etcd || echo none; ls /etc/systemd/system/etcd.service 2>&- || echo none",
      ),
      "none\nnone\n",
    );
    assert.deepEqual(await processes(), running);
    await succeeds();
    await isWhole();
  },
);
