// GitLab's file, run whole around a tiny program by gitlab-ci-local; who gets which jobs. Does not
// prove what that ignores: protected variables and environments, resource groups, ID tokens, tags;
// nor that GitLab keeps variables from forks.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as http from "node:http";
import type { AddressInfo } from "node:net";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { gitlabCiLocal, merge, proposal } from "./gitlabCiLocal.ts";
import { leaksIn } from "./leaks.ts";
import { makeRepository, secrets, type Repository } from "./repository.ts";

let repository: Repository;
let sts: http.Server;
/** What was asked of AWS' token service. */
const asked: string[] = [];
const given = { id: "ASIATEST0815", secret: "sts+secret/4711", session: "session+token/0815==" };
before(async () => {
  repository = await makeRepository();
  sts = http.createServer((request, response) => {
    let raw = "";
    request.on("data", (chunk: Buffer) => (raw += chunk.toString()));
    request.on("end", () => {
      asked.push(new URLSearchParams(raw).get("RoleArn") ?? "");
      response.end(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>" +
          `<AccessKeyId>${given.id}</AccessKeyId>` +
          `<SecretAccessKey>${given.secret}</SecretAccessKey>` +
          `<SessionToken>${given.session}</SessionToken></Credentials>` +
          "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
      );
    });
  });
  await new Promise<void>((resolve) => sts.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  sts.closeAllConnections();
  await new Promise((resolve) => sts.close(resolve));
  await repository.remove();
});

const gitlab = (variables: Record<string, string>, ...args: string[]) =>
  gitlabCiLocal(
    repository,
    {
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
      ...variables,
    },
    ...args,
  );

const rows: readonly [what: string, Record<string, string>, jobs: readonly string[]][] = [
  ["a proposal", proposal, ["preview"]],
  ["a fork's", { ...proposal, CI_MERGE_REQUEST_SOURCE_PROJECT_PATH: "mallory/etcd" }, []],
  ["a merge", merge, ["preview", "apply"]],
  ["a schedule", { CI_PIPELINE_SOURCE: "schedule" }, []],
  ["a merge without a stack's name", { ...merge, ETCD_STACK: "" }, []],
];
for (const [what, variables, jobs] of rows)
  test(`${what} gets ${jobs.join(" and ") || "no job"}`, async () => {
    const { log } = await gitlab(variables, "--list-csv");
    const listed = [...log.matchAll(/^(preview|apply);/gm)].map(([, name]) => name);
    assert.deepEqual(listed, jobs, log);
  });

let written = "";

test("a proposal is shown, by the role that may look; a merge waits", async () => {
  const shown = await gitlab(proposal);
  assert.equal(shown.code, 0, shown.log);
  assert.match(shown.log, /\+ pulumi-nodejs:dynamic\S+ a/);
  assert.deepEqual(asked, ["arn:aws:iam::111122223333:role/look"]);
  const waits = await gitlab(merge);
  assert.equal(waits.code, 0, waits.log);
  assert.deepEqual(await repository.calls(), []);
  written += shown.log + waits.log;
});

test("who runs the job applies exactly that plan, by the role that may change", async () => {
  const { code, log } = await gitlab(merge, "--manual", "apply");
  assert.equal(code, 0, log);
  assert.equal(asked.at(-1), "arn:aws:iam::111122223333:role/change");
  assert.equal(await fs.readFile(path.join(repository.cloud, "a"), "utf8"), "one\n");
  written += log;
});

test("the page's own jobs: drift fails, a refresh mends it, destroy wants the word", async () => {
  const page = await fs.readFile(path.join(projectDir, "docs/pipelines.md"), "utf8");
  const [, own = ""] = /```yaml\n(drift:[^]*?)```/.exec(page) ?? [];
  assert.match(own, /destroy:/);
  const file = path.join(repository.folder, ".gitlab-ci.yml");
  await fs.appendFile(file, `\n${own}`);
  const day = { CI_PIPELINE_SOURCE: "schedule" };
  const clean = await gitlab(day);
  assert.equal(clean.code, 0, clean.log);
  await fs.writeFile(path.join(repository.cloud, "a"), "by hand\n");
  const differs = await gitlab(day);
  assert.notEqual(differs.code, 0, differs.log);
  assert.match(differs.log, /is not as its program .* says/);
  const web = { CI_PIPELINE_SOURCE: "web" };
  const refreshed = await gitlab({ ...web, REFRESH: "true" }, "--manual", "apply");
  assert.equal(refreshed.code, 0, refreshed.log);
  assert.equal(await fs.readFile(path.join(repository.cloud, "a"), "utf8"), "one\n");
  const wrong = await gitlab({ ...web, CONFIRMATION: "yes" }, "destroy");
  assert.match(wrong.log, /refused, nothing was removed/);
  const right = await gitlab({ ...web, CONFIRMATION: "destroy prod" }, "destroy");
  assert.equal(right.code, 0, right.log);
  await assert.rejects(fs.readFile(path.join(repository.cloud, "a")));
  written += [clean, differs, refreshed, wrong, right].map(({ log }) => log).join("");
});

test("no secret was written, in no form", () => {
  assert.ok(written.length > 3000, `${written.length}`);
  const all = { ...secrets, secretKey: given.secret, session: given.session };
  assert.deepEqual(leaksIn(written, all), []);
});
