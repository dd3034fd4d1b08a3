// Packing of the cookbook. Does not prove that a node unpacks it: bootstrapRun.test.ts does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { packCookbook } from "../../components/bootstrap/cookbookArchive.ts";

const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-cookbook-"));
after(() => fs.rm(folder, { recursive: true }));

async function cookbook(name: string, files: Record<string, string>): Promise<string> {
  for (const [file, text] of Object.entries(files)) {
    const target = path.join(folder, name, file);
    await fs.mkdir(path.dirname(target), { recursive: true });
    await fs.writeFile(target, text);
  }
  return path.join(folder, name);
}

test("the same files give the same text, whatever their order, times and modes", async () => {
  const one = await cookbook("one", { "metadata.rb": "name 'x'", "recipes/default.rb": "log 'y'" });
  const other = await cookbook("other", {
    "recipes/default.rb": "log 'y'",
    "metadata.rb": "name 'x'",
  });
  await fs.utimes(path.join(other, "metadata.rb"), 1, 1);
  await fs.chmod(path.join(other, "metadata.rb"), 0o755);
  assert.equal(await packCookbook(one), await packCookbook(other));
});

test("another content or another name gives another text", async () => {
  const folders: Record<string, string>[] = [{ a: "1" }, { a: "2" }, { b: "1" }];
  const texts = await Promise.all(
    folders.map(async (files, index) => packCookbook(await cookbook(`change${index}`, files))),
  );
  assert.equal(new Set(texts).size, 3);
});

test("a README is no part of it", async () => {
  const plain = await cookbook("plain", { "metadata.rb": "name 'x'" });
  const documented = await cookbook("documented", { "metadata.rb": "name 'x'", "README.md": "x" });
  assert.equal(await packCookbook(documented), await packCookbook(plain));
});

test("tar reads it back", async () => {
  const archive = Buffer.from(
    await packCookbook(
      await cookbook("read", { "files/run": "#!/bin/sh\n", "metadata.rb": "name 'x'" }),
    ),
    "base64",
  );
  const listing = execFileSync("tar", ["-tvz"], { input: archive, encoding: "utf8" })
    .trim()
    .split("\n");
  assert.deepEqual(
    listing.map((line) => line.split(/\s+/).slice(-1)[0]),
    ["files/run", "metadata.rb"],
  );
  for (const line of listing) assert.match(line, /^-rw-r--r-- 0\/0 /);
  assert.equal(
    execFileSync("tar", ["-xzO", "files/run"], { input: archive, encoding: "utf8" }),
    "#!/bin/sh\n",
  );
});

test("a folder without files is refused", async () => {
  await fs.mkdir(path.join(folder, "empty"));
  await assert.rejects(
    packCookbook(path.join(folder, "empty")),
    /empty: the cookbook's folder holds no files/,
  );
});
