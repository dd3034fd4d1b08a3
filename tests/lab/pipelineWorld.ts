/**
 * The real program as somebody's repository: a bare clone as the forge, a clone of it in which jobs
 * run, and a stack "prod" of its own in the lab, its state in a bucket and its secrets under KMS.
 */
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { addresses, zone } from "../../lab/addresses.ts";
import { labDir, projectDir } from "../../lab/paths.ts";
import { pulumiEnvironment } from "../../lab/pulumiEnvironment.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import type { RunsHere } from "../pipelines/act.ts";
import type { Outcome } from "./harness.ts";
import { commandsOfPage, makeState, stateEnvironment, type PageCommands } from "./pipelineState.ts";

export interface PipelineWorld extends RunsHere {
  /** Replaces a text in a file of the repository; fails when it is not there. */
  edit(file: string, from: string, to: string): Promise<void>;
  /** Commits all and pushes it to the forge. */
  push(message: string): Promise<void>;
  /** Another clone of the forge, for a second job at the same time. */
  another(): Promise<RunsHere & { push(file: string, from: string, to: string): Promise<void> }>;
  /** A program with the stack's environment. Never throws for an exit code. */
  program(name: string, ...args: string[]): Promise<Outcome>;
  /** Where its state is, as the page has it. */
  readonly page: PageCommands;
  /** For what runs as a step does, without act. */
  readonly stepEnv: Readonly<Record<string, string>>;
  remove(): Promise<void>;
}

export async function makeWorld(): Promise<PipelineWorld> {
  const root = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-forge-"));
  const at = (name: string) => path.join(root, name);
  for (const name of ["cloud", "home", "bin"]) await fs.mkdir(at(name));
  const link = `#!/bin/sh\ntest "$1" = ci && ln -sfn ${projectDir}/node_modules node_modules\n`;
  await fs.writeFile(at("bin/npm"), link, { mode: 0o755 });
  const cliDir = await ensureCli(() => undefined);
  const lab = Object.entries(pulumiEnvironment(cliDir)).filter(([name]) =>
    /^(PULUMI_HOME|PULUMI_SKIP|PULUMI_DISABLE|NODE_COMPILE)/.test(name),
  );
  const env: Record<string, string> = {
    ...Object.fromEntries(lab.map(([name, value]) => [name, value ?? ""])),
    PATH: `${at("bin")}:${pulumiEnvironment(cliDir).PATH ?? ""}`,
    HOME: at("home"),
    CLOUD: at("cloud"),
    LANG: "C.UTF-8",
    ...stateEnvironment,
  };
  const page = await commandsOfPage();
  const { backend } = page;
  const stepEnv = {
    ...env,
    ETCD_STACK: "prod",
    PULUMI_BACKEND_URL: backend,
  };
  const clean = Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  const command = (
    cwd: string,
    name: string,
    args: readonly string[],
    own: Readonly<Record<string, string>> = stepEnv,
  ) => run(name, args, { cwd, env: { ...clean, ...own }, timeoutMs: 300_000 });
  const git = (cwd: string, ...args: string[]) =>
    command(cwd, "git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...args]);
  const folder = at("clone");

  await git(root, "init", "--quiet", "--bare", "--initial-branch=main", "forge.git");
  await git(root, "clone", "--quiet", "forge.git", "clone");
  // What gitlab-ci-local leaves in a checkout is no part of it.
  await fs.appendFile(path.join(folder, ".git/info/exclude"), "/plan.env\n/.gitlab-ci-local\n");
  await copyCheckout(folder);
  await fs.writeFile(path.join(folder, "Pulumi.prod.yaml"), await stackFile());
  const edit = async (file: string, from: string, to: string, where = folder) => {
    const text = await fs.readFile(path.join(where, file), "utf8");
    if (!text.includes(from)) throw new Error(`${file} does not hold ${JSON.stringify(from)}`);
    await fs.writeFile(path.join(where, file), text.replace(from, to));
  };
  const push = async (message: string, where = folder) => {
    await git(where, "add", "-A");
    await git(where, "commit", "--quiet", "-m", message);
    await git(where, "push", "--quiet", "origin", "HEAD:main");
  };
  // As a person does it at a terminal, by what the page says.
  await makeState(page);
  const person = { ...env, PULUMI_HOME: at("home/pulumi") };
  for (const typed of [page.login, page.init, token])
    await command(folder, "sh", ["-c", typed], person);
  await push("first");
  await fs.symlink(path.join(projectDir, "node_modules"), path.join(folder, "node_modules"));

  const here = { folder, env, backend, cloud: at("cloud"), passphrase: "" };
  return {
    ...here,
    page,
    stepEnv,
    edit: (file, from, to) => edit(file, from, to),
    push: (message) => push(message),
    another: async () => {
      const second = await fs.mkdtemp(path.join(root, "clone-"));
      await git(root, "clone", "--quiet", "forge.git", second);
      return {
        ...here,
        folder: second,
        push: async (file: string, from: string, to: string) => {
          await edit(file, from, to, second);
          await push(`change ${file}`, second);
        },
      };
    },
    program: (name, ...args) =>
      command(folder, name, args).then(
        (text) => ({ code: 0, text }),
        (error: unknown) => {
          if (!(error instanceof CommandError) || error.code === null) throw error;
          return { code: error.code, text: error.output };
        },
      ),
    remove: () => fs.rm(root, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** What the checkout has and git does not ignore, committed or not. */
async function copyCheckout(folder: string): Promise<void> {
  const listed = await run("git", ["ls-files", "-co", "--exclude-standard", "-z"], {
    cwd: projectDir,
  });
  for (const file of listed.split("\0").filter(Boolean))
    await fs
      .cp(path.join(projectDir, file), path.join(folder, file), { recursive: true })
      .catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // deleted just now
      });
}

/** The one secret of its settings. */
const token = `pulumi config set --secret cloudflare:apiToken ${zone.apiToken} --stack prod`;

/** The lab's settings for another stack, wherever its program is; its secrets are not ours. */
async function stackFile(): Promise<string> {
  const text = await fs.readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8");
  return text
    .replace(/^encryptionsalt:.*\n/m, "")
    .replace(/^ *cloudflare:apiToken:\n.*\n/m, "")
    .replaceAll("10.213.", addresses.gateway.replace(/0\.1$/, ""))
    .replace(".lab/keys/admin", path.join(labDir, "keys/admin"));
}
