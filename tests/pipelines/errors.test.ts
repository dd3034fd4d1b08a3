// What ends a job by an error is written without the stack's own secrets, in every form. A stand-in
// for the CLI says them. Does not prove that the CLI says its settings so: workflows.test.ts does.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import test from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { formsOfSecret, leaksIn } from "./leaks.ts";

const secret = 'pass+word/0815?geheim "und"\tmehr';

test("a plan that fails before it is applied tells no secret, in no form", async (t) => {
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-errors-"));
  t.after(() => fs.rm(folder, { recursive: true }));
  const config = JSON.stringify({ "etcd:token": { value: secret, secret: true } });
  const said = `error: refused: ${Object.values(formsOfSecret(secret)).join(" | ")}`;
  await fs.writeFile(path.join(folder, "config"), config);
  await fs.writeFile(path.join(folder, "said"), said);
  const cli = `#!/bin/sh\ncase $1 in
  config) cat ${folder}/config ;;
  *) cat ${folder}/said >&2; exit 255 ;;\nesac\n`;
  await fs.writeFile(path.join(folder, "pulumi"), cli, { mode: 0o755 });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [path.join(projectDir, "pipelines/main.ts"), "apply"],
    {
      cwd: folder,
      env: {
        PATH: `${folder}:${process.env.PATH ?? ""}`,
        ETCD_STACK: "prod",
        APPROVED: "0".repeat(64),
      },
      encoding: "utf8",
      timeout: 30_000,
    },
  );
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^error: refused: \[secret\] \| .*\[secret\]/m);
  assert.deepEqual(leaksIn(stdout + stderr, { token: secret }), []);
});
