// A cluster is made in the accounts that the stack's configuration names, or refused, together with
// all else that is wrong with its arguments. Does not prove that the engine shows the message.
import assert from "node:assert/strict";
import test, { before, beforeEach } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { EtcdCluster } from "../../components/etcdCluster.ts";
import { accountProblems, providerProblems } from "../../components/settings/account.ts";
import type { EtcdClusterArgs } from "../../components/settings/clusterArgs.ts";
import { promiseOf, recordResources, type Registered } from "./mocks.ts";
import { validArgs } from "./validSettings.ts";

let Cluster: typeof EtcdCluster;
let registered: Registered[];
let count = 0;
before(async () => {
  registered = await recordResources();
  ({ EtcdCluster: Cluster } = await import("../../components/etcdCluster.ts"));
});
beforeEach(() => pulumi.runtime.setAllConfig({}));

class Provider extends pulumi.ProviderResource {
  constructor(pkg: string) {
    super(pkg, `${pkg}-${count++}`);
  }
}
class Parent extends pulumi.ComponentResource {
  constructor(opts: pulumi.ComponentResourceOptions) {
    super("test:index:Parent", `parent-${count++}`, {}, opts);
  }
}

/** What the component says of its arguments and options, a line each; it has to refuse them. */
async function refused(
  args: EtcdClusterArgs,
  opts: pulumi.ComponentResourceOptions = {},
): Promise<string[]> {
  const name = `refused-${count++}`;
  try {
    new Cluster(name, args, opts);
  } catch (error) {
    assert.ok(pulumi.ResourceError.isInstance(error), String(error));
    assert.match(String(await promiseOf(error.resource!.urn)), new RegExp(`::${name}$`));
    assert.equal(error.hideStack, true);
    assert.deepEqual(
      registered.filter((r) => r.name.startsWith(`${name}-`)),
      [],
      "nothing is made of a cluster that is refused",
    );
    const [head, ...lines] = error.message.split("\n");
    assert.equal(head, "The arguments of this cluster cannot be used:");
    return lines.sort();
  }
  return assert.fail("accepted");
}

test("EtcdCluster refuses all that is wrong together", async () => {
  const lines = await refused(validArgs({ ttl: 1, domain: "Etcd" }));
  assert.equal(lines.length, 2);
  assert.match(lines[0]!, /^domain: /);
  assert.match(lines[1]!, /^ttl: a whole number from 60 to 86400 \(seconds\) \(got 1\)$/);
});

const aws = /^opts\.providers\.aws: .* set aws:… in the stack's configuration/;
const cloudflare = /^opts\.providers\.cloudflare: .* set cloudflare:… in the stack's configuration/;
const providers: [string, () => pulumi.ComponentResourceOptions, RegExp[]][] = [
  ["as the provider", () => ({ provider: new Provider("aws") }), [aws]],
  [
    "in a list",
    () => ({ providers: [new Provider("aws"), new Provider("cloudflare")] }),
    [aws, cloudflare],
  ],
  ["by name", () => ({ providers: { cloudflare: new Provider("cloudflare") } }), [cloudflare]],
  ["of a parent", () => ({ parent: new Parent({ providers: [new Provider("aws")] }) }), [aws]],
  [
    "of a parent's parent, as the provider",
    () => ({
      parent: new Parent({ parent: new Parent({ provider: new Provider("cloudflare") }) }),
    }),
    [cloudflare],
  ],
];
for (const [name, opts, wanted] of providers) {
  test(`a provider of one's own is refused: ${name}`, async () => {
    const lines = await refused(validArgs(), opts());
    assert.equal(lines.length, wanted.length, lines.join("\n"));
    wanted.forEach((want, i) => assert.match(lines[i]!, want));
  });
}

test("another package's provider concerns nobody", () => {
  assert.deepEqual(providerProblems(new Parent({ provider: new Provider("random") })), []);
});

for (const key of ["aws:assumeRoles", "aws:assumeRole"]) {
  test(`${key} is refused, with the rest`, async () => {
    const role = [{ roleArn: "arn:aws:iam::123456789012:role/x" }];
    pulumi.runtime.setAllConfig({ [key]: JSON.stringify(role) });
    const lines = await refused(validArgs({ ttl: 1 }), { provider: new Provider("aws") });
    assert.equal(lines.length, 3, lines.join("\n"));
    assert.match(lines[0]!, new RegExp(`^${key}: a role to assume is not honoured yet`));
    assert.match(lines[1]!, aws);
    assert.match(lines[2]!, /^ttl: /);
    for (const empty of ["[]", "{}", ""]) {
      pulumi.runtime.setAllConfig({ [key]: empty });
      assert.deepEqual(accountProblems(), []);
    }
  });
}

test("zones of another region than the provider's are refused", async () => {
  pulumi.runtime.setAllConfig({ "aws:region": "eu-west-1" });
  const [line = ""] = await refused(validArgs());
  assert.match(line, /^nodes: their zones lie in us-east-1, and aws:region is another/);
});
