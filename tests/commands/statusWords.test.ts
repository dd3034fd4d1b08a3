// What status says, from what it saw. Does not prove that it sees: tests/lab/noHarm and
// tests/commands/anyStack do.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import test from "node:test";
import { inLines, said, script } from "../../commands/stack/machineWords.ts";
import type { Row, Status } from "../../commands/status/look.ts";
import { memberHints } from "../../commands/status/memberHints.ts";
import { bad, certificateLines, good, isWell } from "../../commands/status/words.ts";
import { run } from "../../lab/shell.ts";

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.parse("2026-01-01T00:00:00Z");

const blankRow: Row = {
  name: "a",
  endpoint: "https://10.0.0.1:2379",
  version: "3.6.14",
  healthy: true,
  leader: false,
  learner: false,
  since: "",
  dbSizeBytes: 0,
  revision: 1,
  alarms: [],
  certificateDays: null,
};
const well: Status = {
  clusterId: "c1",
  healthy: true,
  reasons: [],
  stranger: undefined,
  members: [],
  memberHints: [],
  dns: { is: "as declared", problems: [], cure: "", leaving: [], coming: [] },
  coming: [],
  machines: {},
  certificateEnds: {},
};

test("a cluster that is well: nothing on the standard error", () => {
  assert.equal(bad(well, "npm run ssh --"), "");
  assert.match(good(well, now), /Healthy: one cluster, ID c1/);
  assert.equal(isWell(well), true);
});

test("records that differ fail status beside healthy members, and are named with the cure", () => {
  const dns = {
    ...well.dns,
    is: "different",
    problems: ["a A at ns1: missing"],
    cure: "pulumi up",
  } as const;
  assert.equal(isWell({ ...well, dns }), false);
  assert.equal(
    bad({ ...well, dns }, "ssh"),
    "status: the nameservers do not say what the last up declared\n" +
      "  a A at ns1: missing\n  pulumi up\n",
  );
});

test("nameservers that cannot be asked from here are said, and fail nothing", () => {
  const dns = { ...well.dns, is: "unknown", problems: ["ns1 is silent"] } as const;
  assert.equal(isWell({ ...well, dns }), true);
  assert.match(bad({ ...well, dns }, "ssh"), /^What the nameservers say was not seen:\n {2}ns1 is/);
});

test("hosts that are named and not declared are said, and fail nothing", () => {
  const dns = { ...well.dns, leaving: ["d.etcd.test"], coming: ["e.etcd.test"] };
  assert.equal(isWell({ ...well, dns }), true);
  assert.match(
    good({ ...well, dns }, now),
    /\nd\.\S+ is not declared any more, and .*pulumi up\.\ne\.\S+ is named .* pulumi up goes on/,
  );
});

test("the machine of a member that does not answer has its say", () => {
  const sick = { ...well, healthy: false, reasons: ["a does not answer"] };
  const machines = { a: ["etcd.service is failed (enabled)", "no space left on device"] };
  assert.equal(
    bad({ ...sick, machines }, "npm run ssh --"),
    "status: not healthy\n  a does not answer\n  The machine of a says:\n" +
      "    etcd.service is failed (enabled)\n    no space left on device\n" +
      "  More of a's own words: npm run ssh -- a sudo journalctl -u etcd -n 50\n",
  );
  const row = { ...blankRow, name: "b", healthy: false };
  assert.match(
    bad({ ...sick, members: [{ ...row, name: "c", healthy: true }, row] }, "npm run ssh --"),
    /\n {2}More of b's own words: npm run ssh -- b sudo journalctl -u etcd -n 50\n$/,
    "nobody is silent",
  );
  const coming = { ...sick, members: [row], coming: ["b"] };
  assert.doesNotMatch(bad(coming, "npm run ssh --"), /More of/, "nobody has been there yet");
});

test("a list that is not the declared members: what to type for each, and for alarms", () => {
  const member = (name: string, learner = false) => ({
    id: `id-${name}`,
    name,
    peerUrls: [`https://${name}.etcd.test:2380`],
    learner,
  });
  const declared = ["a", "b", "c"].map((name) => ({
    name,
    endpoint: "",
    peerUrl: `https://${name}.etcd.test:2380`,
  }));
  const commands = {
    pulumi: (args: string) => `pulumi ${args} --stack prod`,
    etcdctl: "npm run etcdctl -- --stack prod",
  };
  const told = (members: ReturnType<typeof member>[], alarms: string[] = [], revision = 1) => ({
    ...{ name: "a", error: "", members, alarms, revision },
  });
  const all = [member("a"), member("b"), member("c")];
  const now = { declared, coming: [], leaving: [] };
  const hints = (...reports: ReturnType<typeof told>[]) => memberHints(now, reports, commands);
  assert.deepEqual(hints(told(all), told([])), []);
  assert.deepEqual(hints(told([])), [], "nobody answers");
  const phantom = { ...member("x"), name: "" };
  const [remove = "", back = "", vote = "", ...none] = hints(
    told([member("a"), member("b", true), phantom]),
  );
  assert.match(
    remove,
    /^The member that never started \(https:\/\/x\.\S+\) .*by hand: npm run etcdctl -- --stack prod member remove id-x\. If it was taken out of nodes: pulumi up --stack prod removes it\. If the state is older than that: docs\/when-things-go-wrong\.md$/,
  );
  assert.match(
    back,
    /^c is no member any more\. .*: pulumi config set etcd:rejoin c --stack prod, then pulumi up --stack prod, which sets .*: pulumi up --refresh --stack prod$/,
  );
  assert.match(vote, /^b has no vote yet: pulumi up --stack prod goes on/);
  assert.deepEqual(none, []);
  assert.deepEqual(hints(told(all, ["NOSPACE"], 7), told(all, ["NOSPACE", "CORRUPT"], 9)), [
    "The database's quota is used up, and no write is taken: npm run etcdctl -- --stack prod " +
      "compact 9, npm run etcdctl -- --stack prod defrag, then npm run etcdctl -- --stack prod " +
      "alarm disarm",
    "The alarm CORRUPT: stop writing and keep all disks; see it in docs/troubleshooting.md",
  ]);
  const leaving = declared.slice(0, 1);
  assert.deepEqual(
    memberHints({ declared: declared.slice(1), coming: ["c"], leaving }, [told(all.slice(0, 2))], {
      ...commands,
      pulumi: (args) => `pulumi ${args}`,
    }),
    [
      "a was taken out of nodes and is a member still: pulumi up goes on where a run was cut " +
        "off, and removes it",
      "c has not joined yet: pulumi up goes on where a run was cut off",
    ],
    "a run that was cut off",
  );
  const silent = ["b", "c"].map((name) => ({ ...told([]), name, error: "refused" }));
  assert.deepEqual(hints(told(all), ...silent), [
    "What can be done for b, c without you, pulumi up --refresh --stack prod does: it looks at " +
      "the machines, starts etcd or replaces what is lost, and says what is left to a person",
  ]);
  const status = { ...well, healthy: false, reasons: ["r"], memberHints: [remove] };
  assert.match(bad(status, "ssh"), /\n {2}r\n {2}The member that never started/);
});

test("certificates: days, hours below two days, and what ends within two weeks by name", () => {
  const ends = { "the operator": now + 300 * day, "the CA": now + 3000 * day, a: now + 30 * hour };
  assert.deepEqual(certificateLines({ ...ends, b: now + 200 * day, c: now - hour }, now), [
    "The operator's certificate ends in 300 days, the CA's in 3000 days.",
    "a: the certificate ends in 30 hours; pulumi up renews it",
    "c: the certificate has ended; pulumi up renews it",
  ]);
  assert.deepEqual(certificateLines({}, now), [], "without TLS");
});

// E9: what the machine of a member that does not answer says
const refused =
  "node c was a member of etcd.test since 2026, and /var/lib/etcd/data holds no member";
const lookSaid = (told: object) => `look ${JSON.stringify(told)}\n`;
const unit = "unit activating enabled\n";
const log = 'log Starting etcd\nlog {"level":"info"}\n';
const machines: [name: string, output: string, lines: string[]][] = [
  [
    "wiped data: what the preflight refused, not the last lines of the unit's log",
    `${unit}disk 31% /\ndisk 1% /var/lib/etcd\n${log}` +
      lookSaid({ unit: { restarts: 14 }, words: [refused, "  Bring the old volume back."] }),
    [
      "etcd.service is activating (enabled), started 14 times again",
      "its disk at /var/lib/etcd is 1% full",
      refused,
      "  Bring the old volume back.",
    ],
  ],
  [
    "a full disk, and a full root disk",
    `${unit}disk 95% /\ndisk 100% /var/lib/etcd\n` +
      lookSaid({ unit: { restarts: 0 }, words: ["failed to save: no space left on device"] }),
    [
      "etcd.service is activating (enabled)",
      "its disk at / is 95% full",
      "its disk at /var/lib/etcd is 100% full",
      "failed to save: no space left on device",
    ],
  ],
  [
    "etcd runs and gives no reason: the last lines of its log",
    `unit active enabled\ndisk 7% /\ndisk 7% /\n${log}${lookSaid({ words: [] })}`,
    [
      "etcd.service is active (enabled)",
      "its disk at / is 7% full",
      "Starting etcd",
      '{"level":"info"}',
    ],
  ],
  [
    "a machine whose bootstrap did not end",
    "unit inactive \n",
    ["etcd.service is inactive (no unit)"],
  ],
  ["half an answer", 'unit failed enabled\nlook {"unit":', ["etcd.service is failed (enabled)"]],
];
for (const [name, output, lines] of machines)
  test(`a machine says: ${name}`, async () => {
    assert.deepEqual(await said({ dial, run: async () => ({ problem: "", output }) }), lines);
  });

test("the script that a machine is asked with, in a shell with stand-ins", async () => {
  const bin = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-machine-"));
  const programs = {
    systemctl: 'test "$1" = is-active && echo failed || echo enabled',
    df: 'echo "Use% Mounted on"; echo "  31% /"; echo " 100% /var/lib/etcd"',
    journalctl: "echo panic",
  };
  try {
    for (const [name, text] of Object.entries(programs))
      await fs.writeFile(path.join(bin, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    const output = await run("sh", ["-c", script], { env: { PATH: `${bin}:${process.env.PATH}` } });
    assert.deepEqual(inLines(output), [
      "etcd.service is failed (enabled)",
      "its disk at /var/lib/etcd is 100% full",
      "panic",
    ]);
  } finally {
    await fs.rm(bin, { recursive: true });
  }
});

const dial = () => assert.fail("dialled");
test("a machine that opens no SSH, and one that hangs: said in time", async () => {
  const closed = { dial, run: async () => ({ problem: "connection refused", output: "" }) };
  assert.deepEqual(await said(closed), ["by SSH it cannot be asked either: connection refused"]);
  const started = Date.now();
  const hangs = { dial, run: () => new Promise<never>(() => undefined) };
  assert.deepEqual(await said(hangs), ["SSH gave no answer in 7 s"]);
  assert.ok(Date.now() - started < 9000);
});
