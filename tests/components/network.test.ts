// Rules of the members' security group: how they are named, and what an Output becomes. Does not
// prove that AWS takes them: tests/lab/securityGroups does.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { buildCluster } from "./clusterUnderMocks.ts";
import type { Registered } from "./mocks.ts";

const later = (value: string) => pulumi.output(Promise.resolve(value));
let rules: Registered[];

before(async () => {
  const { registered } = await buildCluster({
    sshFrom: ["10.0.0.0/8", later("10.1.0.0/16")],
    clientsFrom: [later("10.2.0.0/16"), "sg-01234567", later("sg-0123456789abcdef0")],
  });
  rules = registered.filter((r) => r.type.endsWith("SecurityGroupIngressRule"));
});

const wanted: [name: string, port: number, source: Record<string, string>, description: string][] =
  [
    ["etcd-ssh-10.0.0.0-8", 22, { cidrIpv4: "10.0.0.0/8" }, "SSH from 10.0.0.0/8"],
    ["etcd-ssh-1", 22, { cidrIpv4: "10.1.0.0/16" }, "SSH from 10.1.0.0/16"],
    ["etcd-clients-0", 2379, { cidrIpv4: "10.2.0.0/16" }, "etcd clients from 10.2.0.0/16"],
    [
      "etcd-clients-sg-01234567",
      2379,
      { referencedSecurityGroupId: "sg-01234567" },
      "etcd clients from sg-01234567",
    ],
    [
      "etcd-clients-2",
      2379,
      { referencedSecurityGroupId: "sg-0123456789abcdef0" },
      "etcd clients from sg-0123456789abcdef0",
    ],
  ];
for (const [name, port, source, description] of wanted) {
  test(`a plain source names its rule, an Output's place does: ${name}`, () => {
    const rule = rules.find((r) => r.name === name);
    const { cidrIpv4, referencedSecurityGroupId, fromPort, description: said } = rule!.inputs;
    assert.deepEqual(
      [fromPort, said, cidrIpv4, referencedSecurityGroupId],
      [port, description, source.cidrIpv4, source.referencedSecurityGroupId],
    );
  });
}
