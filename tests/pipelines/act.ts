/**
 * One event of GitHub, and what the shipped workflow does with it, under act: without containers,
 * with stand-ins for the actions of others. act knows no environments, permissions, concurrency or
 * branches of an event: linters and docs/pipelines.md have those.
 */
import { spawn, type ChildProcess } from "node:child_process";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { parse } from "yaml";
import { token, type FakeGithub } from "./fakeGithub.ts";
import type { Repository } from "./repository.ts";
import { ensureAct } from "./tools.ts";

export interface Event {
  readonly name: "pull_request" | "push" | "schedule" | "workflow_dispatch";
  readonly payload: object;
}

const repository = {
  full_name: "acme/etcd",
  name: "etcd",
  owner: { login: "acme" },
  default_branch: "main",
};
const onMain = { ref: "refs/heads/main", repository };

export const events = {
  pullRequest: pullRequestFrom("acme/etcd"),
  fork: pullRequestFrom("mallory/etcd"),
  merge: { name: "push", payload: onMain },
  branch: { name: "push", payload: { ref: "refs/heads/other", repository } },
  day: { name: "schedule", payload: { schedule: "17 5 * * *", repository } },
  dispatch: (inputs: object): Event => ({
    name: "workflow_dispatch",
    payload: { ...onMain, inputs },
  }),
} as const satisfies Record<string, Event | ((inputs: object) => Event)>;

function pullRequestFrom(full_name: string): Event {
  const head = { ref: "change", sha: "abc", repo: { full_name, fork: full_name !== "acme/etcd" } };
  const base = { ref: "main", repo: { full_name: "acme/etcd" } };
  const pull_request = { number: 7, head, base };
  return {
    name: "pull_request",
    payload: { action: "opened", number: 7, pull_request, repository },
  };
}

export interface Running {
  readonly process: ChildProcess;
  /** All that it wrote so far. */
  log(): string;
  readonly ended: Promise<{ readonly code: number; readonly log: string }>;
}

export interface More {
  /** Variables of the repository beside the usual ones; "" takes one away. */
  readonly vars?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** What act needs of a repository. */
export type RunsHere = Pick<Repository, "folder" | "env" | "backend" | "cloud" | "passphrase">;

/** For the real program in the lab. */
const deadlineMs = 540_000;

/** Starts act on a workflow. Secrets are not masked: what hides them is ours. */
export async function startAct(
  { folder, env, backend, cloud, passphrase }: RunsHere,
  github: FakeGithub,
  workflow: string,
  event: Event,
  more: More = {},
): Promise<Running> {
  const act = await ensureAct(() => undefined);
  const home = path.join(env.HOME ?? "", "act");
  await fs.mkdir(home, { recursive: true });
  const file = path.join(home, `event-${Date.now()}-${Math.random()}.json`);
  await fs.writeFile(file, JSON.stringify(event.payload));
  const vars = {
    ETCD_STACK: "prod",
    PREVIEW_ROLE: "arn:aws:iam::111122223333:role/look",
    APPLY_ROLE: "arn:aws:iam::111122223333:role/change",
    AWS_REGION: "us-east-1",
    PULUMI_BACKEND_URL: backend,
    ...more.vars,
  };
  const child = spawn(
    act,
    [
      event.name,
      ...["-e", file, "-W", path.join(folder, `.github/workflows/${workflow}.yml`)],
      ...["-P", "ubuntu-latest=-self-hosted", "-P", "self-hosted=-self-hosted"],
      ...["-P", "etcd=-self-hosted", "--action-cache-path", path.join(home, "cache")],
      ...["--no-cache-server", "--use-new-action-cache", "--insecure-secrets"],
      ...(await standIns(folder)),
      ...["--env", `GITHUB_API_URL=${github.api}`, "--env", "GITHUB_REPOSITORY=acme/etcd"],
      ...["--env", `ACTIONS_ID_TOKEN_REQUEST_URL=${github.api}/oidc?x=1`],
      ...["--env", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=oidc-request-0815"],
      ...["-s", `GITHUB_TOKEN=${token}`],
      ...["-s", `PULUMI_CONFIG_PASSPHRASE=${passphrase}`],
      ...Object.entries(vars).flatMap(([name, value]) => ["--var", `${name}=${value}`]),
    ],
    { cwd: folder, env: { ...env, CLOUD: cloud, ...more.env }, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (chunk: string) => (log += chunk));
  const timer = setTimeout(() => child.kill("SIGKILL"), deadlineMs);
  const ended = new Promise<{ code: number; log: string }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(timer);
      resolve({ code: code ?? -1, log });
    });
  });
  return { process: child, log: () => log, ended };
}

export async function act(
  ...args: Parameters<typeof startAct>
): Promise<{ readonly code: number; readonly log: string }> {
  return (await startAct(...args)).ended;
}

/** Every action of others that the workflows use, at the commit they pin. */
async function standIns(folder: string): Promise<string[]> {
  const found = new Set<string>();
  const workflows = path.join(folder, ".github/workflows");
  for (const file of await fs.readdir(workflows)) {
    const { jobs } = parse(await fs.readFile(path.join(workflows, file), "utf8")) as {
      jobs: Record<string, { steps: { uses?: string }[] }>;
    };
    for (const { steps } of Object.values(jobs))
      for (const { uses } of steps) if (uses) found.add(uses);
  }
  return [...found]
    .filter((uses) => !uses.startsWith("actions/checkout@")) // act does that itself
    .flatMap((uses) => {
      const [owner = "", name = ""] = uses.split("@")[0]?.split("/") ?? [];
      const own = owner === "pulumi" ? "pulumi" : name;
      return ["--local-repository", `${uses}=${path.join(import.meta.dirname, "actions", own)}`];
    });
}
