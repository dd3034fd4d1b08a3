// What a stack's file brings with it beside the rules of any cluster: text for everything, secrets,
// a key in a file. Does not prove that the CLI hands configuration over as it is set here;
// tests/lab/firstLight does.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import test, { after } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { checkSettings } from "../../components/settings/settings.ts";
import { readStackConfig } from "../../components/settings/stackConfig.ts";
import { privateKey, validArgs, validSettings } from "./validSettings.ts";

const pkcs8 = { type: "pkcs8", format: "pem" } as const;
const folder = mkdtempSync(path.join(tmpdir(), "etcd-settings-"));
after(() => rmSync(folder, { recursive: true }));
const file = (name: string, text: string) => {
  const at = path.join(folder, name);
  writeFileSync(at, text);
  return at;
};

await pulumi.runtime.setMocks(
  { newResource: ({ inputs }) => ({ id: "", state: inputs }), call: () => ({}) },
  "etcd",
  "prod",
);

/** Reads the configuration as the CLI hands it over. */
function read(change: Record<string, unknown>, secrets = ["sshPrivateKey", "caPrivateKey"]) {
  const given = Object.entries(validSettings(change)).filter(([, value]) => value !== undefined);
  const config = Object.fromEntries(
    given.map(([key, value]) => [
      key.includes(":") ? key : `etcd:${key}`,
      typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
  pulumi.runtime.setAllConfig(
    config,
    secrets.map((key) => (key.includes(":") ? key : `etcd:${key}`)),
  );
  return readStackConfig();
}
function refused(change: Record<string, unknown>, secrets?: string[]): string[] {
  try {
    read(change, secrets);
  } catch (error) {
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    const [head, ...lines] = error.message.split("\n");
    assert.equal(head, "The configuration of stack prod cannot be used:");
    return lines;
  }
  return [];
}

test("text becomes numbers, booleans, lists and objects", () => {
  const { nodes, tls, ttl, sshFrom, chef, instanceType } = read({ tls: "false", ttl: "300" });
  assert.deepEqual(
    [nodes, tls, ttl, sshFrom, chef.product, instanceType],
    [validArgs().nodes, false, 300, ["10.0.0.0/8"], "cinc", "t3.medium"],
  );
});

test("the key of a file is taken, and is no other than the one that is given", () => {
  const at = file("key", privateKey);
  assert.equal(read({ sshPrivateKey: "", sshPrivateKeyFile: at }).sshPrivateKey, privateKey);
  assert.equal(read({}).sshPrivateKey, privateKey);
});

test("a key in PKCS 8, or with spaces around it, is as good as any", () => {
  const pem = String(generateKeyPairSync("ed25519").privateKey.export(pkcs8));
  for (const key of [pem, pem.replaceAll("\n", "  \n"), ` ${privateKey}`])
    for (const given of [
      { sshPrivateKey: key },
      { sshPrivateKey: "", sshPrivateKeyFile: file("other", key) },
    ]) {
      const { settings, problems } = checkSettings(read(given));
      assert.deepEqual(problems, []);
      assert.match(String(settings?.sshPublicKey), /^ssh-ed25519 AAAA/);
      assert.match(String(settings?.sshPrivateKey), /^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    }
});

const cases: [string, () => Record<string, unknown>, string[] | undefined, RegExp][] = [
  [
    "no SSH key",
    () => ({ sshPrivateKey: undefined }),
    undefined,
    /^sshPrivateKey: this \(as a secret\) or sshPrivateKeyFile is needed to reach the nodes \(got nothing\)$/,
  ],
  [
    "an SSH key in plain text",
    () => ({}),
    [],
    /^sshPrivateKey: a secret is needed: pulumi config set --secret etcd:sshPrivateKey \(got a plain text that is not shown\)$/,
  ],
  [
    "an SSH key in two places",
    () => ({ sshPrivateKeyFile: "key" }),
    undefined,
    /^sshPrivateKeyFile: only one of sshPrivateKey and sshPrivateKeyFile \(got key\)$/,
  ],
  [
    "a file that is not there",
    () => ({ sshPrivateKey: undefined, sshPrivateKeyFile: "/nowhere/key" }),
    undefined,
    /^sshPrivateKeyFile: the file cannot be read \(ENOENT\) \(got \/nowhere\/key\)$/,
  ],
  [
    "a file that is no key",
    () => ({ sshPrivateKey: undefined, sshPrivateKeyFile: file("no-key", "no key") }),
    undefined,
    /^sshPrivateKeyFile: a private key in OpenSSH or PEM form is needed \(got .*no-key\)$/,
  ],
  [
    "an SSH key that is none, not shown",
    () => ({ sshPrivateKey: "no key" }),
    undefined,
    /^sshPrivateKey: a private key in OpenSSH or PEM form is needed \(got a text that is not shown\)$/,
  ],
  [
    "an unknown key",
    () => ({ node: "a" }),
    undefined,
    /^node: unknown key; known are domain, zoneId, nodes, .*sshPrivateKeyFile.*\(got a\)$/,
  ],
  [
    "a secret under an unknown key, not shown",
    () => ({ caPrivatKey: "MHcCAQEE" }),
    ["sshPrivateKey", "caPrivatKey"],
    /^caPrivatKey: unknown key; .*\(got a text that is not shown\)$/,
  ],
  ...["etcd-on-ec2", "Etcd", "ETCD", "ettcd", "ectd", "etcd2", "etd"].map(
    (namespace): (typeof cases)[0] => [
      `a setting under ${namespace}, which nothing reads`,
      () => ({ [`${namespace}:ttl`]: "300" }),
      undefined,
      new RegExp(
        `^${namespace}:ttl: nothing reads this, the project's name is etcd; move it with: pulumi ` +
          `config set etcd:ttl …, and pulumi config rm ${namespace}:ttl \\(got 300\\)$`,
      ),
    ],
  ),
  ["two letters too many", () => ({ "eetccd:tls": "false" }), undefined, /^eetccd:tls: nothing/],
  ["another separator", () => ({ "etcd_on_ec2:tsl": "x" }), undefined, /^etcd_on_ec2:tsl: nothing/],
  [
    "a secret under a mistyped namespace, not shown",
    () => ({ "etdc:caPrivateKey": "MHcCAQEE" }),
    ["sshPrivateKey", "etdc:caPrivateKey"],
    /^etdc:caPrivateKey: nothing .*\(got a text that is not shown\)$/,
  ],
  [
    "a list that is no JSON",
    () => ({ sshFrom: "10.0.0.0/8" }),
    undefined,
    /^sshFrom: a list is needed; set it with `pulumi config set --path` \(got 10\.0\.0\.0\/8\)$/,
  ],
  [
    "an object that is no JSON",
    () => ({ nodes: "a,b,c" }),
    undefined,
    /^nodes: an object is needed; set it with `pulumi config set --path` \(got a,b,c\)$/,
  ],
  [
    "zones of another region",
    () => ({ "aws:region": "eu-west-1" }),
    undefined,
    /^nodes: their zones lie in us-east-1, and aws:region is another; .*\(got eu-west-1\)$/,
  ],
  [
    "a role to assume, under the key of earlier providers",
    () => ({ "aws:assumeRole": { roleArn: "arn:aws:iam::123456789012:role/x" } }),
    undefined,
    /^aws:assumeRole: roles to assume are a list, aws:assumeRoles/,
  ],
];
for (const [name, change, secrets, want] of cases) {
  test(`refused: ${name}`, () => {
    const lines = refused(change(), secrets);
    assert.equal(lines.length, 1, lines.join("\n"));
    assert.match(lines[0]!, want);
  });
}

test("a number that YAML read as octal is refused, in words about the file", () => {
  const here = process.cwd();
  file("Pulumi.prod.yaml", "config:\n  etcd:ttl: 0100\n  etcd:dnsTimeout: 0170\n");
  process.chdir(folder);
  try {
    const lines = refused({ ttl: "64", dnsTimeout: "300" });
    assert.deepEqual(lines, [
      "ttl: YAML reads 0100 in Pulumi.prod.yaml as the octal number 64; write the number that " +
        "you mean, without a zero in front (got 64)",
    ]);
  } finally {
    process.chdir(here);
  }
});

test("namespaces of providers and of the user's own programs are theirs", () => {
  const theirs = ["aws:region", "cloudflare:apiToken", "pulumi:tags", "ec2:ami", "ecs:nodes"];
  const others = [
    "etc:x",
    "eks:ttl",
    "tls:tls",
    "kubernetes:etcd",
    "my-etcd:ttl",
    "etcd-backup:ttl",
  ];
  const given = [...theirs, ...others].map((name) => [name, "us-east-1"]);
  assert.deepEqual(refused(Object.fromEntries(given) as Record<string, unknown>), []);
});

test("problems of the file, of the settings and of the account come together", () => {
  const fields = refused({ ttl: "1", node: "a", nodes: "?", "aws:assumeRole": "{}x" }, []).map(
    (line) => /^(\S+): /.exec(line)?.[1],
  );
  assert.deepEqual(fields.sort(), ["aws:assumeRole", "node", "nodes", "sshPrivateKey", "ttl"]);
});
