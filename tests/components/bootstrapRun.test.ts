// The bootstrap script, run in a folder with stand-ins for systemd, cloud-init, apt and Chef. Does
// not prove the real ones, nor SSH: tests/lab does.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { describe, test } from "node:test";
import { machine, until } from "./bootstrapMachine.ts";

describe("bootstrap", { concurrency: true }, () => {
  test("converges, keeps its files to root, and does not do it twice", async () => {
    const m = await machine();
    const first = await m.run();
    assert.deepEqual([first.code, first.err], [0, ""]);
    assert.match(first.out, /^node-a converged in \d+ s\n$/);
    assert.deepEqual(await m.calls(), [
      "cloud-init status --wait",
      "cinc-client -z -c client.rb -j node.json in 0022",
    ]);
    const run = path.join(
      m.base,
      (await fs.readdir(m.base)).find((name) => /^[0-9a-f]{12}$/.test(name)) ?? "",
    );
    assert.deepEqual(JSON.parse(await fs.readFile(path.join(run, "node.json"), "utf8")), {
      etcd: { domain: "etcd.test" },
    });
    assert.ok((await fs.readdir(path.join(run, "cookbooks/etcd/recipes"))).includes("default.rb"));
    for (const file of [
      m.base,
      run,
      path.join(run, "node.json"),
      path.join(m.base, "converge.log"),
    ])
      assert.equal((await fs.stat(file)).mode & 0o077, 0, file);
    const calls = await m.calls();
    const second = await m.run();
    assert.deepEqual(
      [second.code, second.out],
      [0, "node-a has converged with these inputs before, and etcd is running\n"],
    );
    assert.equal(calls.length, 2);
    assert.deepEqual(await m.calls(), calls, "it started something");
  });

  test("converges again when etcd is down, without the attributes Chef kept", async () => {
    const m = await machine();
    await m.run();
    await fs.rm(path.join(m.here, "etcd-runs"));
    assert.equal((await m.run()).code, 0);
    assert.equal((await m.calls()).filter((call) => call.startsWith("cinc-client")).length, 2);
    assert.ok(
      !(await fs.readFile(path.join(m.base, "converge.log"), "utf8")).includes(
        "nodes is still here",
      ),
    );
  });

  test("a failure ends with this run's log and where to look; the next try runs", async () => {
    const m = await machine();
    await m.run();
    await m.set("chef-exit", "1");
    const run = await m.run({ nodeJson: { etcd: { domain: "other.test" } } });
    assert.equal(run.code, 1);
    assert.match(
      run.err,
      /^The converge of node-a failed \(exit 1\)\. The end of its log:\n\S+ converge [0-9a-f]{12} begins\nline of the converge\na resource failed\nThe whole log, on the node: sudo less .*\/converge\.log\n$/,
    );
    // Going back to inputs that worked before is a change too.
    await m.set("chef-exit", "0");
    assert.match((await m.run()).out, /converged in/);
    assert.equal((await m.calls()).filter((call) => call.startsWith("cinc-client")).length, 3);
  });

  test("a second run while the first is busy waits for the same converge", async () => {
    const m = await machine();
    await m.set("hold", "");
    const first = m.run();
    await until("the client runs", async () =>
      (await m.calls()).some((call) => call.startsWith("cinc-client")),
    );
    const second = m.run({}, (out) => {
      if (out.includes("waiting for it")) void fs.rm(path.join(m.here, "hold"), { force: true });
    });
    assert.match(
      (await second).out,
      /^a converge with the same inputs is running on node-a; waiting for it\nnode-a converged/,
    );
    assert.equal((await first).code, 0);
    assert.equal((await m.calls()).filter((call) => call.startsWith("cinc-client")).length, 1);
  });

  test("other inputs wait for their turn", async () => {
    const m = await machine();
    await m.set("hold", "");
    const first = m.run();
    await until("the client runs", async () =>
      (await m.calls()).some((call) => call.startsWith("cinc-client")),
    );
    const second = m.run({ nodeJson: { etcd: { domain: "other.test" } } });
    await until("the second waits", async () =>
      (await fs.readFile(path.join(m.base, "converge.log"), "utf8")).includes(
        "another converge is running; waiting for it",
      ),
    );
    assert.equal((await m.calls()).filter((call) => call.startsWith("cinc-client")).length, 1);
    await fs.rm(path.join(m.here, "hold"));
    assert.deepEqual([(await first).code, (await second).code], [0, 0]);
    assert.equal((await m.calls()).filter((call) => call.startsWith("cinc-client")).length, 2);
  });

  test("each converge finds its own certificate, whatever another leaves or takes", async () => {
    const m = await machine();
    const pki = (name: string) => ({
      ca: `${name} ca`,
      certificate: `${name} certificate`,
      privateKey: `${name} key`,
    });
    await fs.writeFile(
      path.join(m.here, "bin/cinc-client"),
      `#!/bin/bash\necho "cinc-client $(cat "${m.base}/pki/member.crt")" >> ` +
        `"$HERE/calls"; while [ -e "$HERE/hold" ]; do sleep 0.05; done; touch ` +
        `"$HERE/etcd-runs"\n`,
      { mode: 0o755 },
    );
    await m.set("hold", "");
    const first = m.run({ pki: pki("first") });
    await until("the client runs", async () =>
      (await m.calls()).some((call) => call.startsWith("cinc-client")),
    );
    const second = m.run({ pki: pki("second") });
    await until("the second waits", async () =>
      (await fs.readFile(path.join(m.base, "converge.log"), "utf8")).includes(
        "another converge is running; waiting for it",
      ),
    );
    await fs.rm(path.join(m.here, "hold"));
    assert.deepEqual([(await first).code, (await second).code], [0, 0]);
    assert.deepEqual(
      (await m.calls()).filter((call) => call.startsWith("cinc-client")),
      ["cinc-client first certificate", "cinc-client second certificate"],
    );
    const left = (await fs.readdir(m.base, { recursive: true })).filter(
      (name) => /pki|member/.test(name) && !name.includes("cookbooks"),
    );
    assert.deepEqual(left, [], "a key stays where nobody needs it");
  });

  test("a converge that was killed is a failure, not a wait without end", async () => {
    const m = await machine();
    await m.set("hold", "");
    const run = m.run();
    await until("the client runs", async () =>
      (await m.calls()).some((call) => call.startsWith("cinc-client")),
    );
    const unit = (await fs.readdir(m.here)).find((name) => name.startsWith("unit-")) ?? "";
    process.kill(-Number(await fs.readFile(path.join(m.here, unit), "utf8")), "SIGKILL");
    assert.match((await run).err, /^The converge of node-a failed \(killed\)/);
    assert.equal((await run).code, 1);
  });

  test("cloud-init: a warning is no reason to stop, nor is an error, which is said", async () => {
    const degraded = await machine();
    await degraded.set("cloud-init-exit", "2");
    assert.match((await degraded.run()).out, /^node-a converged in \d+ s\n$/);
    const broken = await machine();
    await broken.set("cloud-init-exit", "1");
    const { code, out } = await broken.run();
    assert.equal(code, 0);
    assert.match(
      out,
      /^warning: node-a: cloud-init ended with an error: exit 1; see: cloud-init status --long\n/,
    );
    assert.ok((await broken.calls()).some((call) => call.startsWith("cinc-client")));
  });

  test("cloud-init is not asked when its result is there and without an error", async () => {
    const done = await machine();
    await done.set(
      "result.json",
      '{\n "v1": {\n  "datasource": "DataSourceEc2",\n  "errors": []\n }\n}\n',
    );
    await done.set("cloud-init-exit", "1");
    assert.equal((await done.run()).code, 0);
    assert.deepEqual(await done.calls(), ["cinc-client -z -c client.rb -j node.json in 0022"]);
    const failed = await machine();
    await failed.set(
      "result.json",
      '{\n "v1": {\n  "datasource": "DataSourceEc2",\n  "errors": [\n   ' +
        "\"('scripts-user', RuntimeError())\"\n  ]\n }\n}\n",
    );
    await failed.set("cloud-init-exit", "1");
    assert.match(
      (await failed.run()).out,
      /^warning: node-a: cloud-init ended with an error: "\('scripts-user', RuntimeError\(\)\)"; see/,
    );
  });

  const packageSha256 = createHash("sha256").update("package\n").digest("hex");
  test("a package is fetched, compared with its digest, installed once", async () => {
    const m = await machine();
    const chef = {
      product: "cinc" as const,
      version: "18.8.54",
      packageUrl: "https://packages.test/cinc.deb",
      packageSha256,
    };
    assert.equal((await m.run({ chef })).code, 0);
    const calls = await m.calls();
    assert.ok(
      calls.some(
        (call) => call.startsWith("curl") && call.endsWith("https://packages.test/cinc.deb"),
      ),
      calls.join("\n"),
    );
    assert.ok(
      calls.some((call) =>
        /^apt-get .*DPkg::Lock::Timeout=300.* install -y -q .*client\.deb$/.test(call),
      ),
      calls.join("\n"),
    );
    await fs.rm(path.join(m.here, "etcd-runs"));
    assert.equal((await m.run({ chef })).code, 0);
    assert.equal((await m.calls()).filter((call) => call.startsWith("apt-get")).length, 1);
  });

  test("a package with another digest is not installed", async () => {
    const m = await machine();
    const run = await m.run({
      chef: {
        product: "cinc",
        version: "18.8.54",
        packageUrl: "https://packages.test/cinc.deb",
        packageSha256: "0".repeat(64),
      },
    });
    assert.equal(run.code, 1);
    assert.match(run.err, /client\.deb: FAILED/);
    assert.ok(!(await m.calls()).some((call) => call.startsWith("apt-get")));
  });
});
