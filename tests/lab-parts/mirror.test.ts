// The etcd mirror's paths. Does not prove that a machine reaches it; the lab tier does.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { test } from "node:test";
import { fileOf } from "../../lab/mirror.ts";

test("only archives and checksums of cached versions are served", async () => {
  const cache = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-lab-test-"));
  try {
    const archive = path.join(cache, "etcd-v3.6.14-linux-amd64/archive");
    await fs.mkdir(archive, { recursive: true });
    for (const name of ["SHA256SUMS", "etcd-v3.6.14-linux-amd64.tar.gz", "secret"])
      await fs.writeFile(path.join(archive, name), "x");
    assert.equal(fileOf("/v3.6.14/SHA256SUMS", cache), path.join(archive, "SHA256SUMS"));
    assert.equal(
      fileOf("/v3.6.14/etcd-v3.6.14-linux-amd64.tar.gz", cache),
      path.join(archive, "etcd-v3.6.14-linux-amd64.tar.gz"),
    );
    for (const refused of [
      "/",
      "/v3.6.14/secret",
      "/v3.6.14/../v3.6.14/SHA256SUMS",
      "/v3.6.14/etcd-v3.6.14-linux-arm64.tar.gz",
      "/v3.6.15/SHA256SUMS",
      "/v3.6.15/etcd-v3.6.14-linux-amd64.tar.gz",
      "/v3.6.14/SHA256SUMS/",
      "/v3.6.14/%2e%2e/secret",
    ])
      assert.equal(fileOf(refused, cache), undefined, refused);
  } finally {
    await fs.rm(cache, { recursive: true });
  }
});
