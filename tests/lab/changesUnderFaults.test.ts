// A cluster that is there already, and a change of it that meets a fault: an answer lost at
// Cloudflare, a package source that is gone, a machine that dies in mid-converge, a resolver that
// is silent. Does not prove how long real services fail.
import assert from "node:assert/strict";
import test, { after, afterEach, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import {
  allRecords,
  clearFaults,
  control,
  eventually,
  makeFault,
  mustRun,
  npmRun,
  pulumiWith,
} from "./harness.ts";
import { asking, instances, terminate } from "./inventory.ts";
import { machines, onMachine } from "./machines.ts";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
});
after(async () => {
  await npmRun("lab", "stop");
});
afterEach(clearFaults);

const up = (config: Readonly<Record<string, unknown>> = {}, ...more: string[]) =>
  pulumiWith(config, "up", "--yes", "--skip-preview", ...more);
const ours = async () =>
  (await allRecords()).filter(
    ({ type, name }) => type === "SRV" || (type === "A" && !name.startsWith("ns")),
  );
const processes = async () =>
  Promise.all((await machines()).map((machine) => onMachine(machine, "pgrep", "-x", "etcd")));

async function succeeds(
  config: Readonly<Record<string, unknown>> = {},
  ...more: string[]
): Promise<string> {
  const { code, text } = await up(config, ...more);
  assert.equal(code, 0, text);
  return text;
}

async function fails(config: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const started = Date.now();
  const { code, text } = await up(config);
  assert.notEqual(code, 0, text);
  assert.ok(Date.now() - started < 150_000, `up failed only after ${Date.now() - started} ms`);
  return text;
}

async function isWhole(): Promise<void> {
  assert.match(await mustRun("status"), /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
  assert.equal((await ours()).length, 9);
}

/** The faults of Cloudflare that were not met. */
async function unmet(): Promise<unknown[]> {
  return ((await control("GET", "/faults")) as { fault: { kind: string } }[]).filter(
    ({ fault }) => fault.kind === "api-fault",
  );
}

test(
  "changes at Cloudflare: told to wait, failed, cut before and after the write; each " +
    "record is changed once",
  async () => {
    const before = (await ours()).map(({ id }) => id).sort();
    const put = { kind: "api-fault", method: "PUT" };
    await makeFault({ ...put, body: '"a.etcd.test"', status: 429, retryAfter: 1 });
    await makeFault({ ...put, body: '"b.etcd.test"', status: 500, times: 2 });
    await makeFault({ ...put, body: '"c.etcd.test"', drop: "before-write" });
    await makeFault({ ...put, body: "_etcd-server", drop: "after-write" });
    await succeeds({ "etcd:ttl": "61" });
    assert.deepEqual(await unmet(), []);
    assert.deepEqual((await ours()).map(({ id }) => id).sort(), before);
    assert.deepEqual(
      [
        ...new Set(
          (await allRecords())
            .filter(({ name }) => /etcd-|^[abc]\./.test(name))
            .map((record) => (record as { ttl?: number }).ttl),
        ),
      ],
      [61],
    );
    await succeeds();
    await isWhole();
  },
);

test(
  "removals at Cloudflare: told to wait, failed, cut before the write; cut after it, a " +
    "refresh cures what the provider cannot know",
  async () => {
    const remove = () =>
      npmRun(
        "pulumi",
        "destroy",
        "--target",
        "**etcd-a-client",
        "--target-dependents",
        "--yes",
        "--skip-preview",
        "--non-interactive",
      );
    for (const fault of [
      { status: 429, retryAfter: 1 },
      { status: 500, times: 2 },
      { drop: "before-write" },
    ]) {
      await makeFault({ kind: "api-fault", method: "DELETE", ...fault });
      const { code, text } = await remove();
      assert.equal(code, 0, text);
      assert.equal((await ours()).length, 8);
      await succeeds();
    }
    await makeFault({ kind: "api-fault", method: "DELETE", drop: "after-write" });
    const { code, text } = await remove();
    assert.notEqual(code, 0, "the lost answer went unnoticed");
    assert.match(text, /etcd-a-client[^]*404 Not Found/);
    await succeeds({}, "--refresh");
    assert.deepEqual(await unmet(), []);
    await isWhole();
  },
);

test("EC2 that throttles for good: up says so in minutes, and makes nothing twice", async () => {
  await terminate("b");
  await makeFault({
    kind: "ec2-fault",
    action: "RunInstances",
    code: "RequestLimitExceeded",
    times: 99,
  });
  const { code, text } = await up({}, "--refresh");
  assert.notEqual(code, 0, text);
  assert.match(text, /-b-instance[^]*RequestLimitExceeded/);
  assert.deepEqual(
    (await instances()).map(({ node }) => node),
    ["a", "c"],
  );
  await clearFaults();
  await succeeds({}, "--refresh");
  await isWhole();
});

for (const [source, config, said] of [
  [
    "a Chef package that is not there",
    {
      "etcd:chef": {
        product: "cinc",
        packageUrl: `http://${addresses.gateway}:${addresses.mirrorPort}/cinc.deb`,
        packageSha256: "a".repeat(64),
      },
    },
    /installing cinc 18\.8\.54 from http:\S+\/cinc\.deb[^]*could not be fetched/,
  ],
  [
    "a server of Chef packages that is down",
    {
      "etcd:chef": {
        product: "cinc",
        packageUrl: `http://${addresses.gateway}:9/cinc.deb`,
        packageSha256: "a".repeat(64),
      },
    },
    /could not be fetched/,
  ],
  [
    "an etcd mirror that is down",
    { "etcd:etcdMirror": `http://${addresses.gateway}:9`, "etcd:etcdVersion": "3.6.14" },
    undefined,
  ],
] as const) {
  test(`${source}: the cluster stays as it is`, async () => {
    const running = await processes();
    if (said) assert.match(await fails(config), said);
    else await succeeds(config); // installed already, so nothing is fetched
    assert.deepEqual(await processes(), running);
    await succeeds();
    assert.deepEqual(await processes(), running);
    await isWhole();
  });
}

test("a key pair that was deleted: up --refresh makes another, touches no machine", async () => {
  const before = [await instances(), await processes()];
  const keys = async () =>
    (
      (
        await asking((ec2) =>
          ec2.describeKeyPairs({ Filters: [{ Name: "tag:Project", Values: ["etcd"] }] }),
        )
      ).KeyPairs ?? []
    ).map(({ KeyPairId = "" }) => KeyPairId);
  const [deleted = ""] = await keys();
  await asking((ec2) => ec2.deleteKeyPair({ KeyPairId: deleted }));
  assert.deepEqual(await keys(), []);
  await succeeds({}, "--refresh");
  const made = await keys();
  assert.equal(made.length, 1);
  assert.notEqual(made[0], deleted);
  assert.deepEqual([await instances(), await processes()], before);
  await isWhole();
});

test("power lost in mid-converge: up ends and names the node; the next one heals it", async () => {
  const others = (await instances()).filter(({ node }) => node !== "b").map(({ id }) => id);
  await terminate("b");
  const broken = up({}, "--refresh");
  let machine = "";
  await eventually("the new machine of b", 60_000, async () => {
    const instance = (await instances()).find(
      ({ node, id }) => node === "b" && !others.includes(id),
    );
    machine = (await machines()).find((name) => name === `etcd-lab-${instance?.id}`) ?? "";
    return machine !== "";
  });
  await onMachine(
    machine,
    "timeout",
    "60",
    "sh",
    "-c",
    "until grep -qs begins /var/lib/etcd-bootstrap/converge.log; do sleep 0.05; done",
  );
  const started = Date.now();
  await makeFault({ kind: "kill", machine: "b" });
  const { code, text } = await broken;
  assert.notEqual(code, 0, text);
  assert.match(text, /-b-bootstrap/);
  assert.ok(Date.now() - started < 150_000, `up noticed only after ${Date.now() - started} ms`);
  await succeeds({}, "--refresh");
  await isWhole();
});

test(
  "DNS that is gone while a member comes back: up names the member, and with DNS it is " +
    "well again by itself",
  async () => {
    await terminate("b");
    await makeFault({ kind: "partition", machine: "resolver" });
    const { code, text } = await up({ "etcd:healthTimeout": "15" }, "--refresh");
    assert.notEqual(code, 0, text);
    assert.match(
      text,
      /The members are not as declared: nothing has moved for \d+ s, waiting for b to answer/,
    );
    await clearFaults();
    await eventually(
      "b to find the others",
      60_000,
      async () => (await npmRun("status")).code === 0,
    );
    await succeeds();
    await isWhole();
  },
);
