// The shipped workflow files run whole, under act, around a tiny program. Does not prove what act
// does not know: reviewers and secrets of environments, permissions, serial jobs, branches of an
// event, real roles; nor `npm ci`, which links the checkout's packages here.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { act, events, startAct, type Event, type More } from "./act.ts";
import { startFakeGithub, token, type FakeGithub } from "./fakeGithub.ts";
import { leaksIn } from "./leaks.ts";
import { makeRepository, secrets, type Repository } from "./repository.ts";

let github: FakeGithub;
let repository: Repository;
/** Everything that any job wrote. */
let written = "";
before(async () => {
  github = await startFakeGithub();
  repository = await makeRepository();
});
after(async () => {
  await github.close();
  await repository.remove();
});

async function runs(workflow: string, event: Event, more?: More) {
  const ended = await act(repository, github, workflow, event, more);
  written += ended.log;
  return ended;
}
const cloudFile = (name: string) => path.join(repository.cloud, name);
const contentOf = (name: string) => fs.readFile(cloudFile(name), "utf8");
const succeeded = (log: string) => [...log.matchAll(/\[(\S+\/\S+?)\s*\].*Job succeeded/g)].length;

test("inert: without a stack's name no job starts", async () => {
  for (const [workflow, event] of [
    ["preview", events.pullRequest],
    ["deploy", events.merge],
    ["drift", events.day],
    ["destroy", events.dispatch({ confirmation: "destroy prod" })],
  ] as const) {
    const { log } = await runs(workflow, event, { vars: { ETCD_STACK: "" } });
    assert.doesNotMatch(log, /Run Main/, log);
  }
  assert.deepEqual(github.calls, []);
  assert.deepEqual(await repository.calls(), []);
});

test("a proposal: one comment, changed in place; nothing is made", async () => {
  const { code, log } = await runs("preview", events.pullRequest);
  assert.equal(code, 0, log);
  await repository.write("a.txt", "two\n");
  await repository.commit("a: two");
  assert.equal((await runs("preview", events.pullRequest)).code, 0);
  assert.equal(github.comments.length, 1);
  const [comment] = github.comments;
  assert.match(comment?.body ?? "", /^\+ pulumi-nodejs:dynamic\S+ a$/m);
  assert.equal(comment?.edits, 1, "the second plan has another digest, so the comment changes");
  assert.deepEqual(await repository.calls(), []);
});

test("a proposal whose preview fails: the comment says why", async () => {
  const index = await fs.readFile(path.join(repository.folder, "index.ts"), "utf8");
  const bad = 'throw new Error("nodes: 1, 3, 5 or 7 of them (got 4)");\n';
  await repository.write("index.ts", index + bad);
  await repository.commit("a mistake");
  const { code, log } = await runs("preview", events.pullRequest);
  assert.notEqual(code, 0, log);
  assert.equal(github.comments.length, 1);
  assert.match(github.comments[0]?.body ?? "", /preview failed[^]*1, 3, 5 or 7 of them \(got 4\)/);
  await repository.write("index.ts", index);
  await repository.commit("mended");
});

test("a proposal from a fork: nothing runs, no role, no call", async () => {
  const before = github.calls.length;
  const { log } = await runs("preview", events.fork);
  assert.doesNotMatch(log, /Run Main/, log);
  assert.equal(github.calls.length, before);
});

test("a push to another branch applies nothing", async () => {
  const { log } = await runs("deploy", events.branch);
  assert.doesNotMatch(log, /Run Main/, log);
});

test("a merge: planned with the one role, applied with the other; secrets hidden", async () => {
  await fs.rm(cloudFile("roles.log"), { force: true });
  const { code, log } = await runs("deploy", events.merge);
  assert.equal(code, 0, log);
  assert.equal(await contentOf("a"), "two\n");
  assert.deepEqual((await contentOf("roles.log")).match(/role\/\w+/g), [
    "role/look",
    "role/change",
  ]);
});

test("the same commit again: nothing to apply", async () => {
  const before = await repository.calls();
  const { code, log } = await runs("deploy", events.merge);
  assert.equal(code, 0, log);
  assert.match(log, /Nothing to do/);
  assert.equal(succeeded(log), 1, "only the plan ran");
  assert.deepEqual(await repository.calls(), before);
});

test("drift: one issue, opened, left alone, updated, closed; nothing is healed", async () => {
  const look = () => runs("drift", events.day);
  assert.equal((await look()).code, 0);
  assert.equal(github.issues.length, 0);
  await fs.writeFile(cloudFile("a"), "by hand\n");
  const { code, log } = await look();
  assert.notEqual(code, 0, log);
  assert.equal(github.issues.length, 1);
  const edits = () => github.issues[0]?.edits;
  await look();
  assert.equal(edits(), 0, "the same difference the day after is no news");
  await fs.rm(cloudFile("b"));
  await look();
  assert.equal(edits(), 1);
  assert.match(github.issues[0]?.body ?? "", /^\+ \S+ b$/m);
  assert.equal(await contentOf("a"), "by hand\n");
  const deploy = await runs("deploy", events.dispatch({ refresh: "true" }));
  assert.equal(deploy.code, 0, deploy.log);
  assert.equal(await contentOf("a"), "two\n");
  assert.equal((await look()).code, 0);
  assert.deepEqual([github.issues.length, github.issues[0]?.state], [1, "closed"]);
});

test("a look that fails is no drift: the issue says that nobody knows", async () => {
  const { code } = await runs("drift", events.day, {
    vars: { PULUMI_BACKEND_URL: "file:///nowhere/at/all" },
  });
  assert.notEqual(code, 0);
  assert.match(github.issues.at(-1)?.body ?? "", /could not be looked at/);
  assert.equal((await runs("drift", events.day)).code, 0);
  assert.equal(github.issues.at(-1)?.state, "closed");
});

test("the world changes between plan and approval: refused, nothing applied", async () => {
  await repository.write("a.txt", "three\n");
  await repository.commit("a: three");
  await fs.writeFile(cloudFile("hold-change"), ""); // as an approval that is awaited
  const running = await startAct(repository, github, "deploy", events.merge);
  while (!/deploy\/plan.*Job succeeded/.test(running.log())) {
    assert.equal(running.process.exitCode, null, running.log());
    await new Promise((done) => setTimeout(done, 20));
  }
  // somebody's own `up` of another content, as far as the state knows
  const state = JSON.parse(await repository.pulumi("stack", "export")) as {
    deployment: { resources: { urn: string; inputs?: { content?: string } }[] };
  };
  const a = state.deployment.resources.find(({ urn }) => urn.endsWith("::a"));
  assert.ok(a?.inputs);
  a.inputs.content = "other\n";
  const file = path.join(repository.env.HOME ?? "", "state.json");
  await fs.writeFile(file, JSON.stringify(state));
  await repository.pulumi("stack", "import", "--file", file);
  await fs.rm(cloudFile("hold-change"));
  const { code, log } = await running.ended;
  written += log;
  assert.notEqual(code, 0, log);
  assert.match(log, /refused. This is not the plan that was approved/);
  assert.equal(await contentOf("a"), "two\n");
  const again = await runs("deploy", events.merge);
  assert.equal(again.code, 0, again.log);
  assert.equal(await contentOf("a"), "three\n");
});

test("destroy wants the typed word", async () => {
  const wrong = await runs("destroy", events.dispatch({ confirmation: "yes" }));
  assert.notEqual(wrong.code, 0);
  assert.match(wrong.log, /refused, nothing was removed/);
  assert.equal(await contentOf("a"), "three\n");
  const right = await runs("destroy", events.dispatch({ confirmation: "destroy prod" }));
  assert.equal(right.code, 0, right.log);
  await assert.rejects(contentOf("a"));
});

test("no secret was written, in no form, neither in logs nor to GitHub", () => {
  const all = [written, ...[...github.comments, ...github.issues].map(({ body }) => body)].join(
    "\n",
  );
  assert.ok(written.length > 20_000, `${written.length}`);
  assert.deepEqual(leaksIn(all, { ...secrets, token }), []);
});
