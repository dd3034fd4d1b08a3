// Packing of the cookbook. Does not prove that a node unpacks it: bootstrapRun.test.ts does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import type * as Bootstrap from "../../components/bootstrap/bootstrapScript.ts";
import { packCookbook } from "../../components/bootstrap/cookbookArchive.ts";
import { projectDir } from "../../lab/paths.ts";

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

for (const stray of [
  ".DS_Store",
  "recipes/default.rb~",
  "recipes/.default.rb.swp",
  "recipes/#default.rb#",
  ".idea/workspace.xml",
  "files/__pycache__/dns_gate.cpython-313.pyc",
  "files/dns_gate.pyc",
]) {
  test(`${stray} is no part of it`, async () => {
    const files = { "metadata.rb": "name 'x'", "recipes/default.rb": "log 'y'" };
    const name = stray.replaceAll("/", "-");
    const clean = await packCookbook(await cookbook(`clean-${name}`, files));
    const littered = await cookbook(`littered-${name}`, { ...files, [stray]: "a\r\n" });
    assert.equal(await packCookbook(littered), clean);
  });
}

test("links and a folder with a file's name are no part of it, and end nothing", async () => {
  const files = { "metadata.rb": "name 'x'", "files/run": "a" };
  const odd = await cookbook("odd", files);
  await fs.symlink("nowhere", path.join(odd, "recipes.rb"));
  await fs.symlink("..", path.join(odd, "files/loop"));
  await fs.mkdir(path.join(odd, "default.rb"));
  assert.equal(await packCookbook(odd), await packCookbook(await cookbook("even", files)));
});

test("a carriage return is refused with the file, its line and the cure", async () => {
  const windows = await cookbook("windows", { "metadata.rb": "x\n", "files/run": "a\nb\r\nc\r\n" });
  await assert.rejects(packCookbook(windows), (error: Error) => {
    assert.match(
      error.message,
      /^\S+\/files\/run: .*LF alone.*in line 2\)\..*core\.autocrlf input/,
    );
    return true;
  });
});

test("a checkout whose git wants CRLF has LF all the same, by .gitattributes", async (t) => {
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "core.autocrlf=true", "-c", "core.eol=crlf", ...args], {
      cwd: projectDir,
      stdio: ["ignore", "pipe", "ignore"],
    });
  try {
    git("rev-parse", "HEAD");
  } catch {
    return t.skip("this is no checkout of git");
  }
  const windows = path.join(folder, "checkout");
  git("checkout-index", "--all", `--prefix=${windows}/`);
  const files = await fs.readdir(windows, { recursive: true, withFileTypes: true });
  const texts = files.filter((entry) => entry.isFile() && /\.(sh|rb|erb|py|ts)$/.test(entry.name));
  assert.ok(texts.length > 100, `${texts.length} files`);
  for (const entry of texts) {
    const file = path.join(entry.parentPath, entry.name);
    assert.equal((await fs.readFile(file)).indexOf(0x0d), -1, file);
  }
  await packCookbook(path.join(windows, "cookbooks/etcd"));
});

for (const name of ["launch.sh", "converge.sh"]) {
  test(`${name} with a carriage return is refused, too`, async () => {
    const copy = path.join(folder, `bootstrap-${name}`);
    await fs.cp(path.join(projectDir, "components/bootstrap"), copy, { recursive: true });
    const file = path.join(copy, name);
    await fs.writeFile(file, (await fs.readFile(file, "utf8")).replaceAll("\n", "\r\n"));
    const { bootstrapScript }: typeof Bootstrap = await import(
      path.join(copy, "bootstrapScript.ts")
    );
    assert.throws(
      () =>
        bootstrapScript({
          nodeJson: {},
          cookbook: "",
          chef: { product: "preinstalled" },
          digest: "0".repeat(64),
        }),
      (error: Error) => error.message.startsWith(`${file}: `) && error.message.includes("LF alone"),
    );
  });
}

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
