// Checksum lists, the cache's all-or-nothing folders, and the release archive of etcd that the lab
// makes. Does not prove the official downloads: they are out of reach where this was written.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { test } from "node:test";
import { cacheDir } from "../../lab/paths.ts";
import { run } from "../../lab/shell.ts";
import { cached } from "../../lab/toolchain/cache.ts";
import { listedDigest } from "../../lab/toolchain/download.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";

test("a digest is found by the exact file name", () => {
  const sums =
    "aa11  etcd-v3.6.14-linux-amd64.tar.gz.asc\nBB22 " +
    "*etcd-v3.6.14-linux-amd64.tar.gz\ncc33  ./other.zip\n";
  assert.equal(listedDigest(sums, "etcd-v3.6.14-linux-amd64.tar.gz"), "bb22");
  assert.equal(listedDigest(sums, "other.zip"), "cc33");
  assert.throws(() => listedDigest(sums, "etcd-v3.6.14-linux-arm64.tar.gz"), /not in the list/);
});

test("a folder of the cache is filled whole or not at all, and once", async () => {
  const name = `test-${process.pid}`;
  try {
    await assert.rejects(
      cached(name, async (folder) => {
        await fs.writeFile(path.join(folder, "half"), "");
        throw new Error("killed");
      }),
      /killed/,
    );
    let fills = 0;
    const fill = async (folder: string) => {
      fills += 1;
      await fs.writeFile(path.join(folder, "whole"), "x");
    };
    const folder = await cached(name, fill);
    assert.equal(await cached(name, fill), folder);
    assert.equal(fills, 1);
    assert.deepEqual(await fs.readdir(folder), ["whole"]);
    assert.deepEqual(
      (await fs.readdir(cacheDir)).filter((entry) => entry.startsWith(`.making-${name}-`)),
      [],
    );
  } finally {
    await fs.rm(path.join(cacheDir, name), { recursive: true, force: true });
  }
});

test("two fillers at the same time end with one whole folder", async () => {
  const name = `test-race-${process.pid}`;
  try {
    const fill = (text: string) => async (folder: string) => {
      await fs.writeFile(path.join(folder, "who"), text);
    };
    const [one, two] = await Promise.all([cached(name, fill("one")), cached(name, fill("two"))]);
    assert.equal(one, two);
    assert.match(await fs.readFile(path.join(one, "who"), "utf8"), /^(one|two)$/);
  } finally {
    await fs.rm(path.join(cacheDir, name), { recursive: true, force: true });
  }
});

test(
  "etcd's archive has the layout of the official one and the digest its list says",
  { timeout: 600_000 },
  async () => {
    const { binDir, archiveDir } = await ensureEtcd("3.6.14", () => undefined);
    assert.match(await run(path.join(binDir, "etcd"), ["--version"]), /^etcd Version: 3\.6\.14\n/);
    const archive = (await fs.readdir(archiveDir)).find((file) => file.endsWith(".tar.gz"));
    assert.ok(archive, "an archive");
    const top = archive.replace(".tar.gz", "");
    const entries = (await run("tar", ["-tzf", path.join(archiveDir, archive)])).split("\n");
    for (const program of ["etcd", "etcdctl", "etcdutl"])
      assert.ok(entries.includes(`${top}/${program}`), program);
    const digest = (await run("sha256sum", [path.join(archiveDir, archive)])).split(" ")[0];
    assert.equal(
      listedDigest(await fs.readFile(path.join(archiveDir, "SHA256SUMS"), "utf8"), archive),
      digest,
    );
  },
);

test("a version of etcd is three numbers", async () => {
  await assert.rejects(
    ensureEtcd("latest", () => undefined),
    /a version such as 3\.6\.14 is needed \(got "latest"\)/,
  );
});
