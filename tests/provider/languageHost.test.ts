// The CLI with its language host and dynamic provider host, on a program of one screen: what Node
// programs need from them. Where the official CLI is installed it is that one which is tested. Does
// not prove resource hooks and policy packs.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { type CommandError, run } from "../../lab/shell.ts";
import { cliVersion, ensureCli } from "../../lab/toolchain/cli.ts";
import { writeProgram } from "./programFolder.ts";

const program = `
import * as pulumi from "@pulumi/pulumi";
import { twice } from "./pure.ts";
const config = new pulumi.Config();
if (config.get("refuse"))
  throw new pulumi.RunError("nodes: 4 members tolerate as many failures as 3\\n  use 1, 3, 5 or 7");
const provider: pulumi.dynamic.ResourceProvider = {
  async create(inputs: { n: number }) {
    console.log("waiting for something");
    return { id: "one", outs: { result: twice(inputs.n), node: process.version } };
  },
};
class Doubled extends pulumi.dynamic.Resource {
  declare readonly result: pulumi.Output<number>;
  declare readonly node: pulumi.Output<string>;
  constructor(name: string, n: pulumi.Input<number>) {
    super(provider, name, { n, result: undefined, node: undefined }, {}, "test", "Doubled");
  }
}
const doubled = new Doubled("doubled", config.requireNumber("n"));
export const result = doubled.result;
export const node = doubled.node;
export const secret = config.requireSecret("word");
export const dryRun = pulumi.runtime.isDryRun();
`;
const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-lab-test-"));
let cli = "";

before(
  async () => {
    cli = await ensureCli(() => undefined);
    await writeProgram(folder, "hosted", program, {
      "pure.ts": "export const twice = (n: number) => 2 * n;\n",
    });
    await pulumi("stack", "init", "test");
    await pulumi("config", "set", "n", "21");
    await pulumi("config", "set", "--secret", "word", "open sesame");
  },
  { timeout: 900_000 },
);
after(() => fs.rm(folder, { recursive: true }));

test("the CLI is the SDK's version", async () => {
  assert.equal((await pulumi("version")).trim(), `v${cliVersion}`);
  const { version } = JSON.parse(
    await fs.readFile(path.join(projectDir, "node_modules/@pulumi/pulumi/package.json"), "utf8"),
  );
  assert.equal(version, cliVersion);
});

test(
  "up runs the program and its dynamic resource on Node 24, a second up changes nothing, " +
    "destroy removes all",
  async () => {
    const said = await pulumi("up", "--yes", "--skip-preview");
    assert.match(said, /waiting for something/);
    assert.deepEqual(JSON.parse(await pulumi("stack", "output", "--json")), {
      dryRun: false,
      node: process.version,
      result: 42,
      secret: "[secret]",
    });
    await pulumi("preview", "--expect-no-changes");
    await pulumi("destroy", "--yes", "--skip-preview");
    assert.equal((await pulumi("stack", "--show-ids")).includes("doubled"), false);
  },
);

test("what a program refuses is printed as it words it, without a stack", async () => {
  await pulumi("config", "set", "refuse", "yes");
  try {
    await assert.rejects(pulumi("preview"), (error: CommandError) => {
      assert.match(
        error.output,
        /nodes: 4 members tolerate as many failures as 3\n\s+use 1, 3, 5 or 7/,
      );
      assert.doesNotMatch(error.output, /at .*index\.ts:\d+|exited with code/);
      return true;
    });
  } finally {
    await pulumi("config", "rm", "refuse");
  }
});

test("a project without packages is told what to do", async () => {
  const empty = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-lab-test-"));
  try {
    const host = path.join(projectDir, "lab/toolchain/languageHost.mjs");
    await assert.rejects(
      run(process.execPath, [host, "127.0.0.1:1"], { cwd: empty }),
      /has no @pulumi\/pulumi in its node_modules; run npm ci there/,
    );
  } finally {
    await fs.rm(empty, { recursive: true });
  }
});

function pulumi(...args: string[]): Promise<string> {
  return run(path.join(cli, "pulumi"), [...args, "--non-interactive"], {
    cwd: folder,
    timeoutMs: 120_000,
    env: {
      PATH: [cli, path.dirname(process.execPath), process.env.PATH].join(":"),
      PULUMI_HOME: path.join(folder, "home"),
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_STACK: "test",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  });
}
