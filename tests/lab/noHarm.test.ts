// One cluster under a writer, and everything that used to harm it: a domain of somebody else, each
// of our resources replaced, a second stack, guards left out of a run, things with our tags that
// others made. Nothing that lives may change, and each refusal says what to type. Does not prove it
// for the official plugins, nor that a state which forgot its machines is mended: oldState.test.ts.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { labStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs } from "../../commands/stack/stackOutputs.ts";
import { otherZone } from "../../lab/addresses.ts";
import { projectDir } from "../../lab/paths.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { dataVolumes, makeAlike } from "./alike.ts";
import { renamedProgram, runProgram } from "./earlierProgram.ts";
import {
  allRecords,
  cloudflare,
  eventually,
  mustRun,
  npmRun,
  pulumiWith,
  type Outcome,
} from "./harness.ts";
import { asking, instances, inventory } from "./inventory.ts";
import { onMachine } from "./machines.ts";
import { typeCommands } from "./namedCommands.ts";
import { startWriter, type Writer } from "./writer.ts";

const quickly = ["--yes", "--skip-preview", "--non-interactive"];
const nodes = { a: { zone: "us-east-1a" }, b: { zone: "us-east-1b" }, c: { zone: "us-east-1c" } };

let writer: Writer | undefined;
let untouched: World;

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  await mustRun("pulumi", "stack", "ls"); // makes the stack and installs the plugins
});
after(async () => {
  // A cluster that was harmed cannot be read: the lab goes all the same.
  await writer?.stop().catch(() => undefined);
  await npmRun("lab", "stop");
});

/** What may not change: the machines, each start of etcd, and the records by id. */
interface World {
  readonly machines: readonly string[];
  readonly starts: readonly string[];
  readonly records: readonly string[];
}

async function world(): Promise<World> {
  const found = await instances();
  const start = ({ id }: { id: string }) =>
    onMachine(`etcd-lab-${id}`, "systemctl", "show", "etcd", "--property=InvocationID,MainPID");
  return {
    machines: found.map(({ node, id }) => `${node} ${id}`),
    starts: await Promise.all(found.map(start)),
    records: (await allRecords()).map((r) => `${r.id} ${r.name} ${r.type} ${r.content}`).sort(),
  };
}

/** The run was refused in these words, and nothing that lives has changed. */
async function refusedUntouched({ code, text }: Outcome, ...words: RegExp[]): Promise<void> {
  assert.notEqual(code, 0, text);
  for (const word of words) assert.match(text, word);
  assert.deepEqual(await world(), untouched);
}

const up = (...args: string[]) => npmRun("pulumi", "up", ...quickly, ...args);

const elsewhere = { "etcd:zoneId": otherZone.id };

test("a domain or a zone that does not fit is refused first, and can be corrected", async () => {
  for (const [config, words] of [
    [
      { "etcd:domain": "etcd.example.org" },
      /etcd\.example\.org does not lie in the zone etcd\.test/,
    ],
    [elsewhere, /etcd\.test does not lie in the zone example\.test \(zoneId 0e7cd1ab\w+bad\)/],
  ] as const) {
    const { code, text } = await pulumiWith(config, "up", ...quickly);
    assert.notEqual(code, 0, text);
    assert.match(text, words);
    assert.deepEqual([...(await inventory()), ...(await allRecords(otherZone))], []);
  }
  const corrected = await mustRun("up");
  assert.match(corrected, /Healthy: one cluster/);
  untouched = await world();
  writer = startWriter(await stackOutputs(await labStack(await ensureCli(() => undefined))));
});

for (const record of ["incarnation", "founders", "founding-volumes", "ca", "host-key-seed"])
  test(`${record}, replaced: it is written once, and that is said`, async () => {
    await refusedUntouched(
      await up("--replace", `**etcd-${record}`),
      new RegExp(`etcd-${record}: it is written once`),
      /run it without, under the old name/,
    );
  });

test("all other resources of ours, replaced at once: nothing that lives changes", async () => {
  const kinds = [
    "leftovers",
    "a-leftovers",
    "a-host-key",
    "a-first-contact",
    "a-certificate",
    "operator-certificate",
    "dns-readiness",
    "clients-dns",
    "membership",
    "health",
  ];
  const { code, text } = await up(...kinds.flatMap((kind) => ["--replace", `**etcd-${kind}`]));
  assert.equal(code, 0, text);
  assert.deepEqual(await world(), untouched);
  await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
});

test("a copy of the program with other names for them: nothing that lives changes", async () => {
  const kinds = ["leftovers", "host-key", "first-contact", "certificate", "shutdown", "health"];
  const copy = await renamedProgram([
    ...kinds,
    "dns-readiness",
    "clients-dns",
    "machines",
    "membership",
  ]);
  for (const folder of [copy, projectDir]) {
    const { code, text, steps } = await runProgram(folder, "up", "--yes", "--skip-preview");
    assert.equal(code, 0, text);
    assert.ok(steps.filter(({ op }) => op === "delete").length > 15, "little was renamed");
    assert.deepEqual(await world(), untouched);
  }
  await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
});

test("a second stack with the same domain is refused before it makes anything", async () => {
  await mustRun("pulumi", "stack", "init", "second", "--no-select", "--non-interactive");
  const second = ["--stack", "second"];
  try {
    await refusedUntouched(
      await pulumiWith({}, "up", ...quickly, ...second),
      /_etcd-on-ec2\.etcd\.test/,
      /etcd\/dev/,
    );
    const gone = await pulumiWith({}, "destroy", ...quickly, ...second);
    assert.equal(gone.code, 0, gone.text);
    assert.deepEqual(await world(), untouched);
  } finally {
    await mustRun("pulumi", "stack", "rm", "second", "--yes", "--force", "--non-interactive");
  }
});

const other = { "etcd:etcdVersion": "3.7.1" };
const grown = { "etcd:nodes": { ...nodes, d: nodes.a, e: nodes.b } };
for (const [name, config, args, words] of [
  [
    "--target of a bootstrap with another version",
    other,
    ["--target", "**etcd-a-bootstrap"],
    /got 3\.7\.1/,
  ],
  [
    "--exclude of the charter with another version",
    other,
    ["--exclude", "**founders"],
    /got 3\.7\.1/,
  ],
  [
    "--target of new nodes",
    grown,
    ["--target", "**etcd-d**", "--target", "**etcd-e**"],
    /got a, b, c, d, e/,
  ],
] as const)
  test(`${name} is refused: the guards cannot be left out`, async () => {
    await refusedUntouched(await pulumiWith(config, "up", ...quickly, ...args), words);
  });

test("the zone of a founded cluster is not corrected any more", async () => {
  const words = /zoneId: .*\(founded in 0e7cd1ab\w+ab; got 0e7cd1ab\w+bad\); set it back/;
  for (const command of [["preview"], ["up", ...quickly]])
    await refusedUntouched(await pulumiWith(elsewhere, ...command), words);
  assert.deepEqual(await allRecords(otherZone), []);
  assert.equal((await up()).code, 0);
  assert.deepEqual(await world(), untouched);
  await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
});

test("status tells of records that were removed and put there, and what mends it", async () => {
  const client = "_etcd-client-ssl._tcp.etcd.test";
  const [own] = (await allRecords()).filter(({ name }) => name === client);
  await cloudflare("DELETE", `/dns_records/${own?.id}`);
  const data = { priority: 0, weight: 0, port: 2379, target: "old1.etcd.test" };
  const record = { type: "SRV", name: client, ttl: 60, data };
  const { id } = await cloudflare<{ id: string }>("POST", "/dns_records", record);
  const told = async (...words: RegExp[]) => {
    const { code, text } = await npmRun("status");
    return code === 1 && words.every((word) => word.test(text));
  };
  await eventually("status to name both", 30_000, () =>
    told(/Healthy: one cluster/, /old1\.etcd\.test/, /remove them at Cloudflare; then/),
  );
  await cloudflare("DELETE", `/dns_records/${id}`);
  await eventually("status to name the one that is missing", 30_000, () =>
    told(/_etcd-client-ssl\._tcp/, /made again by: npm run pulumi -- up --refresh/),
  );
  await mustRun("pulumi", "up", "--refresh", ...quickly);
  assert.match(await mustRun("status"), /Healthy: one cluster/);
  untouched = await world();
});

test("in all this no acknowledged write was lost", async () => {
  const score = await writer!.stop();
  writer = undefined;
  console.log(
    `${score.acknowledged} writes acknowledged, ${score.unknown} unknown, ` +
      `longest gap ${score.gapMs} ms`,
  );
  assert.deepEqual(score.lost, []);
  assert.ok(score.acknowledged > 500, `only ${score.acknowledged} writes: that proves little`);
  assert.match(await mustRun("status"), /Healthy: one cluster/);
  // The components themselves, which are nothing in the clouds, were written down by refused runs.
  assert.equal((await up()).code, 0);
  assert.deepEqual(await world(), untouched);
  await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
});

test("a destroy names a restored disk, a machine launched alike and kept disks", async () => {
  const member = (await instances()).find(({ node }) => node === "a")!;
  const alike = await makeAlike(member.id);
  const { code, text } = await pulumiWith({ "etcd:keepData": "volumes" }, "up", ...quickly);
  assert.equal(code, 0, text);

  const blocked = await npmRun("pulumi", "destroy", ...quickly);
  assert.notEqual(blocked.code, 0, blocked.text);
  const named = `the instance ${alike.instance} \\(a\\.etcd\\.test\\): it may hold a `;
  assert.match(blocked.text, new RegExp(named));
  const alive = (await instances()).map(({ id }) => id);
  assert.ok(alive.includes(alike.instance), "it was ended");
  assert.deepEqual(await typeCommands(blocked.text), [alike.instance]);

  const gone = await npmRun("pulumi", "destroy", ...quickly);
  assert.equal(gone.code, 0, gone.text);
  const left = await dataVolumes();
  assert.equal(left.length, 4);
  assert.ok(left.includes(alike.volume), "the restored disk is gone");
  const [kept = ""] = /^.*kept, as keepData says: .*$/m.exec(gone.text) ?? [];
  const { text: swept } = await npmRun("sweep");
  for (const id of left)
    for (const said of [kept, swept]) assert.match(said, new RegExp(`the volume ${id} `));
  await asking(async (ec2) => {
    for (const VolumeId of left) await ec2.deleteVolume({ VolumeId });
  });
  assert.deepEqual(await inventory(), []);
});
