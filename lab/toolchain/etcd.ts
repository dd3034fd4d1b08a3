import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { run } from "../shell.ts";
import { cached } from "./cache.ts";
import { downloadFile, downloadText, listedDigest } from "./download.ts";
import { goBuild } from "./goBuild.ts";

export interface EtcdBuild {
  /** Holds etcd, etcdctl, etcdutl. */
  readonly binDir: string;
  /** Holds the release archive, in the layout of the official one, and its SHA256SUMS. */
  readonly archiveDir: string;
}

const programs = ["etcd", "etcdctl", "etcdutl"];

/**
 * A release of etcd ("3.6.14") in the cache: the official archive where it can be downloaded,
 * checked against the project's SHA256SUMS, else the same release built from its Go modules (about
 * 25 s) and packed the same way.
 */
export async function ensureEtcd(
  version: string,
  report: (line: string) => void,
): Promise<EtcdBuild> {
  if (!/^3\.\d+\.\d+$/.test(version))
    throw new Error(`etcd: a version such as 3.6.14 is needed (got ${JSON.stringify(version)})`);
  const name = `etcd-v${version}-linux-${os.arch() === "arm64" ? "arm64" : "amd64"}`;
  const folder = await cached(name, async (work) => {
    const archive = path.join(work, "archive");
    await fs.mkdir(archive);
    try {
      await downloadRelease(version, name, archive, report);
    } catch (error) {
      report(
        "toolchain: the official release of etcd is out of reach " +
          `(${error instanceof Error ? error.message : error})`,
      );
      await buildRelease(version, name, archive, report);
    }
    await fs.mkdir(path.join(work, "bin"));
    await run("tar", [
      "-xzf",
      path.join(archive, `${name}.tar.gz`),
      "-C",
      path.join(work, "bin"),
      "--strip-components=1",
      "--no-same-owner",
      ...programs.map((p) => `${name}/${p}`),
    ]);
    await checkVersion(path.join(work, "bin/etcd"), version);
  });
  return { binDir: path.join(folder, "bin"), archiveDir: path.join(folder, "archive") };
}

async function downloadRelease(
  version: string,
  name: string,
  archive: string,
  report: (line: string) => void,
): Promise<void> {
  const base = `https://github.com/etcd-io/etcd/releases/download/v${version}`;
  const sums = await downloadText(`${base}/SHA256SUMS`);
  const wanted = listedDigest(sums, `${name}.tar.gz`);
  report(`toolchain: downloading etcd ${version}`);
  const got = await downloadFile(
    `${base}/${name}.tar.gz`,
    path.join(archive, `${name}.tar.gz`),
    "sha256",
  );
  if (got !== wanted)
    throw new Error(`${name}.tar.gz: sha256 is ${got}, SHA256SUMS says ${wanted}`);
  await fs.writeFile(path.join(archive, "SHA256SUMS"), sums);
}

async function buildRelease(
  version: string,
  name: string,
  archive: string,
  report: (line: string) => void,
): Promise<void> {
  const work = await fs.mkdtemp(path.join(archive, "build-"));
  try {
    const release = path.join(work, name);
    const modules = ["server", "etcdctl", "etcdutl"].map(
      (module) => `go.etcd.io/etcd/${module}/v3`,
    );
    await goBuild(
      {
        title: `etcd ${version}`,
        usually: "1 to 2 minutes",
        packages: modules,
        modules: Object.fromEntries(modules.map((module) => [module, `v${version}`])),
      },
      release,
      report,
    );
    await fs.rename(path.join(release, "server"), path.join(release, "etcd"));
    const file = path.join(archive, `${name}.tar.gz`);
    await run("tar", [
      "--owner=0",
      "--group=0",
      "--numeric-owner",
      "--use-compress-program=gzip -1 -n",
      "-cf",
      file,
      "-C",
      work,
      name,
    ]);
    const digest = createHash("sha256")
      .update(await fs.readFile(file))
      .digest("hex");
    await fs.writeFile(path.join(archive, "SHA256SUMS"), `${digest}  ${name}.tar.gz\n`);
  } finally {
    await fs.rm(work, { recursive: true, force: true });
  }
}

async function checkVersion(etcd: string, version: string): Promise<void> {
  const said = await run(etcd, ["--version"]);
  if (!said.startsWith(`etcd Version: ${version}\n`))
    throw new Error(
      `toolchain: etcd ${version} was wanted, the program says: ${said.split("\n")[0]}`,
    );
}
