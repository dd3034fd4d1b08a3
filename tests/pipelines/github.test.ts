// The comment and the issue, against a fake of GitHub's API. Does not prove that GitHub answers so.
import assert from "node:assert/strict";
import test, { after, before, beforeEach } from "node:test";
import { keepComment, keepIssue } from "../../pipelines/github.ts";
import type { GitHubAccess } from "../../pipelines/settings.ts";
import { startFakeGithub, token, type FakeGithub } from "./fakeGithub.ts";

let github: FakeGithub;
let access: GitHubAccess;
before(async () => {
  github = await startFakeGithub();
  access = { api: github.api, repository: "acme/etcd", token };
});
after(async () => {
  await github.close();
});
beforeEach(() => {
  github.comments.length = 0;
  github.issues.length = 0;
  github.broken = undefined;
});

test("one comment, changed in place, also beyond the first page", async () => {
  for (let i = 1000; i < 1250; i++)
    github.comments.push({
      id: i,
      number: i,
      pull: 7,
      body: "x",
      user: { type: "User" },
      edits: 0,
    });
  await keepComment(access, 7, "<!-- mark -->", "first");
  await keepComment(access, 7, "<!-- mark -->", "second");
  await keepComment(access, 8, "<!-- mark -->", "of another");
  assert.deepEqual(
    github.comments.slice(250).map(({ pull, body, edits }) => [pull, body, edits]),
    [
      [7, "<!-- mark -->\nsecond", 1],
      [8, "<!-- mark -->\nof another", 0],
    ],
  );
});

test("somebody else's comment with the mark is not touched", async () => {
  github.comments.push({
    id: 1,
    number: 1,
    pull: 7,
    body: "<!-- mark -->\nmine",
    user: { type: "User" },
    edits: 0,
  });
  await keepComment(access, 7, "<!-- mark -->", "ours");
  assert.equal(github.comments[0]?.body, "<!-- mark -->\nmine");
  assert.equal(github.comments.length, 2);
});

test("one issue: opened, left alone, updated, closed, and another one next time", async () => {
  const keep = (text: string | undefined) => keepIssue(access, "<!-- drift -->", "Drift", text);
  assert.equal(await keep(undefined), "left as it is");
  assert.equal(await keep("one"), "opened");
  assert.equal(await keep("one"), "left as it is");
  assert.equal(await keep("two"), "updated");
  assert.equal(await keep(undefined), "closed");
  assert.equal(await keep("three"), "opened");
  assert.deepEqual(
    github.issues.map(({ state, body }) => [state, body]),
    [
      ["closed", "<!-- drift -->\ntwo"],
      ["open", "<!-- drift -->\nthree"],
    ],
  );
});

for (const [status, next] of [
  [401, /github\.token/],
  [403, /pull-requests: write/],
  [404, /pull-requests: write/],
  [500, /run the job again/],
] as const)
  test(`${status} is told with what to do`, async () => {
    github.broken = { call: "POST", status };
    await assert.rejects(keepComment(access, 9, "<!-- m -->", "x"), ({ message }: Error) => {
      assert.match(message, new RegExp(`^GitHub answered ${status} to POST /issues/9/comments: `));
      assert.match(message, next);
      assert.ok(!message.includes(token));
      return true;
    });
  });

test("an API that is not there is said", async () => {
  const nowhere = { ...access, api: "http://127.0.0.1:1" };
  await assert.rejects(keepComment(nowhere, 9, "<!-- m -->", "x"), /did not answer GET/);
});
