// A cluster is made in the accounts that the stack's configuration names, or refused, together with
// all else that is wrong with its arguments. Does not prove that the engine shows the message.
import assert from "node:assert/strict";
import test, { before, beforeEach } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { EtcdCluster } from "../../components/etcdCluster.ts";
import { accountProblems, hasOwnAws, isStandIn } from "../../components/settings/account.ts";
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

test("providers of one's own are followed, wherever they are given", () => {
  const aws = () => new Provider("aws");
  for (const opts of [
    { provider: aws() },
    { providers: [aws(), new Provider("cloudflare")] },
    { parent: new Parent({ providers: [aws()] }) },
    { parent: new Parent({ parent: new Parent({ provider: aws() }) }) },
  ])
    assert.equal(hasOwnAws(new Parent(opts)), true);
  for (const opts of [{}, { provider: new Provider("cloudflare") }])
    assert.equal(hasOwnAws(new Parent(opts)), false);
});

test("roles to assume are followed; the key of earlier providers is refused", async () => {
  const role = { roleArn: "arn:aws:iam::123456789012:role/x" };
  pulumi.runtime.setAllConfig({ "aws:assumeRoles": JSON.stringify([role]) });
  assert.deepEqual(accountProblems(), []);
  pulumi.runtime.setAllConfig({ "aws:assumeRole": JSON.stringify(role) });
  const lines = await refused(validArgs({ ttl: 1 }));
  assert.equal(lines.length, 2, lines.join("\n"));
  assert.match(lines[0]!, /^aws:assumeRole: roles to assume are a list, aws:assumeRoles/);
  for (const empty of ["{}", ""]) {
    pulumi.runtime.setAllConfig({ "aws:assumeRole": empty });
    assert.deepEqual(accountProblems(), []);
  }
});

test("a provider of one's own has a region of its own", async () => {
  pulumi.runtime.setAllConfig({ "aws:region": "eu-west-1" });
  const lines = await refused(validArgs({ ttl: 1 }), { provider: new Provider("aws") });
  assert.equal(lines.length, 1, lines.join("\n"));
});

test("an emulator is told by its address on this machine", () => {
  const at = (ec2: string) => JSON.stringify([{ sts: "http://127.0.0.1:1", ec2 }]);
  for (const [endpoints, expected] of [
    [at("http://127.0.0.1:14566"), true],
    [at("https://localhost:4566"), true],
    [at("https://vpce-1.ec2.us-east-1.vpce.amazonaws.com"), false],
    ["[]", false],
  ] as const) {
    pulumi.runtime.setAllConfig({ "aws:endpoints": endpoints });
    assert.equal(isStandIn(), expected, endpoints);
  }
  pulumi.runtime.setAllConfig({});
  assert.equal(isStandIn(), false);
});

test("zones of another region than the provider's are refused", async () => {
  pulumi.runtime.setAllConfig({ "aws:region": "eu-west-1" });
  const [line = ""] = await refused(validArgs());
  assert.match(line, /^nodes: their zones lie in us-east-1, and aws:region is another/);
});
