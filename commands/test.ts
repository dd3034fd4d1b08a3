import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run as runTests } from "node:test";
import { spec } from "node:test/reporters";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { whyNoLab } from "../lab/ability.ts";
import { command, usageError } from "./terminal/command.ts";
import { ensureImages } from "../lab/images.ts";
import { projectDir } from "../lab/paths.ts";
import { ensurePrerequisites } from "../lab/prerequisites.ts";
import { ensureCli } from "../lab/toolchain/cli.ts";
import { ensureEtcd } from "../lab/toolchain/etcd.ts";
import { etcdVersions } from "../tests/etcdVersions.ts";
import { installNeeded, whyNoBench } from "../tests/faults/bench.ts";
import { besideLab, longestFirst, runOnHosts, timeTable, twoHosts } from "../tests/labTier.ts";
import {
  ensureAct,
  ensureActionlint,
  ensureGitlabCiLocal,
  ensureZizmor,
} from "../tests/pipelines/tools.ts";
import { whyNoSecondHost } from "../tests/secondHost.ts";
import { check } from "./checks/allChecks.ts";

const help = `
npm test                          all tiers this machine can run
npm test -- --tier unit           npm run check, functions, providers, real etcd on loopback
npm test -- --tier pipelines      tests/pipelines: the shipped pipelines, run around a tiny program
npm test -- --tier faults         tests/faults: real etcd in namespaces, against broken DNS and
                                  wrong certificates (needs root, or user namespaces)
npm test -- --tier lab            tests/lab: the whole thing, with npm run up (needs root or sudo)
npm test -- FILE…                 these files only
npm test -- --all                 the kill tests take all their moments, not a third

Where namespaces or the lab cannot be had, their tier is skipped, and the last lines say so;
ETCD_LAB_REQUIRED=1 makes that a failure.
The last line is "N passed, N failed".
`;

const tiers = ["unit", "pipelines", "faults", "lab"] as const;
type Tier = (typeof tiers)[number];
/** Which tier a test file belongs to. */
const tierOf = (file: string): Tier =>
  tiers.find((tier) => file.startsWith(path.join(projectDir, "tests", tier) + path.sep)) ?? "unit";
const sums = { passed: 0, failed: 0 };

await command("test", help, async (args) => {
  const { tier, files: named, everything } = await readArguments(args);
  if (everything) process.env.ETCD_TEST_ALL = "1"; // for tests/sample.ts, in every process below
  const all = named.length > 0 ? named : await testFiles();
  const files = (of: Tier) =>
    tier === undefined || tier === of ? all.filter((file) => tierOf(file) === of) : [];
  const say = (line: string) => {
    process.stdout.write(`${line}\n`);
  };
  const skipped: { tier: Tier; count: number; reason: string }[] = [];
  /** Whether a tier can run here; why not is said at the end, where it is seen. */
  const can = async (of: Tier, whyNot: () => Promise<string | undefined>): Promise<boolean> => {
    const reason = files(of).length > 0 ? await whyNot() : undefined;
    if (reason !== undefined) skipped.push({ tier: of, count: files(of).length, reason });
    return files(of).length > 0 && reason === undefined;
  };

  if (named.length === 0) {
    const { passed, failed } = await check(say); // a tool counts as a test
    sums.passed += passed;
    sums.failed += failed;
  }
  const wanted = files("faults").length + files("lab").length > 0;
  const noLab = wanted ? await whyNoLab() : undefined;
  await Promise.all([
    named.length === 0 && tier !== "lab" ? prepareTools(say) : undefined,
    files("pipelines").length > 0 ? prepareLinters(say) : undefined,
    files("pipelines").length > 0 || wanted ? preparePipelines(say) : undefined,
    wanted && noLab === undefined ? prepareLab(say) : undefined,
  ]);
  if (files("unit").length > 0)
    // one more than processors: some files wait
    await runTier("unit", files("unit"), os.availableParallelism() + 1, 180_000);
  if (files("pipelines").length > 0)
    await runTier("pipelines", files("pipelines"), os.availableParallelism(), 10 * 60_000);
  const faults = (await can("faults", whyNoBench)) ? files("faults") : [];
  const lab = (await can("lab", async () => noLab)) ? files("lab") : [];
  if (faults.length > 0) await installNeeded(say);
  if (lab.length > 0 && faults.length + lab.length > 1) {
    await runLabTier(lab, faults, say);
  } else {
    // Each file has as many processes as it can use.
    if (faults.length > 0) await runTier("faults", faults, 1, 10 * 60_000);
    if (lab.length > 0) await runTier("lab", lab, 1, 30 * 60_000);
  }
  for (const { tier: of, count, reason } of skipped) {
    const required = process.env.ETCD_LAB_REQUIRED === "1";
    say(
      `\nThe ${of} tier (${count} files in tests/${of}) was ` +
        `${required ? "REQUIRED (ETCD_LAB_REQUIRED=1) and could not run" : "SKIPPED"}: ` +
        `${reason}`,
    );
    if (required) sums.failed += count;
  }
  say(`${sums.passed} passed, ${sums.failed} failed`);
  return sums.failed > 0 ? 1 : 0;
});

interface Arguments {
  readonly tier: Tier | undefined;
  /** Absolute paths. */
  readonly files: readonly string[];
  /** Whether samples are not wanted. */
  readonly everything: boolean;
}

async function readArguments(args: string[]): Promise<Arguments> {
  const { values, positionals } = readOptions(args);
  const tier = tiers.find((known) => known === values.tier);
  if (values.tier !== undefined && tier === undefined)
    throw usageError("test", `--tier is ${tiers.join(", ")} (got ${values.tier})`);
  const files = positionals.map((file) => path.resolve(file));
  for (const [i, file] of files.entries()) {
    const isThere = await fs.access(file).then(
      () => true,
      () => false,
    );
    if (!isThere) throw usageError("test", `there is no test file ${positionals[i]}`);
  }
  return { tier, files, everything: values.all };
}

function readOptions(args: string[]) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { tier: { type: "string" }, all: { type: "boolean", default: false } },
    });
  } catch (error) {
    throw usageError("test", (error as Error).message);
  }
}

async function testFiles(): Promise<string[]> {
  const entries = await fs.readdir(path.join(projectDir, "tests"), {
    recursive: true,
    withFileTypes: true,
  });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort();
}

/** What tests of providers and of etcd run: the CLI and real etcd, from the cache or made now. */
async function prepareTools(say: (line: string) => void): Promise<void> {
  await Promise.all([
    ensureCli(say),
    (async () => {
      for (const version of etcdVersions) await ensureEtcd(version, say);
    })(),
  ]);
}

/** What runs the shipped pipelines, in the lab, too: a second host there cannot fetch it. */
async function preparePipelines(say: (line: string) => void): Promise<void> {
  await Promise.all([ensureCli(say), ensureAct(say), ensureGitlabCiLocal(say)]);
}

/** What judges them. */
async function prepareLinters(say: (line: string) => void): Promise<void> {
  await Promise.all([ensureActionlint(say), ensureZizmor(say)]);
}

/**
 * The lab's packages and images, before the first tier: unit tests skip what needs podman or the
 * image's ruby where they are missing.
 */
async function prepareLab(say: (line: string) => void): Promise<void> {
  await ensurePrerequisites(say);
  await ensureImages(say);
}

/**
 * One lab on a host, so one file at a time; two where there can be a second host. There the faults
 * tier, which needs no lab, runs beside them: labs wait as much as they work.
 */
async function runLabTier(
  lab: readonly string[],
  faults: readonly string[],
  say: (line: string) => void,
): Promise<void> {
  const whyOne = await whyNoSecondHost();
  const name = faults.length > 0 ? "faults and lab tiers" : "lab tier";
  const started = Date.now();
  say(
    `\n${name}: ${faults.length + lab.length} files on ` +
      `${whyOne === undefined ? "two hosts" : `one host, because ${whyOne}`}`,
  );
  const runs =
    whyOne === undefined
      ? await Promise.all([
          runOnHosts([besideLab], longestFirst(faults), say),
          runOnHosts(twoHosts, longestFirst(lab), say),
        ])
      : [await runOnHosts(twoHosts.slice(0, 1), [...faults, ...longestFirst(lab)], say)];
  for (const { passed, failed } of runs.flat()) {
    sums.passed += passed;
    sums.failed += failed;
  }
  for (const line of ["", ...timeTable(runs.flat())]) say(line);
  say(`${name}: ${Math.round((Date.now() - started) / 1000)} s`);
}

async function runTier(
  name: string,
  files: string[],
  concurrency: number,
  timeout: number,
): Promise<void> {
  const started = Date.now();
  process.stdout.write(`\n${name} tier: ${files.length} files\n`);
  // The runner's own timeout is for tests, not for files.
  const stream = runTests({
    files,
    concurrency,
    timeout,
    cwd: projectDir,
    execArgv: ["--import", pathToFileURL(path.join(projectDir, "tests/fileEnd.ts")).href],
  });
  stream.on("test:summary", ({ file, counts }) => {
    if (file !== undefined) return; // one for each file, then one for all
    sums.passed += counts.passed;
    sums.failed += counts.tests - counts.passed - counts.skipped - counts.todo;
  });
  for await (const text of stream.compose(new spec())) process.stdout.write(text);
  process.stdout.write(`${name} tier: ${Math.round((Date.now() - started) / 1000)} s\n`);
}
