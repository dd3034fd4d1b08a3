/**
 * The record of a founding that the state has lost, under the real engine, with the lab's plugin
 * against scripted answers of EC2: it is written down again by the word of then, although members
 * have come and gone since. Does not prove that machines and etcd stay as they are:
 * tests/lab/oldState.test.ts does.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { installPlugins } from "../../lab/plugins/install.ts";
import { run } from "../../lab/shell.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { foundingWord } from "../../components/charter/founding.ts";
import { type Ec2Call, type FakeEc2, startFakeEc2 } from "./fakeEc2.ts";
import { writeProgram } from "./programFolder.ts";

/** A cluster as far as its founding goes: members are ids of machines and disks. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import { Provider } from "@pulumi/aws/provider.js";
import { FoundedOnce } from "${projectDir}/components/charter/foundedOnce.ts";
import { recordFounding } from "${projectDir}/components/charter/writeFounding.ts";
import { ChildOptions } from "${projectDir}/components/clusterContext.ts";
import { ClusterNames } from "${projectDir}/components/names.ts";
import { memberTags } from "${projectDir}/components/recovery/memberTag.ts";

class Made extends pulumi.dynamic.Resource {
  declare readonly word: pulumi.Output<string>;
  constructor(name: string, word: string, opts: pulumi.CustomResourceOptions) {
    super({ create: async (outs) => ({ id: "made", outs }) }, name, { word }, opts);
  }
}

class Cluster extends pulumi.ComponentResource {
  constructor() {
    super("test:index:Cluster", "etcd", {}, {
      providers: [new Provider("aws", {
        ...{ region: "us-east-1", accessKey: "lab", secretKey: "lab-secret-key" },
        endpoints: [{ ec2: process.env.TEST_EC2 }],
      })],
    });
    const names = new ClusterNames("etcd.test", true);
    const nothing = new pulumi.ResourceHook("etcd-heal", async () => undefined);
    const options = new ChildOptions(this, nothing);
    const { word: stackId } = new Made("etcd-stack-id", "111111111111", { parent: this });
    const foundedOnce = new FoundedOnce("etcd", names, this);
    foundedOnce.watch({ stackId, zoneId: "f".repeat(32) });
    const ownership = { comment: stackId, tags: {}, stackId };
    const context: any = { name: "etcd", names, ownership, options, foundedOnce };
    const gate = new Made("etcd-gate", "open", { parent: this });
    const members: any[] = (process.env.TEST_MEMBERS ?? "").split(" ").map((name) => ({
      name,
      node: {
        instance: { id: pulumi.output("i-" + name) },
        volume: { id: pulumi.output("vol-" + name) },
        privateIp: pulumi.output("10.0.0." + name.charCodeAt(0)),
      },
    }));
    const founding = recordFounding(context, members, gate);
    for (const { name, node } of members) memberTags(context, name, node, founding, gate);
  }
}
new Cluster();
`;
const record = "etcd-founding-volumes";
const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-founding-test-"));
const home = path.join(folder, "home");
let cli = "";
let ec2: FakeEc2;
/** The tag Member of each machine and disk, by id. */
const tags = new Map<string, string>();

before(
  async () => {
    cli = await ensureCli(() => undefined);
    await fs.mkdir(home);
    await installPlugins(home);
    await writeProgram(folder, "foundings", program);
    ec2 = await startFakeEc2();
    ec2.script = {
      CreateTags({ parameters }) {
        tags.set(parameters["ResourceId.1"] ?? "", parameters["Tag.1.Value"] ?? "");
        return "";
      },
      DescribeInstances: (call) =>
        items(
          "reservationSet",
          tagged("i-", call).map((id) => items("instancesSet", [`<instanceId>${id}</instanceId>`])),
        ),
      DescribeVolumes: (call) =>
        items(
          "volumeSet",
          tagged("vol-", call).map((id) => `<volumeId>${id}</volumeId>`),
        ),
    };
  },
  { timeout: 900_000 },
);
after(async () => {
  await ec2.close();
  await fs.rm(folder, { recursive: true });
});

const items = (name: string, inside: readonly string[]) =>
  `<${name}>${inside.map((one) => `<item>${one}</item>`).join("")}</${name}>`;

/** Ids that bear the tag Member, with the value that is asked for, if one is. */
function tagged(prefix: string, { parameters }: Ec2Call): string[] {
  const [key] = Object.entries(parameters).find(([, value]) => value === "tag:Member") ?? [""];
  const wanted = key && parameters[key.replace("Name", "Value.1")];
  return [...tags].flatMap(([id, value]) =>
    id.startsWith(prefix) && (!wanted || value === wanted) ? [id] : [],
  );
}

function pulumi(members: string, ...args: string[]): Promise<string> {
  return run(path.join(cli, "pulumi"), [...args, "--non-interactive"], {
    cwd: folder,
    timeoutMs: 120_000,
    env: {
      PATH: [cli, path.dirname(process.execPath), process.env.PATH].join(":"),
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_STACK: "first",
      TEST_EC2: ec2.endpoint,
      TEST_MEMBERS: members,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  });
}

interface State {
  deployment: { resources: { urn: string; outputs?: Record<string, unknown> }[] };
}

const state = async () => JSON.parse(await pulumi("", "stack", "export")) as State;
const up = (members: string) => pulumi(members, "up", "--yes", "--skip-preview");

async function founding(): Promise<Record<string, unknown>> {
  const { resources } = (await state()).deployment;
  return resources.find(({ urn }) => urn.endsWith(`::${record}`))?.outputs ?? {};
}

/** Takes the record out of the state, and out of what names it. */
async function forget(): Promise<void> {
  const text = JSON.stringify(await state(), (_key, value: unknown) =>
    Array.isArray(value)
      ? value.filter((one: { urn?: string } | string) =>
          [typeof one === "string" ? one : one?.urn].every((urn) => !urn?.endsWith(record)),
        )
      : value,
  );
  await fs.writeFile(path.join(folder, "edited.json"), text);
  await pulumi("", "stack", "import", "--file", path.join(folder, "edited.json"));
}

test("a record that was lost after all founders left: the same word, and no ticket", async () => {
  await pulumi("", "stack", "init", "first");
  await up("a b");
  const word = await foundingWord({ a: "vol-a", b: "vol-b" });
  assert.equal((await founding()).founding, word);
  await up("c d");
  for (const id of ["i-a", "i-b", "vol-a", "vol-b"]) tags.delete(id); // the machines are gone
  assert.deepEqual([...new Set(tags.values())], [word]);

  await forget();
  assert.deepEqual(await founding(), {});
  const said = await up("c d");
  const { founding: again, founders } = await founding();
  assert.equal(again, word, said);
  assert.deepEqual(founders, { c: "10.0.0.99", d: "10.0.0.100" }, "no machine may found");
  assert.deepEqual([...new Set(tags.values())], [word]);
  await pulumi("c d", "preview", "--expect-no-changes");
});
