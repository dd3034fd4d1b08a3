// The attributes: each documented, digests as the program has them. Does not prove what a recipe
// makes of them.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import { archiveDigests } from "../../components/settings/etcdReleases.ts";
import { cookbookFolder } from "./files.ts";

const attributes = readFileSync(path.join(cookbookFolder, "attributes/default.rb"), "utf8");
const readme = readFileSync(path.join(cookbookFolder, "README.md"), "utf8");
const names = [...attributes.matchAll(/^default\['etcd'\]\['(\w+)'\]/gm)].map(
  (match) => match[1] ?? "",
);

test("every attribute has its line in the README, and no other has", () => {
  assert.ok(names.length > 10);
  const documented = [
    ...readme
      .slice(readme.indexOf("## Attributes"), readme.indexOf("## On the node"))
      .matchAll(/^\| (`[^|]+`) \|/gm),
  ].flatMap((row) => [...(row[1] ?? "").matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ""));
  assert.deepEqual([...documented].sort(), [...names].sort());
});

test("the default version's digests are the program's", () => {
  const version = /\['version'\] = '([\d.]+)'/.exec(attributes)?.[1] ?? "";
  const digests = archiveDigests(version);
  assert.deepEqual(Object.keys(digests).sort(), ["amd64", "arm64"]);
  for (const [arch, digest] of Object.entries(digests))
    assert.ok(attributes.includes(`'${arch}' => '${digest}'`), arch);
});
