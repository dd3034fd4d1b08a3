// What a pipeline may tell the entry. Does not prove that workflow files do: workflows.test.ts.
import assert from "node:assert/strict";
import test from "node:test";
import { settingsIn } from "../../pipelines/settings.ts";

test("all that is wrong is named together, with rule and value", () => {
  assert.throws(
    () =>
      settingsIn({
        ETCD_STACK: "",
        APPROVED: "yes",
        REFRESH: "maybe",
        PULL_REQUEST: "x",
        JOB_MINUTES: "long",
        EPHEMERAL_RUNNERS: "(",
      }),
    ({ message }: Error) => {
      assert.deepEqual(
        message.split("\n").map((line) => line.split(":")[0]),
        ["ETCD_STACK", "REFRESH", "APPROVED", "PULL_REQUEST", "JOB_MINUTES", "EPHEMERAL_RUNNERS"],
      );
      assert.match(message, /APPROVED: .* \(got "yes"\)/);
      return true;
    },
  );
});

test("a name of a stack cannot be an option or a path", () => {
  for (const ETCD_STACK of ["--help x", "a b", "../x/y/z", "a;b"])
    assert.throws(() => settingsIn({ ETCD_STACK }), /ETCD_STACK/, ETCD_STACK);
  for (const ETCD_STACK of ["prod", "acme/etcd/prod", "prod-1.eu"])
    assert.equal(settingsIn({ ETCD_STACK }).stack, ETCD_STACK);
});

test("GitHub is known where a token is, GitLab's names are read", () => {
  const some = { ETCD_STACK: "prod", GITHUB_API_URL: "u", GITHUB_REPOSITORY: "acme/etcd" };
  assert.equal(settingsIn(some).github, undefined);
  assert.equal(settingsIn({ ...some, GITHUB_TOKEN: "t" }).github?.token, "t");
  const lab = settingsIn({ ETCD_STACK: "prod", CI_COMMIT_SHA: "abc", PLAN_ENV: "plan.env" });
  assert.deepEqual([lab.commit, lab.outputs, lab.jobMinutes], ["abc", "plan.env", 60]);
});
