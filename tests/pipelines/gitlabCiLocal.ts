/**
 * One pipeline of GitLab, as its shipped file says, under gitlab-ci-local. That knows no protected
 * variables and environments, resource groups, ID tokens or tags: docs/pipelines.md has those.
 */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { CommandError, run } from "../../lab/shell.ts";
import type { RunsHere } from "./act.ts";
import { ensureGitlabCiLocal } from "./tools.ts";

export const merge = { CI_PIPELINE_SOURCE: "push" };
export const proposal = {
  CI_PIPELINE_SOURCE: "merge_request_event",
  CI_MERGE_REQUEST_SOURCE_PROJECT_PATH: "acme/etcd",
  CI_MERGE_REQUEST_PROJECT_PATH: "acme/etcd",
};

export interface Ended {
  readonly code: number | null;
  readonly log: string;
}

/** Variables are the project's and the event's; arguments are gitlab-ci-local's own. */
export async function gitlabCiLocal(
  { folder, env, backend, passphrase }: RunsHere,
  variables: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<Ended> {
  const program = await ensureGitlabCiLocal(() => undefined);
  const all = {
    ETCD_STACK: "prod",
    PREVIEW_ROLE: "arn:aws:iam::111122223333:role/look",
    APPLY_ROLE: "arn:aws:iam::111122223333:role/change",
    AWS_REGION: "us-east-1",
    AWS_ID_TOKEN: "token-of-the-job",
    PULUMI_BACKEND_URL: backend,
    ...(passphrase ? { PULUMI_CONFIG_PASSPHRASE: passphrase } : {}),
    ...variables,
  };
  const clean = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const given = Object.entries(all).flatMap(([name, value]) => ["--variable", `${name}=${value}`]);
  const options = ["--ignore-predefined-vars", "CI_PIPELINE_SOURCE", "--shell-isolation"];
  const home = path.join(env.HOME ?? "", "gitlab");
  await fs.mkdir(home, { recursive: true });
  let log = "";
  return run(process.execPath, [program, "--home", home, ...options, ...given, ...args], {
    cwd: folder,
    env: { ...clean, ...env },
    timeoutMs: 300_000,
    onLine: (line) => (log += `${line}\n`),
  }).then(
    () => ({ code: 0, log }),
    (error: unknown) => {
      if (!(error instanceof CommandError)) throw error;
      return { code: error.code, log };
    },
  );
}
