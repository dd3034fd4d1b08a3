/**
 * The list of EC2 requests that the lab must read (tests/lab/ec2Calls.ts) against the source: each
 * verb that is called is in it. Does not prove that its parameters are all there, nor that the lab
 * reads them: tests/lab/ec2.test.ts asks it.
 */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import * as path from "node:path";
import test from "node:test";
import { EC2 } from "@aws-sdk/client-ec2";
import { projectDir } from "../../lab/paths.ts";
import { ec2Calls, notServed } from "../lab/ec2Calls.ts";

const folders = ["bench", "commands", "components", "lab"];

test("every verb of EC2 that is called is in the list of what the lab reads", async () => {
  const verbs = new Set(Object.getOwnPropertyNames(EC2.prototype));
  const called = new Set<string>();
  for (const folder of folders) {
    const under = path.join(projectDir, folder);
    for (const file of await readdir(under, { recursive: true })) {
      if (!file.endsWith(".ts")) continue;
      const text = await readFile(path.join(under, file), "utf8");
      for (const [, verb = "", command = "", pages = ""] of text.matchAll(
        /\.([a-z]\w+)\(|\b([A-Z]\w+)Command\(|\bpaginate([A-Z]\w+)/g,
      )) {
        const name = verb || (command || pages).replace(/^./, (first) => first.toLowerCase());
        if (verbs.has(name)) called.add(name);
      }
    }
  }
  assert.ok(called.size > 40, `only ${called.size} verbs found: the search is broken`);
  const known = new Set([...Object.keys(ec2Calls), ...notServed]);
  assert.deepEqual(
    [...called].filter((verb) => !known.has(verb)),
    [],
  );
});
