// What a caller of EtcdCluster gives is what the schema of settings says, and is checked in the
// constructor, or as soon as it is known. Does not prove that the engine shows the message.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import test, { before } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { makeAuthority } from "../../components/pki/certificates.ts";
import type { EtcdClusterArgs } from "../../components/settings/clusterArgs.ts";
import {
  checkArgs,
  checkedSettings,
  type ClusterSettings,
} from "../../components/settings/checkedSettings.ts";
import { clusterSchema, type Values } from "../../components/settings/schema.ts";
import { type ChefSettings, checkSettings } from "../../components/settings/settings.ts";
import { sshKey } from "../../components/settings/sshKey.ts";
import { promiseOf, recordResources } from "./mocks.ts";
import { privateKey, validArgs, validSettings } from "./validSettings.ts";

type Same<A, B> = [A, B] extends [B, A] ? true : never;
// The arguments are written out for whoever reads them in an editor; here they are compared.
true satisfies Same<keyof EtcdClusterArgs, keyof typeof clusterSchema>;
// What a stack's file gives can be given to the component.
null as unknown as Values satisfies EtcdClusterArgs;
// And each argument has the type that its setting has.
type Given = { [K in keyof EtcdClusterArgs]-?: NonNullable<EtcdClusterArgs[K]> };
type Plain = Omit<Given, "nodes" | "chef">;
true satisfies Same<Plain, Omit<Values, "nodes" | "chef">>;
true satisfies Same<Required<Given["chef"]>, ChefSettings>;

const subnet = "subnet-0123456789abcdef0";
let count = 0;

/** Does with its arguments what EtcdCluster does (account.test.ts holds that), and no more. */
class Cluster extends pulumi.ComponentResource {
  readonly settings: ClusterSettings;
  constructor(args: EtcdClusterArgs) {
    const checked = checkArgs(args);
    super("etcd:index:EtcdCluster", `etcd-${count++}`, checked.inputs);
    this.settings = checkedSettings(this, checked);
  }
}
/** Known later, as what another resource gives is. */
const later = <T>(value: T) =>
  pulumi.output(new Promise<T>((resolve) => setImmediate(resolve, value)));
const refused = (args: EtcdClusterArgs): string => {
  try {
    new Cluster(args);
  } catch (error) {
    assert.ok(pulumi.ResourceError.isInstance(error), String(error));
    assert.ok(error.resource && error.hideStack, "the error is the component's, without a stack");
    return error.message;
  }
  return "accepted";
};
/** Why an Output is refused when it is known; "" when it is not. */
const refusedLater = (output: pulumi.Input<unknown>): Promise<string> =>
  (output as unknown as { promise(): Promise<unknown> }).promise().then(
    () => "",
    (error: Error) => {
      assert.ok(pulumi.ResourceError.isInstance(error), String(error));
      return error.message;
    },
  );

before(async () => {
  await recordResources();
  // An Output that is refused rejects several promises of its own, and Pulumi's runner reports the
  // one error of them all; node:test would fail for each. Any other error still fails.
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", (error) => {
    if (!pulumi.ResourceError.isInstance(error)) throw error;
  });
});

test("defaults that the arguments name are the schema's", () => {
  const text = readFileSync("components/settings/clusterArgs.ts", "utf8");
  const members = [...text.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s+readonly (\w+)\??:/g)].map(
    ([, doc = "", name = ""]) => [name, /@default (.*)/.exec(doc)?.[1]] as const,
  );
  assert.ok(members.length > 30);
  for (const [name, entry] of Object.entries(clusterSchema)) {
    const doc = members
      .find(([member]) => member === name)?.[1]
      ?.replace(/ \*\/$/, "")
      .trim();
    if (typeof entry.default !== "object" && entry.default !== "")
      assert.equal(doc, String(entry.default), name);
  }
});

test("a direct caller has the defaults of a stack's file", () => {
  const { settings } = new Cluster(validArgs());
  const ofStack = checkSettings(validSettings()).settings;
  const { sshPrivateKey: _secret, ...plain } = settings;
  const { sshPrivateKey: _text, ...others } = ofStack!;
  assert.deepEqual(plain, others);
});

test("a direct caller sees all problems together, on the component", () => {
  const message = refused({ ...validArgs(), ttl: 1, domain: "Etcd", ami: "x", sizes: 3 } as never);
  assert.deepEqual(
    message
      .split("\n")
      .map((line) => line.split(":")[0])
      .sort(),
    ["The arguments of this cluster cannot be used", "ami", "domain", "sizes", "ttl"],
  );
});

test("nodes or a domain that another resource gives are refused at once", () => {
  assert.match(
    refused({ ...validArgs(), domain: later("etcd.test") } as never),
    /^domain: a text is needed \(got an Output\)$/m,
  );
  assert.match(
    refused({ ...validArgs(), nodes: later({}) } as never),
    /^nodes: an object is needed \(got an Output\)$/m,
  );
});

test("no key is shown", () => {
  const key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE";
  const message = refused(validArgs({ sshPrivateKey: key, caPrivateKey: "MHcCAQEE" }));
  assert.match(message, /^sshPrivateKey: .*\(got a text that is not shown\)$/m);
  assert.match(message, /^caPrivateKey: .*\(got a text that is not shown\)$/m);
  assert.ok(!message.includes("MHcC"), message);
});

const knownLater: [
  name: string,
  args: (value: pulumi.Input<string>) => Partial<EtcdClusterArgs>,
  pick: (settings: ClusterSettings) => pulumi.Input<unknown>,
  right: string,
  wrong: string,
  message: RegExp,
][] = [
  [
    "a zone id",
    (zoneId) => ({ zoneId }),
    (s) => s.zoneId,
    "f".repeat(32),
    "example.com",
    /^zoneId: 32 hexadecimal digits.*\(got example\.com\)$/m,
  ],
  [
    "a key",
    (kmsKeyId) => ({ kmsKeyId }),
    (s) => s.kmsKeyId,
    "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    /^kmsKeyId: a key of the nodes' region is needed \(us-east-1\)/m,
  ],
  [
    "an image",
    (ami) => ({ ami }),
    (s) => s.ami,
    "ami-0123456789abcdef0",
    "debian",
    /^ami: an image/m,
  ],
  [
    "a subnet",
    (a) => ({
      subnets: { "us-east-1a": a, "us-east-1b": subnet, "us-east-1c": later("subnet-01234568") },
    }),
    (s) => s.subnets["us-east-1a"]!,
    "subnet-01234567",
    subnet,
    /^subnets\.us-east-1b: a subnet lies in one zone/m,
  ],
  [
    "a network for SSH",
    (source) => ({ sshFrom: ["10.0.0.0/8", source] }),
    (s) => s.sshFrom[1]!,
    "10.1.0.0/16",
    "0.0.0.0/0",
    /^sshFrom\[1\]: never the whole Internet.*\(got 0\.0\.0\.0\/0\)$/m,
  ],
  [
    "a client's security group",
    (source) => ({ clientsFrom: [source, "10.0.0.0/8"] }),
    (s) => s.clientsFrom[0]!,
    "sg-0123456789abcdef0",
    "sg-1",
    /^clientsFrom\[0\]: a security group id/m,
  ],
];
for (const [name, args, pick, right, wrong, message] of knownLater) {
  test(`known later: ${name} is taken, or refused in the same words`, async () => {
    const taken = pick(new Cluster(validArgs(args(later(right)))).settings);
    assert.equal(await promiseOf(taken as pulumi.Output<string>), right);
    const other = pick(new Cluster(validArgs(args(later(wrong)))).settings);
    assert.match(await refusedLater(other), message);
    // And what is known stays plain, so that it is in no doubt in a preview.
    assert.equal(typeof pick(new Cluster(validArgs(args(right))).settings), "string");
  });
}

test("known later: a secret that is wrong is not shown", async () => {
  const { settings } = new Cluster(validArgs({ zoneId: pulumi.secret("hidden") }));
  assert.match(
    await refusedLater(settings.zoneId),
    /^zoneId: 32 .*\(got a text that is not shown\)$/m,
  );
});

test("known later: the SSH key gives its public half, which is no secret", async () => {
  const { settings } = new Cluster(validArgs({ sshPrivateKey: later(privateKey) }));
  const publicKey = settings.sshPublicKey as pulumi.Output<string>;
  assert.equal(await promiseOf(publicKey), sshKey(privateKey).publicKey);
  assert.equal(await pulumi.isSecret(publicKey), false);
  assert.equal(await pulumi.isSecret(settings.sshPrivateKey), true);
  const pem = String(
    generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }),
  );
  const other = new Cluster(validArgs({ sshPrivateKey: later(pem) })).settings;
  assert.equal(await promiseOf(other.sshPrivateKey), sshKey(pem).privateKey);
  const wrong = new Cluster(validArgs({ sshPrivateKey: later("MHcC") })).settings;
  assert.match(
    await refusedLater(wrong.sshPublicKey),
    /^sshPrivateKey: a private key in OpenSSH or PEM form is needed \(got a text that is not shown\)$/m,
  );
});

test(
  "known later: a CA and its key are judged together; the key is a " + "secret either way",
  async () => {
    const ca = await makeAuthority("etcd", 3650);
    const other = await makeAuthority("other", 3650);
    const given = (caCertificate: pulumi.Input<string>, caPrivateKey: pulumi.Input<string>) =>
      new Cluster(validArgs({ caCertificate, caPrivateKey })).settings.authority!;
    for (const authority of [
      given(ca.certificate, ca.privateKey),
      given(later(ca.certificate), ca.privateKey),
      given(later(ca.certificate), later(ca.privateKey)),
    ]) {
      assert.equal(await promiseOf(pulumi.output(authority.certificate)), ca.certificate);
      assert.equal(
        await promiseOf(authority.privateKey as pulumi.Output<string>),
        ca.privateKey.trim(),
      );
      assert.equal(await pulumi.isSecret(pulumi.output(authority.certificate)), false);
      assert.equal(await pulumi.isSecret(pulumi.output(authority.privateKey)), true);
    }
    const wrong = given(later(ca.certificate), later(other.privateKey));
    for (const half of [wrong.certificate, wrong.privateKey])
      assert.match(
        await refusedLater(half),
        /^caPrivateKey: the key of caCertificate is needed; this is another one \(got a text that is not shown\)$/m,
      );
    assert.match(
      refused(validArgs({ caCertificate: later(ca.certificate) })),
      /^caPrivateKey: the key of caCertificate is needed too/m,
    );
  },
);
