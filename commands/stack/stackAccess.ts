/**
 * How a stack is reached. The lab's own is reached with the lab's CLI, backend and etcdctl; every
 * other with the `pulumi` and `etcdctl` on PATH, as their user has set them up.
 */
import { accessSync, constants, statSync } from "node:fs";
import * as path from "node:path";
import { stateDir } from "../../lab/paths.ts";
import { checkLabIsOurs } from "../../lab/ownership.ts";
import { pulumiEnvironment, stackName as labStackName } from "../../lab/pulumiEnvironment.ts";
import { stackFileArguments } from "../../lab/stackFile.ts";
import { noCli, pulumi } from "./pulumiAnswer.ts";

export interface StackAccess {
  /** The stack, as --stack takes it. */
  readonly name: string;
  /** The CLI: a path, or a name on PATH. */
  readonly cli: string;
  /** What the CLI's environment has besides ours; undefined removes a variable. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Arguments for what reads the stack's settings. */
  readonly settings: readonly string[];
  /** What a person types to make the cluster, or to go on with one that is half made. */
  readonly up: string;
  /** How a person calls one of our commands on this stack. */
  npmRun(command: string): string;
  /** How a person calls the Pulumi CLI on it. */
  pulumi(args: string): string;
  /** An etcdctl that fits the stack; throws when there is none. */
  etcdctl(): Promise<string>;
}

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

/**
 * The stack that `npm run <command> -- --stack NAME` means. Without a name: the lab's, if it has
 * one, else the one that is selected in the user's `pulumi`, which is then said, because a command
 * may change things. Throws, saying what was looked for, when there is none.
 */
export async function openStack(command: string, name?: string): Promise<StackAccess> {
  const labIsMeant = name === undefined || name === labStackName;
  if (labIsMeant) checkLabIsOurs(command);
  if (labIsMeant && labHasStack()) {
    const { ensureCli } = await import("../../lab/toolchain/cli.ts");
    return labStack(await ensureCli(say));
  }
  if (name === undefined && !onPath("pulumi"))
    throw new Error(
      "the lab has no cluster here, and there is no `pulumi` on PATH that could know another; " +
        `npm run up makes the lab's; for one of your own: ${noCli}, then npm run ${command} ` +
        "-- --stack NAME",
    );
  return usersStack(name ?? (await selectedStack(command)));
}

/** The lab's stack, with the CLI of the lab. */
export async function labStack(cliDir: string): Promise<StackAccess> {
  return {
    name: labStackName,
    cli: path.join(cliDir, "pulumi"),
    env: pulumiEnvironment(cliDir),
    settings: await stackFileArguments(),
    up: "npm run up",
    npmRun: (command) => `npm run ${command} --`,
    pulumi: (args) => `npm run pulumi -- ${args}`,
    async etcdctl() {
      const [{ etcdVersion }, { ensureEtcd }] = await Promise.all([
        import("../../lab/etcdVersion.ts"),
        import("../../lab/toolchain/etcd.ts"),
      ]);
      return path.join((await ensureEtcd(await etcdVersion(), say)).binDir, "etcdctl");
    },
  };
}

function usersStack(name: string): StackAccess {
  const stack: StackAccess = {
    name,
    cli: "pulumi",
    env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    settings: [],
    up: name === labStackName ? "npm run up" : `pulumi up --stack ${name}`,
    npmRun: (command) => `npm run ${command} -- --stack ${name}`,
    pulumi: (args) => `pulumi ${args} --stack ${name}`,
    async etcdctl() {
      if (onPath("etcdctl")) return "etcdctl";
      const version = await pulumi(stack, ["config", "get", "etcdVersion"]);
      throw new Error(
        `there is no \`etcdctl\` on PATH; the stack ${name} has etcd ${version.trim()}, and ` +
          "its release (https://github.com/etcd-io/etcd/releases) holds one; or run etcdctl on " +
          `a member: ${stack.npmRun("ssh")} NODE`,
      );
    },
  };
  return stack;
}

/** The stack that is selected in the user's `pulumi`. */
async function selectedStack(command: string): Promise<string> {
  const unnamed = { ...usersStack(""), name: undefined };
  const name = (await pulumi(unnamed, ["stack", "--show-name"])).trim();
  say(`${command}: on the stack ${name}, which is selected in your pulumi`);
  return name;
}

/** Whether the backend of this checkout's lab holds its stack; .lab itself may hold logs only. */
function labHasStack(): boolean {
  const file = path.join(stateDir, ".pulumi", "stacks", "etcd", `${labStackName}.json`);
  return (statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

function onPath(program: string): boolean {
  const names = process.platform === "win32" ? [`${program}.exe`] : [program];
  return (process.env.PATH ?? "").split(path.delimiter).some((folder) =>
    names.some((name) => {
      try {
        accessSync(path.join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
  );
}
