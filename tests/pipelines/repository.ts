/**
 * A repository that ships this project's pipelines around a tiny program, its stack, and the
 * environment of a runner: nothing but what is named here reaches a job.
 */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { projectDir } from "../../lab/paths.ts";
import { run } from "../../lab/shell.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";

/** What the pipelines are: copied from the checkout as it is. */
const shipped = [".github/workflows", ".gitlab-ci.yml", ".node-version", "pipelines"];

export const secrets = {
  passphrase: "pass-0815-geheim/und+mehr",
  configured: "SECRET-4711-of-the-stack?yes",
} as const;

export interface Repository {
  readonly folder: string;
  /** Of its stack, prod. */
  readonly passphrase: string;
  /** Where the program's things are files, and where they note each call. */
  readonly cloud: string;
  /** For whatever runs in it as a runner would. */
  readonly env: Readonly<Record<string, string>>;
  readonly backend: string;
  write(file: string, text: string): Promise<void>;
  /** Commits all that is there. */
  commit(message: string): Promise<void>;
  /** What the program's things did so far, a line each. */
  calls(): Promise<string[]>;
  /** The CLI on its stack, as a person would call it. */
  pulumi(...args: string[]): Promise<string>;
  /** Files of locks that lie there. */
  locks(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function makeRepository(): Promise<Repository> {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-pipelines-"));
  const at = (name: string) => path.join(root, name);
  const folder = at("repository");
  for (const name of ["repository", "cloud", "state", "home", "bin"]) await fs.mkdir(at(name));
  for (const file of shipped)
    await fs.cp(path.join(projectDir, file), path.join(folder, file), { recursive: true });
  await fs.cp(path.join(import.meta.dirname, "tinyProgram"), folder, { recursive: true });
  // `npm ci` of a job: the checkout's packages, in a moment.
  const link = `#!/bin/sh\ntest "$1" = ci && ln -sfn ${projectDir}/node_modules node_modules\n`;
  await fs.writeFile(at("bin/npm"), link, { mode: 0o755 });
  const backend = `file://${at("state")}?metadata=skip`;
  const env = {
    PATH: [at("bin"), await ensureCli(() => undefined), path.dirname(process.execPath)]
      .concat(process.env.PATH ?? "")
      .join(":"),
    HOME: at("home"),
    PULUMI_HOME: at("home/pulumi"),
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    CLOUD: at("cloud"),
    LANG: "C.UTF-8",
  };
  const own = { ...env, PULUMI_BACKEND_URL: backend, PULUMI_CONFIG_PASSPHRASE: secrets.passphrase };
  const clean = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const command = (name: string, args: readonly string[]) =>
    run(name, args, { cwd: folder, env: { ...clean, ...own }, timeoutMs: 120_000 });
  const git = (...args: string[]) =>
    command("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args]);
  const repository: Repository = {
    folder,
    passphrase: secrets.passphrase,
    cloud: env.CLOUD,
    env,
    backend,
    write: (file, text) => fs.writeFile(path.join(folder, file), text),
    commit: async (message) => {
      await git("add", "-A");
      await git("commit", "--quiet", "--allow-empty", "-m", message);
    },
    calls: async () =>
      (await fs.readFile(at("cloud/calls.log"), "utf8").catch(() => ""))
        .split("\n")
        .filter(Boolean),
    pulumi: (...args) => command("pulumi", [...args, "--stack", "prod", "--non-interactive"]),
    locks: async () =>
      (await fs.readdir(at("state"), { recursive: true })).filter((file) =>
        /locks\/.*\.json$/.test(file),
      ),
    remove: () => fs.rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
  await repository.write("a.txt", "one\n");
  await repository.write(".gitignore", "node_modules\n/plan.env\n.gitlab-ci-local\n");
  await repository.write("package.json", '{ "name": "tiny", "type": "module" }\n');
  await git("init", "--quiet", "--initial-branch=main");
  await git("remote", "add", "origin", "https://github.com/acme/etcd.git");
  await fs.symlink(path.join(projectDir, "node_modules"), path.join(folder, "node_modules"));
  await command("pulumi", ["stack", "init", "prod", "--non-interactive"]);
  await repository.pulumi("config", "set", "--secret", "token", secrets.configured);
  await repository.commit("first");
  return repository;
}
