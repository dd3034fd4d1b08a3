/**
 * The claim under the real engine, with the lab's plugin and its Cloudflare emulator in this
 * process: what two stacks that want the same names see, and what is made and not made then. Does
 * not prove that the cluster's own resources wait for the claim (tests/components/clusterShapes
 * does), nor that Cloudflare answers like its emulator.
 */
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { otherZone, zone } from "../../lab/addresses.ts";
import { cloudflareApp } from "../../lab/cloudflare/app.ts";
import { RecordStore } from "../../lab/cloudflare/store.ts";
import type { ApiRequest } from "../../lab/faults.ts";
import { listen, type Listening } from "../../lab/httpServer.ts";
import { projectDir } from "../../lab/paths.ts";
import { installPlugins } from "../../lab/plugins/install.ts";
import { type CommandError, run } from "../../lab/shell.ts";
import { ensureCli } from "../../lab/toolchain/cli.ts";
import { writeProgram } from "./programFolder.ts";

/** A cluster of two as far as names go, and a thing without a name beside them. */
const program = `
import * as pulumi from "@pulumi/pulumi";
import { DnsRecord } from "@pulumi/cloudflare/dnsRecord.js";
import { claimOf } from "${projectDir}/components/claim/claim.ts";
import { ChildOptions } from "${projectDir}/components/clusterContext.ts";
import { addressRecord } from "${projectDir}/components/dns/records.ts";
import { ClusterNames } from "${projectDir}/components/names.ts";
import { healBeforeCreate } from "${projectDir}/components/recovery/beforeCreate.ts";

const maker: pulumi.dynamic.ResourceProvider = {
  create: async ({ mark }) => ({ id: "made", outs: { mark, comment: mark } }),
};
/** Its comment is not known in a first preview, as a stack's mark is not. */
class Made extends pulumi.dynamic.Resource {
  declare readonly comment: pulumi.Output<string>;
  constructor(name: string, mark: string, opts: pulumi.CustomResourceOptions) {
    super(maker, name, { comment: undefined, mark }, opts);
  }
}

class Cluster extends pulumi.ComponentResource {
  constructor() {
    super("test:index:Cluster", "etcd");
    const options = new ChildOptions(this, healBeforeCreate("etcd", this));
    const names = new ClusterNames(process.env.TEST_DOMAIN ?? "", true);
    const { comment } = new Made("etcd-mark", process.env.TEST_MARK ?? "", { parent: this });
    const settings: any = { zoneId: process.env.TEST_ZONE, ttl: 60, nodes: { a: {}, b: {} } };
    const ownership = { comment, tags: {}, stackId: comment };
    const claim = claimOf({ name: "etcd", names, ownership, options }, settings);
    const later = options.after(claim).with();
    new Made("etcd-nameless", "none", later);
    for (const [member, address] of [["a", "10.0.0.1"], ["b", "10.0.0.2"]])
      new DnsRecord(
        "etcd-" + member + "-address",
        {
          zoneId: settings.zoneId,
          ttl: 60,
          comment,
          ...addressRecord(names.hostname(member), address),
        },
        later,
      );
  }
}
new Cluster();
`;
const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-claim-test-"));
const home = path.join(folder, "home");
const marks = {
  first: "pulumi claims/first 111111111111",
  second: "pulumi claims/second 222222222222",
};
type Stack = keyof typeof marks;

let cli = "";
let domain = "";
let zoneId: string;
let store: RecordStore;
/** The records of the account's other zone. */
let elsewhere: RecordStore;
let api: Listening;
/** Sees each request before the emulator does; true refuses it with 403. */
let watch: (request: ApiRequest) => boolean = () => false;

before(
  async () => {
    cli = await ensureCli(() => undefined);
    await fs.mkdir(home);
    await installPlugins(home);
    await writeProgram(folder, "claims", program);
    emptyZones();
    const app = cloudflareApp({
      stores: [present(() => store), present(() => elsewhere)],
      takeFailure: (request) => (watch(request) ? { kind: "api-fault", status: 403 } : undefined),
      log: () => undefined,
    });
    api = await listen("The Cloudflare emulator", app.fetch, "127.0.0.1", 0);
  },
  { timeout: 900_000 },
);
after(async () => {
  await api.close();
  await fs.rm(folder, { recursive: true });
});
beforeEach(async () => {
  emptyZones();
  zoneId = zone.id;
  watch = () => false;
  await fs.rm(path.join(folder, "state"), { recursive: true });
  await fs.mkdir(path.join(folder, "state"));
});

function emptyZones(): void {
  store = new RecordStore([], () => undefined);
  elsewhere = new RecordStore([], () => undefined, undefined, otherZone);
}

/** The store of the present test. */
function present(which: () => RecordStore): RecordStore {
  return new Proxy({} as RecordStore, {
    get: (_, key) => {
      const value: unknown = Reflect.get(which(), key);
      return typeof value === "function" ? value.bind(which()) : value;
    },
  });
}

const claim = "_etcd-on-ec2.etcd.test";
const content = '"etcd cluster of one owner; its comment names it"';
const names = () => store.list().map(({ name, type }) => `${name} ${type}`);
const add = (name: string, type: string, content: string, comment?: string) =>
  store.create({ name, type, content, ttl: 1, comment, proxied: false });
const up = ["up", "--yes", "--skip-preview"];
/** What a token without Zone:Read is refused. */
const zoneItself = ({ path: route }: ApiRequest) => /\/zones\/\w+$/.test(route);

test("names that nobody has: claimed first, and again after a replacement; gone last", async () => {
  await newStack("first", "etcd.test");
  await pulumi("first", "preview");
  assert.deepEqual(names(), []);
  await pulumi("first", ...up);
  assert.deepEqual(names().sort(), [`${claim} TXT`, "a.etcd.test A", "b.etcd.test A"]);
  assert.equal(names()[0], `${claim} TXT`);
  const made = store.list()[0];
  assert.deepEqual([made?.content, made?.comment], [content, marks.first]);
  await pulumi("first", "preview", "--refresh", "--expect-no-changes");
  await pulumi("first", ...up, "--replace", "**etcd-claim");
  assert.equal(names().length, 3);
  const gone: string[] = [];
  watch = ({ method, path: route }) => {
    const record = store.list().find(({ id }) => route.endsWith(id));
    if (method === "DELETE" && record) gone.push(record.name);
    return false;
  };
  await pulumi("first", "destroy", "--yes", "--skip-preview");
  assert.equal(gone.at(-1), claim);
  assert.deepEqual(names(), []);
});

test("somebody else's records and a wildcard: all named at once, in preview, too", async () => {
  add("b.etcd.test", "A", "203.0.113.9", "website");
  add("*.etcd.test", "CNAME", "lb.example.com");
  await newStack("first", "etcd.test");
  for (const command of [["preview"], up]) {
    const said = await refused("first", ...command);
    assert.match(
      said,
      /b\.etcd\.test A 203\.0\.113\.9[^]*\*\.etcd\.test CNAME lb\.example\.com: ans/,
    );
    assert.match(
      said,
      /with the comment "website"[^]*curl -X DELETE [^\n]*dns_records\/[0-9a-f]{32}/,
    );
  }
  assert.deepEqual(names(), ["b.etcd.test A", "*.etcd.test CNAME"]);
  assert.deepEqual(await made("first"), ["etcd", "etcd-mark"]);
});

test("a second stack is told of the first, and changes nothing of it", async () => {
  await newStack("first", "etcd.test");
  await pulumi("first", ...up);
  const before = store.list();
  await newStack("second", "etcd.test");
  for (const command of [["preview"], up]) {
    const said = await refused("second", ...command);
    assert.match(said, /of the stack claims\/first \(pulumi claims\/first 111111111111\)/);
    assert.match(said, /_etcd-on-ec2\.etcd\.test TXT/);
    assert.match(said, /npm run sweep -- --stack first/);
  }
  assert.deepEqual(store.list(), before);
  assert.deepEqual(await made("second"), ["etcd", "etcd-mark"]);
});

test("of two that look at the same moment the second is refused, and told by whom", async () => {
  await newStack("second", "etcd.test");
  watch = ({ method }) => {
    if (method === "POST" && !store.list().length) add(claim, "TXT", content, marks.first);
    return false;
  };
  assert.match(await refused("second", ...up), /81058[^]*An identical record already exists/);
  assert.deepEqual(names(), [`${claim} TXT`]);
  assert.match(await refused("second", ...up), /of the stack claims\/first/);
  assert.deepEqual(await made("second"), ["etcd", "etcd-mark"]);
});

test("our mark is in nobody's way; a claim that a killed run left is made anew", async () => {
  add("b.etcd.test", "A", "10.0.0.2", marks.first);
  const left = add(claim, "TXT", content, marks.first);
  await newStack("first", "etcd.test");
  await pulumi("first", ...up);
  assert.deepEqual(names().sort(), [`${claim} TXT`, "a.etcd.test A", "b.etcd.test A"]);
  assert.ok(!store.list().some(({ id }) => id === left.id));
});

test("a domain outside the zone is refused, and the correction works", async () => {
  await newStack("first", "etcd.example.org");
  for (const command of [["preview"], up])
    assert.match(
      await refused("first", ...command),
      /domain: etcd\.example\.org does not lie in the zone etcd\.test/,
    );
  assert.deepEqual(names(), []);
  domain = "etcd.test";
  await pulumi("first", ...up);
  assert.equal(names().length, 3);
});

test("with a token that may not read the zone the claim itself tells, each time", async () => {
  watch = zoneItself;
  await newStack("first", "etcd.example.org");
  const outside = /domain: etcd\.example\.org does not lie in the zone etcd\.test \(zoneId \w+\)/;
  assert.match(await refused("first", ...up), outside);
  assert.deepEqual(await made("first"), ["etcd", "etcd-claim", "etcd-mark"]);
  assert.deepEqual(names(), [`_etcd-on-ec2.etcd.example.org.etcd.test TXT`]);
  assert.match(await refused("first", ...up), outside);
  assert.equal(names().length, 1);
  domain = "etcd.test";
  await pulumi("first", ...up);
  assert.deepEqual(names().sort(), [`${claim} TXT`, "a.etcd.test A", "b.etcd.test A"]);
});

test("the id of another zone of the account is refused, and the correction works", async () => {
  zoneId = otherZone.id;
  await newStack("first", "etcd.test");
  for (const command of [["preview"], up])
    assert.match(
      await refused("first", ...command),
      /domain: etcd\.test does not lie in the zone example\.test \(zoneId 0e7cd1ab\w+bad\)/,
    );
  assert.deepEqual(await made("first"), ["etcd", "etcd-mark"]);
  assert.deepEqual([...names(), ...elsewhere.list()], []);
  zoneId = zone.id;
  await pulumi("first", ...up);
  assert.deepEqual(names().sort(), [`${claim} TXT`, "a.etcd.test A", "b.etcd.test A"]);
  assert.deepEqual(elsewhere.list(), []);
});

test("a claim in another zone, by a token that reads none: gone when corrected", async () => {
  watch = zoneItself;
  zoneId = otherZone.id;
  await newStack("first", "etcd.test");
  assert.match(
    await refused("first", ...up),
    /domain: etcd\.test does not lie in the zone example\.test \(zoneId 0e7cd1ab\w+bad\)/,
  );
  assert.deepEqual(await made("first"), ["etcd", "etcd-claim", "etcd-mark"]);
  assert.deepEqual(
    elsewhere.list().map(({ name, type }) => `${name} ${type}`),
    [`${claim}.example.test TXT`],
  );
  zoneId = zone.id;
  await pulumi("first", ...up);
  assert.deepEqual(elsewhere.list(), []);
  assert.deepEqual(names().sort(), [`${claim} TXT`, "a.etcd.test A", "b.etcd.test A"]);
});

test("a claim that was removed by hand: no name is made without it", async () => {
  await newStack("first", "etcd.test");
  await pulumi("first", ...up);
  store.delete(store.list()[0]?.id ?? "");
  const said = await refused("first", ...up, "--replace", "**etcd-a-address");
  assert.match(
    said,
    /_etcd-on-ec2\.etcd\.test TXT, by which [^]* `pulumi up --refresh` makes it again/,
  );
  await pulumi("first", "up", "--yes", "--skip-preview", "--refresh");
  assert.deepEqual(names().sort(), [`${claim} TXT`, "a.etcd.test A", "b.etcd.test A"]);
});

/** Logical names in the state, but for the stack itself and providers. */
async function made(stack: Stack): Promise<string[]> {
  return (await resources(stack)).map((urn) => urn.split("::").at(-1) ?? "").sort();
}

async function resources(stack: Stack): Promise<string[]> {
  const { deployment } = JSON.parse(await pulumi(stack, "stack", "export")) as {
    deployment: { resources?: { urn: string }[] };
  };
  const urns = (deployment.resources ?? []).map(({ urn }) => urn);
  return urns.filter((urn) => !/pulumi:(pulumi:Stack|providers:)/.test(urn));
}

async function newStack(stack: Stack, itsDomain: string): Promise<void> {
  domain = itsDomain;
  await pulumi(stack, "stack", "init", stack);
}

async function refused(stack: Stack, ...args: string[]): Promise<string> {
  return pulumi(stack, ...args).then(
    (said) => assert.fail(`not refused:\n${said}`),
    (error: CommandError) => error.output,
  );
}

function pulumi(stack: Stack, ...args: string[]): Promise<string> {
  return run(path.join(cli, "pulumi"), [...args, "--non-interactive"], {
    cwd: folder,
    timeoutMs: 120_000,
    env: {
      PATH: [cli, path.dirname(process.execPath), process.env.PATH].join(":"),
      PULUMI_HOME: home,
      PULUMI_BACKEND_URL: `file://${folder}/state`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_STACK: stack,
      TEST_DOMAIN: domain,
      TEST_ZONE: zoneId,
      TEST_MARK: marks[stack],
      CLOUDFLARE_BASE_URL: `http://127.0.0.1:${api.port}/client/v4`,
      CLOUDFLARE_API_TOKEN: zone.apiToken,
      PULUMI_SKIP_UPDATE_CHECK: "true",
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    },
  });
}
