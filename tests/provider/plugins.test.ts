/**
 * The lab's plugins as the CLI finds and starts them. Does not prove that the CLI accepts them (the
 * lab tier does), and says nothing about what they do once started.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { credentials } from "@grpc/grpc-js";
import emptyPb from "google-protobuf/google/protobuf/empty_pb.js";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import providerGrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import { projectDir } from "../../lab/paths.ts";
import { installPlugins } from "../../lab/plugins/install.ts";
import { portOf } from "./pluginProcess.ts";
import { until } from "./until.ts";

let home: string;
before(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), "pulumi-home-"));
  await installPlugins(home);
});
after(async () => rm(home, { recursive: true }));

const names = ["aws", "cloudflare", "command"] as const;
const pin = async (name: string) =>
  (
    JSON.parse(
      await readFile(
        path.join(projectDir, "node_modules", "@pulumi", name, "package.json"),
        "utf8",
      ),
    ) as { version: string }
  ).version;
const launcher = async (name: string) =>
  path.join(home, "plugins", `resource-${name}-v${await pin(name)}`, `pulumi-resource-${name}`);

for (const name of names) {
  test(`${name}: starts from any folder, and says the version the SDK asks for`, async () => {
    const child = spawn(await launcher(name), ["127.0.0.1:1"], {
      cwd: os.tmpdir(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    const client = new providerGrpc.ResourceProviderClient(
      `127.0.0.1:${await portOf(child)}`,
      credentials.createInsecure(),
    );
    const info = await new Promise<PluginInfo>((resolve, reject) => {
      client.getPluginInfo(new emptyPb.Empty(), (error, answer) =>
        error ? reject(error) : resolve(answer),
      );
    });
    assert.equal(info.getVersion(), await pin(name));
    client.close();
    child.kill("SIGKILL");
    await once(child, "exit");
  });
}

test("a plugin ends when the engine that started it is gone", async () => {
  // The shell stands for the engine: it starts the plugin, tells its process id, and is killed.
  const engine = spawn(
    "sh",
    ["-c", `"${await launcher("command")}" 127.0.0.1:1 & echo "pid $!"; wait`],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  let output = "";
  engine.stdout.on("data", (data: Buffer) => {
    output += data.toString();
  });
  await until(
    () => /pid \d+/.test(output) && output.trim().split("\n").length === 2,
    "the plugin's port",
  );
  const plugin = Number(/pid (\d+)/.exec(output)?.[1]);
  engine.kill("SIGKILL");
  await until(() => !alive(plugin), "the plugin's end");
});

test("LAB_PLUGINS chooses; another word is refused", async () => {
  process.env.LAB_PLUGINS = "none";
  await assert.rejects(
    installPlugins(home),
    /LAB_PLUGINS: "lab" \(the default\) or "official" is possible \(got "none"\)/,
  );
  process.env.LAB_PLUGINS = "official";
  await installPlugins(home);
  for (const name of names)
    await assert.rejects(readFile(await launcher(name)), { code: "ENOENT" });
  delete process.env.LAB_PLUGINS;
  await installPlugins(home);
  for (const name of names)
    assert.match(await readFile(await launcher(name), "utf8"), /^#!\/bin\/sh\n/);
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
