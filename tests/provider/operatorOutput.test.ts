// The operator's new certificate is among a stack's outputs when a later step of that run fails,
// because a machine is away; and what a refresh does to a certificate: with the CLI, on a program
// of our certificates and one stand-in for a machine. Does not prove that the cluster's resources
// wait for the operator's certificate: tests/components/etcdCluster does.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, test } from "node:test";
import { projectDir } from "../../lab/paths.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { writeProgram } from "./programFolder.ts";

const program = `
import * as pulumi from "@pulumi/pulumi";
import { ChildOptions } from "${projectDir}/components/clusterContext.ts";
import { ClusterNames } from "${projectDir}/components/names.ts";
import { clusterPki } from "${projectDir}/components/pki/clusterPki.ts";
const config = new pulumi.Config();
const standIn: pulumi.dynamic.ResourceProvider = {
  async create(inputs) { return { id: "stand-in", outs: inputs }; },
  async diff(_id, olds, news) { return { changes: olds.days !== news.days }; },
  async update(_id, _olds, news) {
    if (news.away) throw new Error("the machine is away");
    return { outs: news };
  },
};
class StandIn extends pulumi.dynamic.Resource {
  constructor(name: string, inputs: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
    super(standIn, name, inputs, opts);
  }
}
const parent = new pulumi.ComponentResource("test:index:Cluster", "etcd");
const noMembers = new pulumi.ResourceHook("none", async () => {});
const options = new ChildOptions(parent, noMembers);
const names = new ClusterNames("etcd.test", true);
const context = { name: "etcd", names, options, foundedOnce: { noMembers } };
const renewal = {
  certificateDays: config.requireNumber("days"),
  renewBeforeDays: config.requireNumber("before"),
  authority: undefined,
};
const pki = clusterPki(context as never, renewal);
const away = config.getBoolean("away") ?? false;
const dependsOn = [pki.operatorCertificate];
new StandIn("machine", { days: renewal.certificateDays, away }, { parent, dependsOn });
export const clientCertificate = pki.operator.certificate;
export const clientPrivateKey = pki.operator.privateKey;
`;
const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-lab-test-"));
let cli = "";
/** Answers late: a run that did not wait would be over. */
const service: Server = createServer((_request, response) => {
  setTimeout(() => response.writeHead(404).end(), 500);
});

before(
  async () => {
    cli = await ensureCli(() => undefined);
    await writeProgram(folder, "etcd", program);
    await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
    await pulumi("stack", "init", "test");
    await settings({
      "cloudflare:baseUrl": `http://127.0.0.1:${(service.address() as AddressInfo).port}`,
      days: "100",
      before: "0",
    });
    await pulumi("up", "--yes", "--skip-preview");
  },
  { timeout: 900_000 },
);
after(async () => {
  service.close();
  await fs.rm(folder, { recursive: true });
});

test("a machine is away when certificates are due: the operator's new one is there", async () => {
  const olds = await outputs();
  await settings({ days: "300", before: "200", away: "true" });
  await assert.rejects(
    pulumi("up", "--yes", "--skip-preview"),
    (e: unknown) => e instanceof CommandError && e.output.includes("the machine is away"),
  );
  const news = await outputs();
  assert.notEqual(news.clientCertificate, olds.clientCertificate, "the old one is still there");
  assert.equal(news.clientCertificate, (await operatorInState()).certificate);
  assert.equal(news.clientPrivateKey, olds.clientPrivateKey);
  await settings({ away: "false" });
  await pulumi("up", "--yes", "--skip-preview");
  assert.deepEqual(await outputs(), news);
});

test("a refresh shows certificates that are due, keeps their keys secret, and heals", async () => {
  await pulumi("refresh", "--yes", "--skip-preview", "--expect-no-changes");
  await age();
  await assert.rejects(pulumi("preview", "--refresh", "--expect-no-changes"));
  await pulumi("refresh", "--yes", "--skip-preview");
  const { due, privateKey } = await operatorInState();
  assert.equal(due, true);
  assert.equal(typeof privateKey, "object", "the key is in the state in the open");
  await pulumi("up", "--yes", "--skip-preview");
  assert.equal((await operatorInState()).due, false);
  await pulumi("preview", "--expect-no-changes");
});

interface State {
  deployment: { resources: { urn: string; outputs: Record<string, unknown> }[] };
}
const operatorOf = ({ deployment }: State): Record<string, unknown> =>
  deployment.resources.find(({ urn }) => urn.endsWith("::etcd-operator-certificate"))!.outputs;

/** What the state holds of the operator's certificate. */
async function operatorInState(): Promise<Record<string, unknown>> {
  return operatorOf(JSON.parse(await pulumi("stack", "export")) as State);
}

/** Lets the operator's certificate end soon, as far as the state knows. */
async function age(): Promise<void> {
  const state = JSON.parse(await pulumi("stack", "export")) as State;
  operatorOf(state).notAfter = new Date(Date.now() + 86_400_000).toISOString();
  const file = path.join(folder, "aged.json");
  await fs.writeFile(file, JSON.stringify(state));
  await pulumi("stack", "import", "--file", file);
}

async function outputs(): Promise<Record<string, unknown>> {
  return JSON.parse(await pulumi("stack", "output", "--json", "--show-secrets"));
}

async function settings(values: Readonly<Record<string, string>>): Promise<void> {
  for (const [key, value] of Object.entries(values)) await pulumi("config", "set", key, value);
}

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
