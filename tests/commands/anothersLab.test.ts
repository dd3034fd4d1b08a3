// A user without root beside root's lab: every command that would use it says so at once. Does not
// prove what a user with sudo sees; the lab does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { makeCheckout } from "./checkout.ts";

const noRoot = process.getuid?.() === 0 ? false : "only root can become another user here";
const nobody = 65534;
const checkout = makeCheckout();
after(() => checkout.remove());
before(() => {
  const state = path.join(checkout.folder, ".lab/state/.pulumi/stacks/etcd");
  mkdirSync(state, { recursive: true });
  writeFileSync(path.join(state, "dev.json"), "{}", { mode: 0o600 });
  chmodSync(checkout.folder, 0o755);
});

for (const [command = "", ...args] of [
  ["status"],
  ["ssh", "a"],
  ["etcdctl", "get", "k"],
  ["sweep"],
  ["pulumi", "preview"],
  ["pulumi", "stack"],
  ["up"],
  ["down"],
  ["lab", "stop"],
]) {
  test(`${command} ${args.join(" ")}: one sentence at once`, { skip: noRoot }, async () => {
    const cache = path.join(checkout.folder, "cache");
    // Without run.mjs: a checkout below /root cannot be entered by another user, nor can its Node.
    const script = `process.setgid(${nobody}); process.setuid(${nobody});
      process.argv = [process.argv[0], "x", ...${JSON.stringify(args)}];
      await import(${JSON.stringify(path.join(checkout.folder, `commands/${command}.ts`))});`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...checkout.env(["pulumi"]), XDG_CACHE_HOME: cache },
    });
    let text = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (data: Buffer) => {
        text += data.toString();
      });
    const [code] = (await once(child, "close")) as [number | null];
    const called = command === "lab" ? "lab -- stop" : command;
    assert.match(
      text,
      new RegExp(
        `^${command}: the lab of this checkout belongs to root, and this user may not use it ` +
          `\\(.*\\.lab\\); type: sudo npm run ${called}, or work as its owner\\n$`,
      ),
    );
    assert.equal(code, 1);
    assert.equal(existsSync(cache), false, "something was built");
  });
}
