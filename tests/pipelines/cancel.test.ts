// A job that is cancelled, and a runner that dies, in the middle of `up`; the lock of somebody who
// lives. The step is the shipped workflow's own. Does not prove it for steps that take longer than
// a runner waits (they are killed), nor what GitLab's runner sends.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test, { after, before, beforeEach } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { makeRepository, secrets, type Repository } from "./repository.ts";
import { cancel, killAll, startStep, treeOf, type Step } from "./runnerCancel.ts";

let repository: Repository;
let n = 0;
before(async () => {
  repository = await makeRepository();
});
after(async () => {
  await repository.remove();
});
beforeEach(async () => {
  await repository.write("a.txt", `content ${++n}\n`);
  await fs.rm(path.join(repository.cloud, "go"), { force: true });
});

/** The last step of a job of the shipped workflow. */
async function scriptOf(workflow: string, job: string): Promise<string> {
  const file = path.join(repository.folder, `.github/workflows/${workflow}.yml`);
  const { jobs } = parse(await fs.readFile(file, "utf8")) as {
    jobs: Record<string, { steps: { run?: string }[] }>;
  };
  return jobs[job]?.steps.at(-1)?.run ?? "";
}

async function start(script: string, env: Record<string, string> = {}): Promise<Step> {
  return startStep(script, repository.folder, {
    ...repository.env,
    ETCD_STACK: "prod",
    PULUMI_BACKEND_URL: repository.backend,
    PULUMI_CONFIG_PASSPHRASE: secrets.passphrase,
    ...env,
  });
}

/** Lets what is being made come to its end. */
async function go(): Promise<void> {
  await fs.writeFile(path.join(repository.cloud, "go"), "");
}

/** The digest as a job before would have handed it on. */
async function approved(): Promise<string> {
  const outputs = path.join(repository.env.HOME ?? "", `outputs-${++n}`);
  const step = await start(await scriptOf("deploy", "plan"), { GITHUB_OUTPUT: outputs });
  assert.equal((await step.ended).code, 0, step.log());
  return /^digest=(\w+)$/m.exec(await fs.readFile(outputs, "utf8"))?.[1] ?? "";
}

/** An apply in the middle of making the thing a, which waits for `go`. */
async function startApply(): Promise<Step> {
  const env = { APPROVED: await approved(), HOLD: "1" };
  const calls = (await repository.calls()).length;
  const step = await start(await scriptOf("deploy", "apply"), env);
  const over = step.ended.then(() => true as const);
  while ((await repository.calls()).length === calls)
    if (await Promise.race([over, sleep(50, false as const)])) assert.fail(step.log());
  return step;
}

test("cancelled: the step ends, what was begun is written down, nothing runs on", async () => {
  const step = await startApply();
  const cancelling = cancel(step);
  await sleep(1000); // well within what a runner waits
  await go();
  const left = await cancelling;
  assert.deepEqual(left, [], "processes of the step run on");
  assert.deepEqual(await step.ended, { code: 130, signal: null }, step.log());
  assert.match(step.log(), /cancelled: pulumi ends its current steps/);
  assert.deepEqual(await repository.locks(), []);
  const calls = await repository.calls();
  assert.deepEqual(calls, ["begin create a", "create a"]);
  assert.match(await repository.pulumi("stack", "export"), /::a"/);
});

test("a runner that dies leaves its lock; the next run removes it and applies", async () => {
  const step = await startApply();
  await killAll(await treeOf(step.pid));
  assert.equal((await repository.locks()).length, 1);
  await repository.write("a.txt", "after the kill\n");
  const next = await start(await scriptOf("deploy", "apply"), { APPROVED: await approved() });
  const { code } = await next.ended;
  assert.equal(code, 0, next.log());
  assert.match(next.log(), /prod: removing the lock of a run that was killed \(created by /);
  assert.equal(await fs.readFile(path.join(repository.cloud, "a"), "utf8"), "after the kill\n");
  assert.deepEqual(await repository.locks(), []);
});

test("two at once: the lock of one that lives stays, and the other applies nothing", async () => {
  const step = await startApply();
  const other = await start(await scriptOf("deploy", "apply"), { APPROVED: await approved() });
  assert.equal((await other.ended).code, 5, other.log());
  assert.match(other.log(), /locked by somebody \(created by .*so the lock stays/);
  await go();
  assert.equal((await step.ended).code, 0, step.log());
  const { length } = (await repository.calls()).filter((line) => line.startsWith("begin update a"));
  assert.equal(length, 3, "one of each test, and none of the one that was locked out");
});
