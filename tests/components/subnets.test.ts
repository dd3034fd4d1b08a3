// A configured subnet is looked at before anything is made with it. Does not prove what AWS answers
// for one of another region: the words are the provider's (ec2Network.test.ts) and EC2's.
import assert from "node:assert/strict";
import test from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { subnetsOf } from "../../components/machine/subnets.ts";

const inA = "subnet-0123456789abcdef0";
const inB = "subnet-0123456789abcdef1";
const elsewhere = "subnet-0123456789abcdef2";
const unseen = "subnet-0123456789abcdef3";

// As in clusterArgs.test.ts: Pulumi's runner reports the one error of several promises.
process.removeAllListeners("unhandledRejection");
process.on("unhandledRejection", (error) => {
  if (!pulumi.RunError.isInstance(error)) throw error;
});
const failure = (details: string) => Object.assign(new Error(details), { details });

await pulumi.runtime.setMocks(
  {
    newResource: ({ inputs }) => ({ id: "", state: inputs }),
    call: ({ inputs: { id, availabilityZone } }) => {
      if (availabilityZone) return { id: `default-of-${availabilityZone}`, availabilityZone };
      if (id === elsewhere) throw failure("no matching EC2 Subnet found");
      if (id === unseen) throw failure("UnauthorizedOperation: ec2:DescribeSubnets");
      return { id, availabilityZone: id === inA ? "us-east-1a" : "us-east-1b" };
    },
  },
  "etcd",
  "prod",
  true,
);

/** What becomes of the subnet of this zone: its id, or why it is refused. */
async function subnetOf(zone: string, subnets: Record<string, pulumi.Input<string>>) {
  const found = subnetsOf({ nodes: { a: { zone, instanceType: "t3.medium" } }, subnets }, {});
  const { promise } = found[zone] as unknown as { promise(): Promise<string> };
  return promise().catch((error: Error) => {
    assert.ok(pulumi.RunError.isInstance(error), String(error));
    return error.message;
  });
}

test("a subnet that lies in its zone is taken, now or later; without one the default", async () => {
  assert.equal(await subnetOf("us-east-1a", { "us-east-1a": inA }), inA);
  assert.equal(await subnetOf("us-east-1b", { "us-east-1b": pulumi.output(inB) }), inB);
  assert.equal(await subnetOf("us-east-1a", {}), "default-of-us-east-1a");
});

const refused: [name: string, id: string, want: string][] = [
  [
    "of another region, or nobody's",
    elsewhere,
    "this account has no such subnet in us-east-1; is it of another region, or another account's?",
  ],
  ["of another zone", inB, "a subnet in this zone is needed, and this one lies in us-east-1b"],
];
for (const [name, id, rule] of refused)
  test(`in preview already, a subnet is refused: ${name}`, async () => {
    assert.equal(
      await subnetOf("us-east-1a", { "us-east-1a": id }),
      `subnets.us-east-1a: ${rule} (got ${id})`,
    );
  });

test("what keeps it from being looked at is said", async () => {
  assert.match(
    await subnetOf("us-east-1a", { "us-east-1a": unseen }),
    /^subnets\.us-east-1a: the subnet could not be looked up in us-east-1: .*UnauthorizedOperation/,
  );
});
