// status, etcdctl and ssh on a stack that is not the lab's, with programs on PATH that answer as
// the Pulumi CLI 3.259.0 does (its words were taken from it). Does not prove that the CLI goes on
// saying so, nor that certificates open real members: tests/lab/access does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import * as path from "node:path";
import { after, test } from "node:test";
import { Etcd3 } from "etcd3";
import { waitForHealth } from "../../components/health/clusterHealth.ts";
import { markerKey } from "../../components/health/etcdProbe.ts";
import { identityKey } from "../../components/health/memory.ts";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { startMembers } from "../etcd/etcdProcesses.ts";
import { type Answers, makeCheckout } from "./checkout.ts";

const checkout = makeCheckout();
after(() => checkout.remove());

const outputs = {
  discoveryDomain: "etcd.test",
  endpoints: { a: "https://10.9.0.4:2379", b: "https://10.9.16.4:2379" },
  peerUrls: { a: "https://a.etcd.test:2380", b: "https://b.etcd.test:2380" },
  sshUser: "admin",
  hostKeys: { a: "ssh-ed25519 AAAAkeyOfA" },
  caCertificate: "the CA",
  clientCertificate: "the operator",
  clientPrivateKey: "the operator's key",
};
const ask = "stack output --json --show-secrets --stack prod";
const stacks = { "stack ls --json": { out: [{ name: "staging" }, { name: "old" }] } };
const failing = (err: string): Answers => ({ [ask]: { err: `error: ${err}\n`, code: 255 } });
const config = (settings: Readonly<Record<string, unknown>>, name = "prod"): Answers => ({
  [`config --json --stack ${name}`]: { out: settings },
});
const anywhere = [/^[a-z]+: [^\n]+\n$/, /^(?!.*at .*\.ts:\d)/s];

interface Refusal {
  readonly what: string;
  readonly args: readonly string[];
  readonly tools?: readonly string[];
  readonly answers?: Answers;
  readonly says: RegExp;
}
const status = ["status", "--stack", "prod"];
const refusals: readonly Refusal[] = [
  {
    what: "no pulumi on PATH",
    args: status,
    tools: [],
    says: /^status: there is no `pulumi` on PATH to look for the stack prod with; install the Pulumi CLI 3\.259\.0 \(https:.*\) and log in\n/,
  },
  {
    what: "no pulumi on PATH, no lab and no name",
    args: ["status"],
    tools: [],
    says: /^status: the lab has no cluster here, and there is no `pulumi` on PATH .*npm run up makes the lab's; for one of your own: .*npm run status -- --stack NAME\n/,
  },
  {
    what: "not logged in",
    args: status,
    answers: failing(
      "PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
    ),
    says: /^status: `pulumi` is not logged in, so the stack prod cannot be looked for; type: pulumi login/,
  },
  {
    what: "no such stack",
    args: status,
    answers: { ...failing("no stack named 'prod' found"), ...stacks },
    says: /^status: there is no stack prod where `pulumi` is logged in; there are staging, old\n/,
  },
  {
    what: "no such stack, and no other",
    args: status,
    answers: { ...failing("no stack named 'prod' found"), "stack ls --json": { out: [] } },
    says: /there is none of this project; another login or PULUMI_BACKEND_URL may know it\n/,
  },
  {
    what: "no stack selected",
    args: ["status"],
    answers: {
      "stack --show-name": {
        err: "error: no stack selected; please use `pulumi stack select`",
        code: 255,
      },
      ...stacks,
    },
    says: /^status: the lab has no cluster here, and no stack is selected in your `pulumi`; npm run up .* add: --stack NAME; there are staging, old\n/,
  },
  {
    what: "a stack that was never upped",
    args: status,
    answers: { [ask]: { out: {} } },
    says: /^status: the stack prod has no cluster that could be looked at \(it has no outputs yet\); pulumi up --stack prod makes it/,
  },
  {
    what: "outputs without what is needed",
    args: status,
    answers: { [ask]: { out: { ...outputs, endpoints: {}, clientPrivateKey: undefined } } },
    says: /\(it lacks endpoints among its outputs\); pulumi up --stack prod/,
  },
  {
    what: "TLS without the operator's key",
    args: status,
    answers: { [ask]: { out: { ...outputs, clientPrivateKey: undefined } } },
    says: /\(it lacks clientPrivateKey among its outputs\)/,
  },
  {
    what: "a passphrase that is not set",
    args: status,
    answers: failing(
      "passphrase must be set with PULUMI_CONFIG_PASSPHRASE or " +
        "PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
    ),
    says: /^status: the secrets of the stack prod are locked; set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE/,
  },
  {
    what: "another passphrase",
    args: status,
    answers: failing("incorrect passphrase"),
    says: /^status: the secrets of the stack prod stay locked: .* another passphrase than theirs/,
  },
  {
    what: "no etcdctl on PATH",
    args: ["etcdctl", "--stack", "prod", "member", "list"],
    answers: {
      [ask]: { out: outputs },
      "config get etcdVersion --stack prod": { out: "3.6.14" },
    },
    says: /^etcdctl: there is no `etcdctl` on PATH; the stack prod has etcd 3\.6\.14, .*npm run ssh -- --stack prod NODE\n/,
  },
  {
    what: "an unknown member",
    args: ["ssh", "--stack", "prod", "z"],
    answers: {
      [ask]: { out: outputs },
      ...config({ "etcd:sshPrivateKeyFile": { value: "/dev/null", secret: false } }),
    },
    says: /^ssh: there is no member "z"; there are a, b\n/,
  },
  {
    what: "no member",
    args: ["ssh", "--stack", "prod"],
    answers: {
      [ask]: { out: outputs },
      ...config({ "etcd:sshPrivateKeyFile": { value: "/dev/null", secret: false } }),
    },
    says: /^ssh: a member is needed, one of a, b; npm run ssh -- --help/,
  },
  {
    what: "a member whose host key is not known",
    args: ["ssh", "--stack", "prod", "b"],
    answers: {
      [ask]: { out: outputs },
      ...config({ "etcd:sshPrivateKeyFile": { value: "/dev/null", secret: false } }),
    },
    says: /^ssh: the stack knows no host key of b, .*; pulumi up --stack prod makes the first contact\n/,
  },
  {
    what: "a key file that is not here, and no agent",
    args: ["ssh", "--stack", "prod", "a"],
    answers: {
      [ask]: { out: outputs },
      ...config({ "etcd:sshPrivateKeyFile": { value: "/no/key", secret: false } }),
    },
    says: /^ssh: etcd:sshPrivateKeyFile of the stack prod: the file cannot be read \(ENOENT, \/no\/key\), and there is no SSH agent either; .*ssh-add\n/,
  },
  {
    what: "an option without value",
    args: ["status", "--stack"],
    says: /^status: --stack needs a value; /,
  },
  {
    what: "an option in place of a value",
    args: ["status", "--stack", "--json"],
    says: /^status: --stack needs a value; /,
  },
  {
    what: "an unknown option",
    args: ["status", "--jsn"],
    says: /^status: there is no option --jsn; /,
  },
  {
    what: "a value that is too much",
    args: ["status", "--json=1"],
    says: /^status: --json takes no value \(got 1\); /,
  },
  {
    what: "a word",
    args: ["status", "prod"],
    says: /^status: status takes no arguments but options \(got prod\); /,
  },
  {
    what: "an option of ssh itself",
    args: ["ssh", "-v", "a"],
    says: /^ssh: there is no option -v; /,
  },
];

for (const { what, args, tools = ["pulumi"], answers = {}, says } of refusals) {
  test(`${what}: one sentence with the next step`, async () => {
    const { code, text } = await checkout.call(args, checkout.env(tools, answers));
    for (const pattern of [says, ...anywhere]) assert.match(text, pattern);
    assert.equal(code, 1);
  });
}

test("what the CLI says otherwise is shown as it is", async () => {
  const env = checkout.env(["pulumi"], failing("the backend is on fire\nin two places"));
  const { code, text } = await checkout.call(status, env);
  assert.equal(code, 1);
  assert.match(
    text,
    /^status: `pulumi stack output` fails on the stack prod:\n {2}error: the backend/,
  );
});

test(
  "status asks the members that the stack names, with one verdict for " + "each and all",
  async () => {
    const cluster = await startMembers("3.6.14", 50, ["a", "b", "c"]);
    try {
      const wait = { members: cluster.declared, timeoutSeconds: 30 };
      const id = await waitForHealth(wait, () => undefined);
      const byName = (key: "endpoint" | "peerUrl") =>
        Object.fromEntries(cluster.declared.map((member) => [member.name, member[key]]));
      const plain = {
        discoveryDomain: "etcd.test",
        endpoints: byName("endpoint"),
        peerUrls: byName("peerUrl"),
        sshUser: "admin",
      };
      const env = checkout.env(["pulumi"], {
        [ask]: { out: plain },
        "stack --show-name": { out: "prod" },
      });
      const whole = await checkout.call(status, env);
      assert.equal(whole.code, 0, whole.text);
      assert.match(whole.text, new RegExp(`Healthy: one cluster, ID ${id}, 3 of 3 members`));
      assert.equal(checkout.pulumiEnv().PULUMI_HOME, process.env.PULUMI_HOME);

      const selected = await checkout.call(["status"], env);
      assert.match(selected.text, /status: on the stack prod, which is selected in your pulumi\n/);
      assert.equal(selected.code, 0);

      await cluster.kill("b");
      const broken = await checkout.call(["status", "--json", "--stack=prod"], env);
      assert.equal(broken.code, 1);
      const report = JSON.parse(broken.text) as {
        healthy: boolean;
        members: { name: string; healthy: boolean }[];
      };
      assert.equal(report.healthy, false);
      assert.deepEqual(
        report.members.filter(({ healthy }) => !healthy).map(({ name }) => name),
        ["b"],
      );
      const said = await checkout.call(status, env);
      assert.match(
        said.text,
        /More of b's own words: npm run ssh -- --stack prod b sudo journalctl/,
      );
    } finally {
      await cluster.close();
    }
  },
);

test("status recognises the cluster that was healthy, and writes to no other", async () => {
  const cluster = await startMembers("3.6.14", 51, ["a"]);
  const [{ endpoint, peerUrl }] = cluster.declared as [(typeof cluster.declared)[0]];
  const client = new Etcd3({ hosts: endpoint });
  try {
    const wait = { members: cluster.declared, timeoutSeconds: 30 };
    const clusterId = await waitForHealth(wait, () => undefined);
    const plain = {
      discoveryDomain: "etcd.test",
      endpoints: { a: endpoint },
      peerUrls: { a: peerUrl },
      sshUser: "admin",
    };
    const answers = (revision: number) => ({
      [ask]: { out: plain },
      "stack export --stack prod": {
        out: {
          deployment: {
            resources: [
              {
                type: "pulumi-nodejs:dynamic/etcd:ClusterHealth",
                outputs: { clusterId, word: "f0f0", revision, healthyAt: "2027-01-01T00:00:00Z" },
              },
            ],
          },
        },
      },
    });
    const marker = await client.get(markerKey).string();
    const emptied = await checkout.call(status, checkout.env(["pulumi"], answers(1000)));
    assert.equal(emptied.code, 1, emptied.text);
    for (const line of [
      "  not the cluster that was healthy at 2027-01-01T00:00:00Z",
      "  a: nothing stands under _etcd-on-ec2/identity; it was f0f0",
      `: pulumi config set etcd:acceptRestore ${clusterId}, then pulumi up`,
    ])
      assert.ok(emptied.text.includes(line), `${line}\nis not in\n${emptied.text}`);
    assert.equal(await client.get(markerKey).string(), marker, "nothing was written");

    await client.put(identityKey).value("f0f0");
    const ours = await checkout.call(status, checkout.env(["pulumi"], answers(1)));
    assert.equal(ours.code, 0, ours.text);
    assert.notEqual(await client.get(markerKey).string(), marker);
  } finally {
    client.close();
    await cluster.close();
  }
});

test("status ends by itself when a member takes connections and says nothing", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  try {
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const ca = await makeAuthority("CA", 365);
    const profile = { commonName: "operator", dnsNames: [], addresses: [], days: 365 };
    const { certificate, privateKey } = await issueCertificate(ca, profile);
    const env = checkout.env(["pulumi"], {
      [ask]: {
        out: {
          ...outputs,
          endpoints: { a: `https://127.0.0.1:${port}` },
          peerUrls: { a: `https://127.0.0.1:${port}` },
          caCertificate: ca.certificate,
          clientCertificate: certificate,
          clientPrivateKey: privateKey,
        },
      },
    });
    const began = Date.now();
    const { code, text } = await checkout.call(status, env);
    assert.equal(code, 1, text);
    assert.match(text, /^status: not healthy$/m);
    assert.match(text, /^The operator's certificate ends in 36\d days/m);
    // gRPC goes on with the handshake, and would keep the process for minutes.
    assert.ok(Date.now() - began < 18_000, `${Date.now() - began} ms`);
  } finally {
    silent.close();
  }
});

test("etcdctl gets endpoints and certificates, and its own flags win", async () => {
  const env = checkout.env(["pulumi", "etcdctl"], { [ask]: { out: outputs } });
  const { code, text } = await checkout.call(
    ["etcdctl", "member", "list", "--stack", "prod", "-w", "table"],
    { ...env, TEST_EXIT: "7" },
  );
  assert.equal(code, 7, text);
  const { args, env: given, files } = checkout.recorded();
  assert.deepEqual(args, ["member", "list", "-w", "table"]);
  assert.equal(given.ETCDCTL_ENDPOINTS, "https://10.9.0.4:2379,https://10.9.16.4:2379");
  const pems = ["CACERT", "CERT", "KEY"].map((name) => files[given[`ETCDCTL_${name}`] ?? ""]);
  assert.deepEqual(
    pems.map((file) => file && [file.content, file.mode, file.folderMode]),
    ["the CA", "the operator", "the operator's key"].map((pem) => [pem, "600", "700"]),
  );
  assert.deepEqual(leftovers(), []);

  await checkout.call(
    [
      "etcdctl",
      "--stack=prod",
      "--endpoints",
      "https://x:1",
      "--key=own",
      "get",
      "k",
      "--",
      "--stack",
    ],
    env,
  );
  const own = checkout.recorded();
  assert.deepEqual(own.args.slice(-4), ["get", "k", "--", "--stack"]);
  assert.deepEqual(Object.keys(own.env).sort(), ["ETCDCTL_CACERT", "ETCDCTL_CERT"]);
});

test("a flag wins over its variable, which etcdctl alone takes for a mistake", async () => {
  const cluster = await startMembers("3.6.14", 52, ["a"]);
  const [{ endpoint, peerUrl }] = cluster.declared as [(typeof cluster.declared)[0]];
  try {
    await waitForHealth({ members: cluster.declared, timeoutSeconds: 30 }, () => undefined);
    const dead = "http://127.0.0.1:1";
    const env = checkout.env(["pulumi"], {
      [ask]: { out: { ...outputs, endpoints: { a: dead }, peerUrls: { a: peerUrl } } },
    });
    symlinkSync(cluster.etcdctl, path.join(checkout.folder, "bin/etcdctl"));
    const etcdctl = (...args: string[]) =>
      checkout.call(["etcdctl", "--stack", "prod", ...args], {
        ...env,
        ETCDCTL_ENDPOINTS: dead,
        ETCDCTL_WRITE_OUT: "json",
      });
    const written = await etcdctl("--endpoints", endpoint, "put", "k", "blue");
    assert.equal(written.code, 0, written.text);
    const read = await etcdctl(`--endpoints=${endpoint}`, "-w", "simple", "get", "k");
    assert.deepEqual(read, { code: 0, text: "k\nblue\n" });
  } finally {
    await cluster.close();
  }
});

test("ssh believes exactly the host key that the stack knows", async () => {
  const env = checkout.env(["pulumi", "ssh"], {
    [ask]: { out: outputs },
    ...config({ "etcd:sshPrivateKey": { secret: true } }),
    "config get sshPrivateKey --stack prod": { out: "the private key" },
  });
  const call = ["ssh", "--stack", "prod", "a.etcd.test", "sudo", "ls", "-l", "--stack", "x"];
  const { code, text } = await checkout.call(call, env);
  assert.equal(code, 0, text);
  const { args, files } = checkout.recorded();
  assert.deepEqual(args.slice(-6), ["admin@10.9.0.4", "sudo", "ls", "-l", "--stack", "x"]);
  assert.ok(args.includes("StrictHostKeyChecking=yes"));
  assert.ok(args.includes("GlobalKnownHostsFile=/dev/null"));
  const knownHosts = args.find((arg) => arg.startsWith("UserKnownHostsFile="))?.split("=")[1] ?? "";
  assert.equal(files[knownHosts]?.content, "10.9.0.4 ssh-ed25519 AAAAkeyOfA\n");
  const key = files[args[args.indexOf("-i") + 1] ?? ""];
  assert.deepEqual(key, { content: "the private key\n", mode: "600", folderMode: "700" });
  assert.deepEqual(leftovers(), []);
});

test("ssh takes every name of a member that a table shows", async () => {
  const env = checkout.env(["pulumi", "ssh"], {
    [ask]: { out: outputs },
    ...config({ "etcd:sshPrivateKey": { secret: true } }),
    "config get sshPrivateKey --stack prod": { out: "the private key" },
  });
  for (const name of ["A", "a.etcd.test.", "10.9.0.4", "10.9.0.4:2379", outputs.endpoints.a]) {
    const { code, text } = await checkout.call(["ssh", "--stack", "prod", name], env);
    assert.equal(code, 0, `${name}: ${text}`);
    assert.equal(checkout.recorded().args.at(-1), "admin@10.9.0.4");
  }
});

test("ssh uses the key file of the settings, and an agent where that is not", async () => {
  const file = path.join(checkout.folder, "admin");
  writeFileSync(file, "key in a file");
  const named = (value: string) => ({
    [ask]: { out: outputs },
    ...config({
      "etcd:sshPrivateKey": { value: "", secret: false },
      "etcd:sshPrivateKeyFile": { value, secret: false },
    }),
  });
  const call = ["ssh", "--stack", "prod", "a"];
  await checkout.call(call, checkout.env(["pulumi", "ssh"], named("admin")));
  const { args } = checkout.recorded();
  // relative to the project, as the program reads it
  assert.equal(args[args.indexOf("-i") + 1], file);
  assert.ok(args.includes("IdentitiesOnly=yes"));

  const agent = { ...checkout.env(["pulumi", "ssh"], named("/no/key")), SSH_AUTH_SOCK: "/agent" };
  await checkout.call(call, agent);
  assert.ok(!checkout.recorded().args.includes("-i"));
});

for (const [signal, code] of [
  ["SIGTERM", 143],
  ["SIGHUP", 129],
  ["SIGINT", 130],
] as const) {
  test(`${signal} ends the program that was called, and the files for it go`, async () => {
    const env = checkout.env(["pulumi", "etcdctl"], { [ask]: { out: outputs } });
    const child = spawn(
      process.execPath,
      [path.join(checkout.folder, "commands/run.mjs"), "etcdctl", "--stack", "prod", "watch", "k"],
      { stdio: "ignore", env: { ...process.env, ...env, TEST_HANG: "1" } },
    );
    const ended = new Promise((resolve) => child.on("exit", resolve));
    const record = path.join(checkout.folder, "record.json");
    for (const deadline = Date.now() + 30_000; !existsSync(record);) {
      assert.ok(Date.now() < deadline, "etcdctl was not called");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(leftovers().length, 1);
    child.kill(signal);
    assert.equal(await ended, code);
    assert.deepEqual(leftovers(), []);
  });
}

test("outside Linux they run with the Node they are called with", async () => {
  const darwin = "Object.defineProperty(process,'platform',{value:'darwin'})";
  const env = {
    ...checkout.env(["pulumi", "etcdctl"], { [ask]: { out: outputs } }),
    NODE_OPTIONS: `--import "data:text/javascript,${darwin}"`,
  };
  const { code, text } = await checkout.call(["etcdctl", "--stack", "prod", "version"], env);
  assert.equal(code, 0, text);
  assert.deepEqual(checkout.recorded().args, ["version"]);
});

test("the lab's own stack is asked with the lab's backend, another beside it is not", async () => {
  const state = path.join(checkout.folder, ".lab/state");
  mkdirSync(path.join(state, ".pulumi/stacks/etcd"), { recursive: true });
  writeFileSync(path.join(state, ".pulumi/stacks/etcd/dev.json"), "{}");
  const lab = "stack output --json --show-secrets --stack dev";
  const env = checkout.env(["pulumi", "pulumi-language-nodejs", "pulumi-resource-pulumi-nodejs"], {
    [lab]: { out: {} },
    [ask]: { out: {} },
  });
  for (const args of [["status"], ["status", "--stack", "dev"]]) {
    const { text } = await checkout.call(args, { ...env, PULUMI_BACKEND_URL: "file:///mine" });
    assert.match(text, /^status: the stack dev has no cluster .*; npm run up makes it/);
    assert.equal(checkout.pulumiEnv().PULUMI_BACKEND_URL, `file://${state}?metadata=skip`);
    assert.equal(checkout.pulumiEnv().PULUMI_CONFIG_PASSPHRASE, "lab");
  }
  const mine = { ...env, PULUMI_BACKEND_URL: "file:///mine", PULUMI_CONFIG_PASSPHRASE: "own" };
  await checkout.call(status, mine);
  assert.equal(checkout.pulumiEnv().PULUMI_BACKEND_URL, "file:///mine");
  assert.equal(checkout.pulumiEnv().PULUMI_CONFIG_PASSPHRASE, "own");
});

/** What the commands left in their folder for temporary files. */
function leftovers(): string[] {
  return readdirSync(checkout.folder).filter((name) => name.startsWith("etcd-on-ec2-"));
}
