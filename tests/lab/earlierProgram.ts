/**
 * The program as it was at an earlier commit, run by today's lab and CLI on the stack dev, and what
 * a run of either program does to each resource.
 */
import { cp, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { addresses, vpc } from "../../lab/addresses.ts";
import { labDir, projectDir } from "../../lab/paths.ts";
import { pulumiEnvironment } from "../../lab/pulumiEnvironment.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { stackFileArguments } from "../../lab/stackFile.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import type { Outcome } from "./harness.ts";

export interface StartingPoint {
  readonly name: string;
  readonly commit: string;
}

/** Where users may come from: today's program has to take over the stack of each. */
export const startingPoints: readonly StartingPoint[] = [
  { name: "97a8d7e", commit: "97a8d7ec47289962b6b4153444b7df2985941faf" },
  { name: "8acc707", commit: "8acc7070d6f309691909d6b152a4984689645d44" },
];

/** What `pulumi up` reads; the lab, the commands and the packages are today's. */
const programFiles = [
  "index.ts",
  "components",
  "cookbooks",
  "Pulumi.yaml",
  "Pulumi.dev.yaml",
  "package.json",
  "package-lock.json",
  "tsconfig.json",
];

/**
 * Unpacks a program below .lab, where Node finds the checkout's packages, and returns its folder.
 * It lasts as long as the lab. Throws when this clone does not have the commit.
 */
export async function unpackProgram({ name, commit }: StartingPoint): Promise<string> {
  await run("git", ["cat-file", "-e", `${commit}^{commit}`], { cwd: projectDir }).catch(
    (error: unknown) => {
      throw new Error(
        `the commit ${commit} (starting point ${name}) is not in this clone, so nothing can be ` +
          "upgraded from it; a shallow clone gets it with: git fetch --unshallow\n" +
          `${error instanceof Error ? error.message : String(error)}`,
      );
    },
  );
  const folder = await emptyFolder(name);
  const archive = `${folder}.tar`;
  await run("git", ["archive", "--format=tar", `--output=${archive}`, commit, ...programFiles], {
    cwd: projectDir,
  });
  await run("tar", ["-xf", archive, "-C", folder]);
  // Earlier labs had images with ids that EC2 would not give.
  const settings = path.join(folder, "Pulumi.dev.yaml");
  const text = await readFile(settings, "utf8");
  await writeFile(settings, text.replace(/ami-0deb13amd64000001/, vpc.images.amd64));
  return inLab(folder);
}

/**
 * A copy of today's program below .lab, with other logical names: each of these ends with a 2.
 * Returns its folder.
 */
export async function renamedProgram(kinds: readonly string[]): Promise<string> {
  const folder = await emptyFolder("renamed");
  for (const file of programFiles)
    await cp(path.join(projectDir, file), path.join(folder, file), { recursive: true });
  const names = new RegExp(`(-(?:${kinds.join("|")}))\``, "g");
  let renamed = 0;
  for (const file of await readdir(path.join(folder, "components"), { recursive: true })) {
    if (!file.endsWith(".ts")) continue;
    const source = path.join(folder, "components", file);
    const text = await readFile(source, "utf8");
    renamed += text.match(names)?.length ?? 0;
    await writeFile(source, text.replace(names, "$12`"));
  }
  if (renamed < kinds.length)
    throw new Error(`only ${renamed} names of ${kinds.join(", ")} were found in components`);
  return inLab(folder);
}

async function emptyFolder(name: string): Promise<string> {
  const folder = path.join(labDir, "earlier", name);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Lets a program in its own folder work with this lab. Returns the folder. */
async function inLab(folder: string): Promise<string> {
  // The stack file names the operator's key by its path from the checkout.
  await symlink(labDir, path.join(folder, ".lab"));
  // As lab/stackFile.ts does for today's: the network is the lab's.
  const stackFile = path.join(folder, "Pulumi.dev.yaml");
  const text = await readFile(stackFile, "utf8");
  await writeFile(stackFile, text.replaceAll("10.213.", addresses.gateway.replace(/0\.1$/, "")));
  return folder;
}

/**
 * The engine's events of a run, a line of JSON each. Among them is what the SDK says for debugging,
 * with the outputs of every resource in plain text, secret ones too (measured with 3.259).
 */
const eventFile = path.join(labDir, "program.events");

/** The part of the engine's note of a step that is read here. */
interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly type: string;
  readonly keys?: readonly string[] | null;
  readonly diffs?: readonly string[] | null;
  readonly detailedDiff?: Readonly<Record<string, unknown>> | null;
  readonly old?: { readonly inputs?: Readonly<Record<string, unknown>> } | null;
  readonly new?: { readonly inputs?: Readonly<Record<string, unknown>> } | null;
}

interface Event {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: { readonly severity: string };
}

/** What a run does to one resource. */
export interface Step {
  readonly op: string;
  readonly urn: string;
  /** Properties that the provider named, and inputs that differ. Secrets all look the same here. */
  readonly changed: readonly string[];
  /** Properties that force a replacement. */
  readonly forcing: readonly string[];
}

export interface ProgramRun extends Outcome {
  /** Everything the engine began, but for what stays the same. */
  readonly steps: readonly Step[];
  /** The engine's events without what is said for debugging, a line of JSON each. */
  readonly events: string;
}

/**
 * `pulumi ARGS` on the stack dev with the program in this folder, within 10 minutes. Never throws
 * for an exit code.
 */
export async function runProgram(folder: string, ...args: string[]): Promise<ProgramRun> {
  const cliDir = await ensureCli(() => undefined);
  await writeFile(eventFile, "", { mode: 0o600 }); // the CLI would let everybody read it
  const stackFile = folder === projectDir ? await stackFileArguments() : [];
  const outcome = await run(
    path.join(cliDir, "pulumi"),
    [...args, ...stackFile, "--non-interactive", "--event-log", eventFile],
    {
      cwd: folder,
      timeoutMs: 600_000,
      // --event-log exists with this only
      env: { ...pulumiEnvironment(cliDir), PULUMI_DEBUG_COMMANDS: "true" },
    },
  ).then(
    (text) => ({ code: 0, text }),
    (error: unknown) => {
      if (!(error instanceof CommandError) || error.code === null) throw error;
      return { code: error.code, text: error.output };
    },
  );
  const lines = (await readFile(eventFile, "utf8"))
    .split("\n")
    .filter(
      (line) => line !== "" && (JSON.parse(line) as Event).diagnosticEvent?.severity !== "debug",
    );
  await rm(eventFile);
  return { ...outcome, steps: stepsIn(lines), events: lines.join("\n") };
}

function stepsIn(lines: readonly string[]): Step[] {
  return lines
    .map((line) => JSON.parse(line) as Event)
    .flatMap(({ resourcePreEvent: event }) => (event ? [event.metadata] : []))
    .filter(({ op }) => op !== "same")
    .map((metadata) => ({
      op: metadata.op,
      urn: metadata.urn,
      changed: [
        ...new Set([
          ...(metadata.diffs ?? []),
          ...Object.keys(metadata.detailedDiff ?? {}),
          ...differences(metadata.old?.inputs ?? {}, metadata.new?.inputs ?? {}),
        ]),
      ].sort(),
      forcing: metadata.keys ?? [],
    }));
}

/** Names of inputs that are not the same in both; nothing where one side has none at all. */
function differences(
  old: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): string[] {
  if (Object.keys(old).length === 0 || Object.keys(wanted).length === 0) return [];
  return [...new Set([...Object.keys(old), ...Object.keys(wanted)])].filter(
    (name) => JSON.stringify(old[name]) !== JSON.stringify(wanted[name]),
  );
}

/** A line for each step, as a message of a test needs it. */
export function inWords(steps: readonly Step[]): string {
  return steps
    .map(
      ({ op, urn, changed, forcing }) =>
        `  ${op.padEnd(20)} ${urn}` +
        (changed.length > 0 ? `\n      changed: ${changed.join(", ")}` : "") +
        (forcing.length > 0 ? `\n      forcing: ${forcing.join(", ")}` : ""),
    )
    .join("\n");
}
