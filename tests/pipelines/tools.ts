/** The programs that run and judge pipelines, from the cache or made now. */
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { run } from "../../lab/shell.ts";
import { installPackages } from "../../lab/prerequisites.ts";
import { cached } from "../../lab/toolchain/cache.ts";
import { goBuild } from "../../lab/toolchain/goBuild.ts";

export const versions = {
  act: "0.2.89",
  actionlint: "1.7.12",
  zizmor: "1.32.0",
  gitlabCiLocal: "4.75.1",
} as const;

type Report = (line: string) => void;

/** Runs GitHub's workflow files on this machine. */
export function ensureAct(report: Report): Promise<string> {
  return built("act", "github.com/nektos/act", "github.com/nektos/act", versions.act, report);
}

/** Finds mistakes in them. */
export function ensureActionlint(report: Report): Promise<string> {
  const module = "github.com/rhysd/actionlint";
  return built("actionlint", module, `${module}/cmd/actionlint`, versions.actionlint, report);
}

async function built(
  name: string,
  module: string,
  main: string,
  version: string,
  report: Report,
): Promise<string> {
  const folder = await cached(`${name}-${version}`, (work) =>
    goBuild(
      {
        title: `${name} ${version}`,
        modules: { [module]: `v${version}` },
        packages: [main],
        withoutInlining: true,
        usually: "1 to 3 minutes",
      },
      work,
      report,
    ),
  );
  return path.join(folder, name);
}

/** Finds what is dangerous in them. */
export async function ensureZizmor(report: Report): Promise<string> {
  await installPackages([{ command: "pip3", apt: "python3-pip", dnf: "python3-pip" }], report);
  const folder = await cached(`zizmor-${versions.zizmor}`, async (work) => {
    const pip = ["install", "--quiet", "--no-deps", "--target", work];
    await run("python3", ["-m", "pip", ...pip, `zizmor==${versions.zizmor}`], {
      timeoutMs: 180_000,
    });
  });
  return path.join(folder, "bin/zizmor");
}

/** Runs GitLab's file on this machine; it wants rsync. */
export async function ensureGitlabCiLocal(report: Report): Promise<string> {
  await installPackages([{ command: "rsync", apt: "rsync", dnf: "rsync" }], report);
  const version = versions.gitlabCiLocal;
  const folder = await cached(`gitlab-ci-local-${version}`, async (work) => {
    await fs.writeFile(path.join(work, "package.json"), "{}\n");
    const npm = ["install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
    await run("npm", [...npm, `gitlab-ci-local@${version}`], { cwd: work, timeoutMs: 180_000 });
  });
  return path.join(folder, "node_modules/.bin/gitlab-ci-local");
}
