import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../shell.ts";
import { cached } from "./cache.ts";
import { downloadFile, downloadText, listedDigest } from "./download.ts";
import { goBuild } from "./goBuild.ts";

/** The CLI's version, the same as the SDK's in package.json. */
export const cliVersion = "3.259.0";

const platform = `linux-${os.arch() === "arm64" ? "arm64" : "x64"}`;
const companions = ["pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"];

/**
 * A folder that holds `pulumi`, `pulumi-language-nodejs` and `pulumi-resource-pulumi-nodejs`: the
 * one on PATH when it is exactly this version and complete, else the official download, else the
 * CLI built from its Go modules with a language host of our own.
 */
export async function ensureCli(report: (line: string) => void): Promise<string> {
  const installed = await cliOnPath();
  if (installed) return installed;
  const folder = await cached(`pulumi-${cliVersion}-${platform}`, async (work) => {
    try {
      await downloadRelease(work, report);
    } catch (error) {
      report(
        "toolchain: the official Pulumi CLI is out of reach " +
          `(${error instanceof Error ? error.message : error})`,
      );
      await build(work, report);
    }
    const said = (
      await run(path.join(work, "pulumi"), ["version"], {
        env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
      })
    ).trim();
    if (said !== `v${cliVersion}`)
      throw new Error(`toolchain: Pulumi ${cliVersion} was wanted, the program says ${said}`);
  });
  return existsSync(path.join(folder, "pulumi-language-nodejs")) ? folder : withHosts(folder);
}

async function cliOnPath(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(":")) {
    if (!existsSync(path.join(folder, "pulumi"))) continue;
    if (!companions.every((name) => existsSync(path.join(folder, name)))) return undefined;
    const said = await run(path.join(folder, "pulumi"), ["version"], {
      env: { PULUMI_SKIP_UPDATE_CHECK: "true" },
    }).catch(() => "");
    return said.trim() === `v${cliVersion}` ? folder : undefined;
  }
  return undefined;
}

async function downloadRelease(work: string, report: (line: string) => void): Promise<void> {
  const archive = `pulumi-v${cliVersion}-${platform}.tar.gz`;
  const file = path.join(work, archive);
  const sums = await downloadText(
    `https://github.com/pulumi/pulumi/releases/download/v${cliVersion}/SHA512SUMS`,
  );
  report(`toolchain: downloading the Pulumi CLI ${cliVersion}`);
  const got = await downloadFile(`https://get.pulumi.com/releases/sdk/${archive}`, file, "sha512");
  const wanted = listedDigest(sums, archive);
  if (got !== wanted) throw new Error(`${archive}: sha512 is ${got}, SHA512SUMS says ${wanted}`);
  await run("tar", ["-xzf", file, "-C", work, "--strip-components=1", "--no-same-owner"]);
  await fs.rm(file);
}

async function build(work: string, report: (line: string) => void): Promise<void> {
  await goBuild(
    {
      title: `Pulumi ${cliVersion}`,
      usually: "4 to 8 minutes",
      modules: {
        "github.com/pulumi/pulumi/pkg/v3": `v${cliVersion}`,
        "github.com/pulumi/pulumi/sdk/v3": `v${cliVersion}`,
      },
      // Pulumi's own go.mod has this replacement, and replacements do not reach those who use a
      // module.
      replace: [
        "github.com/atotto/clipboard => github.com/tgummerer/clipboard " +
          "v0.0.0-20241001131231-d02d263e614e",
      ],
      packages: ["github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"],
      tags: ["osusergo", "grpcnotrace"],
      // 242 s in place of 315; a preview takes as long with either (6.2 and 6.1 s, the median of
      // seven)
      withoutInlining: true,
      variables: { "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version": `v${cliVersion}` },
    },
    work,
    report,
  );
}

/**
 * The built CLI together with our hosts for programs and for dynamic resources. A folder of its
 * own, named by the content of its small files, so that checkouts of different age share the one
 * CLI and do not disturb each other.
 */
async function withHosts(cli: string): Promise<string> {
  const launchers = {
    "pulumi-language-nodejs": "languageHost.mjs",
    "pulumi-resource-pulumi-nodejs": "dynamicHost.mjs",
  };
  const sources = await Promise.all(
    Object.values(launchers).map((name) =>
      fs.readFile(path.join(import.meta.dirname, name), "utf8"),
    ),
  );
  const digest = createHash("sha256").update(sources.join("\0")).digest("hex").slice(0, 8);
  return cached(`${path.basename(cli)}-host-${digest}`, async (work) => {
    // A hard link: the CLI looks for its companions beside the file it was started from, and
    // complains about those it finds elsewhere.
    await fs.link(path.join(cli, "pulumi"), path.join(work, "pulumi"));
    for (const [index, [launcher, source]] of Object.entries(launchers).entries()) {
      await fs.writeFile(path.join(work, source), sources[index] ?? "");
      await fs.writeFile(
        path.join(work, launcher),
        `#!/bin/sh\nexport ETCD_LAB_ENGINE=$PPID\nexec node "$(dirname "$0")/${source}" "$@"\n`,
        { mode: 0o755 },
      );
    }
  });
}
