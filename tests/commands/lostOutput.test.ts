// What becomes of a command whose reader is gone, or whose output finds no room. Does not prove
// that programs which a command calls on our own terminal (etcdctl, ssh) are as quiet.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { once } from "node:events";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { makeCheckout } from "./checkout.ts";

const checkout = makeCheckout();
after(() => checkout.remove());

let nobody: number;
before(async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  nobody = (server.address() as AddressInfo).port;
  server.close(); // from now on connections are refused
});

/** A command whose standard output is read by nobody, or is a full disk. */
async function call(args: readonly string[], to: "nobody" | "full disk", folder = checkout.folder) {
  const url = `http://127.0.0.1:${nobody}`;
  const env = checkout.env(["pulumi"], {
    "stack output --json --show-secrets --stack prod": {
      out: {
        discoveryDomain: "etcd.test",
        endpoints: { a: url },
        peerUrls: { a: url },
        sshUser: "admin",
      },
    },
  });
  const full = openSync("/dev/full", "w");
  const program = path.join(folder, "commands/run.mjs");
  const child = spawn(process.execPath, [program, ...args], {
    stdio: ["ignore", to === "nobody" ? "pipe" : full, "pipe"],
    env: { ...process.env, ...env },
  });
  closeSync(full);
  child.stdout?.destroy();
  let said = "";
  child.stderr?.on("data", (data: Buffer) => {
    said += data.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code, said };
}

const status = ["status", "--stack", "prod"];

test("status whose reader is gone ends with its verdict, and no stack trace", async () => {
  const { code, said } = await call(status, "nobody");
  assert.match(said, /^status: not healthy\n {2}no member accepted a write: does not answer/);
  assert.doesNotMatch(said, /EPIPE|\n +at /);
  assert.equal(code, 1);
});

test("status on a full disk says so in a sentence", async () => {
  const { code, said } = await call(status, "full disk");
  assert.match(said, /^status: not healthy\n/);
  assert.match(said, /\nstatus: its output could not be written \(ENOSPC: no space left.*\)\n$/);
  assert.doesNotMatch(said, /\n +at /);
  assert.equal(code, 1);
});

for (const name of readdirSync(path.join(projectDir, "commands"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))) {
  test(`${name}: a reader that is gone is no error`, async () => {
    assert.deepEqual(await call([name, "--help"], "nobody", projectDir), { code: 0, said: "" });
  });
}
