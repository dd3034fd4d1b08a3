// The shipped pipelines with the real program: a bare clone as the forge, a fake of GitHub's API,
// the lab as the world, the state in S3 with its secrets under KMS. Does not prove what act and
// gitlab-ci-local do not know (reviewers, permissions, turns, secrets of environments), nor what
// the roles may do there, nor that GitHub cancels as runnerCancel.ts does.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import {
  act,
  events,
  startAct,
  type Event,
  type Running,
  type RunsHere,
} from "../pipelines/act.ts";
import { gitlabCiLocal, merge, proposal } from "../pipelines/gitlabCiLocal.ts";
import { startFakeGithub, token, type FakeGithub } from "../pipelines/fakeGithub.ts";
import { leaksIn } from "../pipelines/leaks.ts";
import { cancel, killAll, startStep, treeOf } from "../pipelines/runnerCancel.ts";
import { allRecords, cloudflare, mustRun, npmRun } from "./harness.ts";
import { asking, instances, inventory, terminate } from "./inventory.ts";
import { secretsOfStack } from "./pipelineSecrets.ts";
import { objectIn, versionsIn } from "./pipelineState.ts";
import { makeWorld, type PipelineWorld } from "./pipelineWorld.ts";

let github: FakeGithub;
let world: PipelineWorld;
/** Everything that any job wrote. */
let written = "";
let clusterId = "";
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  await mustRun("pulumi", "stack", "ls"); // installs the plugins
  github = await startFakeGithub();
  world = await makeWorld();
});
after(async () => {
  await github.close();
  await npmRun("lab", "stop");
  await world.remove();
});

async function runs(workflow: string, event: Event, more = {}, where: RunsHere = world) {
  const ended = await act(where, github, workflow, event, more);
  written += ended.log;
  return ended;
}

/** Kills a run, all of it, once its log says so. */
async function killAt(running: Running, seen: () => Promise<boolean>): Promise<void> {
  while (!(await seen())) {
    assert.equal(running.process.exitCode, null, running.log());
    await new Promise((done) => setTimeout(done, 20));
  }
  await killAll(await treeOf(running.process.pid ?? 0));
  written += running.log();
}

async function status() {
  const { text } = await world.program(
    "node",
    "commands/status.ts",
    "--json",
    ...["--stack", "prod"],
  );
  return JSON.parse(text.slice(text.indexOf("{"), text.lastIndexOf("}") + 1)) as {
    clusterId: string;
    healthy: boolean;
    members: { name: string; healthy: boolean }[];
  };
}

async function assertHealthy(): Promise<void> {
  const now = await status();
  assert.ok(now.healthy, JSON.stringify(now));
  assert.equal(now.members.length, 3);
  clusterId ||= now.clusterId;
  assert.equal(now.clusterId, clusterId, "another cluster than before");
  assert.equal((await instances()).length, 3);
}

test("a proposal: the comment lists three machines, and nothing is made", async () => {
  const state = await versionsIn(world.page);
  assert.ok(state.length > 0);
  const { code, log } = await runs("preview", events.pullRequest);
  assert.equal(code, 0, log);
  const body = github.comments[0]?.body ?? "";
  for (const member of ["a", "b", "c"])
    assert.match(body, new RegExp(`^\\+ aws:ec2/instance:Instance etcd-${member}-instance$`, "m"));
  assert.deepEqual(await inventory(), []);
  // Another preview of the same commit and empty stack is the same plan.
  await runs("preview", events.pullRequest);
  assert.deepEqual([github.comments.length, github.comments[0]?.edits], [1, 0]);
  assert.deepEqual(await versionsIn(world.page), state, "a look wrote to the bucket");
});

test("a proposal that breaks a rule: the comment names it", async () => {
  const file = "components/etcdNode.ts";
  await world.edit(file, 'httpTokens: "required"', 'httpTokens: "optional"');
  const { code, log } = await runs("preview", events.pullRequest);
  await world.edit(file, 'httpTokens: "optional"', 'httpTokens: "required"');
  assert.notEqual(code, 0, log);
  assert.match(github.comments[0]?.body ?? "", /imds-v2[^]*set it to "required"/);
});

test("a fork's proposal: no job, no call", async () => {
  const before = github.calls.length;
  const { log } = await runs("preview", events.fork);
  assert.doesNotMatch(log, /Run Main/, log);
  assert.equal(github.calls.length, before);
});

test("a runner dies while machines are made, then in a bootstrap: the next heals", async () => {
  const first = await startAct(world, github, "deploy", events.merge);
  await killAt(first, async () => (await instances()).length > 0);
  const second = await startAct(world, github, "deploy", events.merge);
  await killAt(second, async () => /etcd-a-bootstrap creating/.test(second.log()));
  const { code, log } = await runs("deploy", events.merge);
  assert.equal(code, 0, log);
  assert.match(log, /prod: removing the lock of a run that was killed/);
  await assertHealthy();
});

test("the same commit again: nothing is applied, nothing written", async () => {
  const before = await inventory();
  const { code, log } = await runs("deploy", events.merge);
  assert.equal(code, 0, log);
  assert.match(log, /Nothing to do/);
  assert.doesNotMatch(log, /\[deploy\/apply\s*\].*Run Main/);
  assert.deepEqual(await inventory(), before);
});

test("a record and a rule removed by hand: the issue names both, a deploy mends them", async () => {
  const before = await inventory();
  const record = (await allRecords()).find(({ name, type }) => /^b\./.test(name) && type === "A");
  assert.ok(record);
  await cloudflare("DELETE", `/dns_records/${record.id}`);
  await asking(async (ec2) => {
    const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({});
    const rule = SecurityGroupRules.find((one) => !one.IsEgress && one.FromPort === 22);
    assert.ok(rule?.GroupId && rule.SecurityGroupRuleId);
    await ec2.revokeSecurityGroupIngress({
      GroupId: rule.GroupId,
      SecurityGroupRuleIds: [rule.SecurityGroupRuleId],
    });
  });
  const look = await runs("drift", events.day);
  assert.notEqual(look.code, 0, look.log);
  const body = github.issues[0]?.body ?? "";
  assert.match(body, /^\+ cloudflare\S+ etcd-b-address$/m);
  assert.match(body, /^\+ aws\S+ etcd-ssh-/m);
  const deploy = await runs("deploy", events.dispatch({ refresh: "true" }));
  assert.equal(deploy.code, 0, deploy.log);
  const again = await runs("drift", events.day);
  assert.equal(again.code, 0, again.log);
  assert.deepEqual([github.issues.length, github.issues[0]?.state], [1, "closed"]);
  assert.deepEqual(await inventory(), before);
});

test("with ETCD_HEAL a machine that is lost comes back by itself, and is told so", async () => {
  await terminate("a");
  const { log } = await runs("drift", events.day, { vars: { ETCD_HEAL: "true" } });
  assert.match(log, /prod: replacing what is lost/, log);
  await assertHealthy();
  assert.equal(github.issues.at(-1)?.state, "closed");
});

test("GitLab's file: a proposal is shown, a merge applied as planned, then nothing", async () => {
  await world.edit("Pulumi.prod.yaml", "etcd:clientsFrom: [", "etcd:clientsFrom: [10.96.0.0/16, ");
  await world.push("let another network in, on GitLab");
  const before = await inventory();
  // A job has no credentials but those of the role that it asks for.
  const { AWS_ACCESS_KEY_ID: _, AWS_SECRET_ACCESS_KEY: __, ...env } = world.env;
  const of = (role: string) => `arn:aws:iam::123456789012:role/${role}`;
  const gitlab = async (event: Record<string, string>, ...args: string[]) => {
    const variables = {
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${addresses.ec2Port}`,
      PREVIEW_ROLE: of("look"),
      APPLY_ROLE: of("change"),
      ...event,
    };
    const { code, log } = await gitlabCiLocal({ ...world, env }, variables, ...args);
    written += log;
    assert.equal(code, 0, log);
    return log;
  };
  assert.match(await gitlab(proposal), /\+ aws:vpc\S+ etcd-\S*10\.96\.0\.0/);
  assert.deepEqual(await inventory(), before);
  await gitlab(merge, "--manual", "apply");
  const after = [...before, "rule in 2379 10.96.0.0/16"].sort();
  assert.deepEqual(await inventory(), after);
  assert.match(await gitlab(merge, "--manual", "apply"), /prod: nothing to do/);
  assert.deepEqual(await inventory(), after);
});

test("cancelled as the runner does it: no process is left, and the next run applies", async () => {
  await world.edit("Pulumi.prod.yaml", "etcd:clientsFrom: [", "etcd:clientsFrom: [10.99.0.0/16, ");
  await world.push("let another network in");
  const outputs = path.join(world.env.HOME ?? "", "outputs");
  const step = (script: string, env: Record<string, string>) =>
    startStep(script, world.folder, { ...world.stepEnv, ...env });
  const plan = await step("exec node pipelines/main.ts preview", { GITHUB_OUTPUT: outputs });
  assert.equal((await plan.ended).code, 0, plan.log());
  const [, APPROVED = ""] = /^digest=(\w+)$/m.exec(await fs.readFile(outputs, "utf8")) ?? [];
  const apply = await step("exec node pipelines/main.ts apply", { APPROVED });
  while (!/Updating/.test(apply.log())) await new Promise((done) => setTimeout(done, 20));
  assert.deepEqual(await cancel(apply), [], "processes run on");
  const { code, signal } = await apply.ended;
  assert.ok(code === 130 || signal === "SIGKILL", `${code} ${signal}\n${apply.log()}`);
  written += plan.log() + apply.log();
  const { code: next, log } = await runs("deploy", events.merge);
  assert.equal(next, 0, log);
  await assertHealthy();
});

test("two merges at once: one after the other or one refused; one cluster", async () => {
  const other = await world.another();
  await other.push("Pulumi.prod.yaml", "10.99.0.0/16", "10.98.0.0/16");
  await world.edit("Pulumi.prod.yaml", "10.99.0.0/16", "10.97.0.0/16");
  const both = await Promise.all([
    runs("deploy", events.merge),
    runs("deploy", events.merge, {}, other),
  ]);
  assert.ok(
    both.some(({ code }) => code === 0),
    both.map(({ log }) => log).join("\n"),
  );
  for (const { code, log } of both)
    if (code !== 0) assert.match(log, /locked by somebody|refused. This is not the plan/);
  await assertHealthy();
});

test("destroy: the wrong word, then the right one; nothing is left", async () => {
  const before = await inventory();
  const secrets = await secretsOfStack(world);
  const state = await objectIn(world.page, ".pulumi/stacks/etcd/prod.json"); // throws without it
  const wrong = await runs("destroy", events.dispatch({ confirmation: "yes" }));
  assert.notEqual(wrong.code, 0);
  assert.deepEqual(await inventory(), before);
  const right = await runs("destroy", events.dispatch({ confirmation: "destroy prod" }));
  assert.equal(right.code, 0, right.log);
  assert.deepEqual(await inventory(), []);

  assert.ok(Object.keys(secrets).length > 8, Object.keys(secrets).join(", "));
  const told = [...github.comments, ...github.issues].map(({ body }) => body);
  assert.deepEqual(leaksIn([written, state, ...told].join("\n"), { ...secrets, token }), []);
});
