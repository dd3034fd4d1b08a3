// What security groups let through, as rules. Does not prove that the kernel follows them:
// tests/lab/securityGroups.test.ts does.
import assert from "node:assert/strict";
import { test } from "node:test";
import { firewallTables, type GroupRule } from "../../lab/ec2/firewall.ts";

const always = { resolver: "10.213.0.2", gateway: "10.213.0.1", metadataPort: 14582 };
const inbound = (rule: Partial<GroupRule>): GroupRule => ({
  direction: "in",
  protocol: "tcp",
  from: 22,
  to: 22,
  peer: { cidr: "10.0.0.0/8" },
  ...rule,
});
const outbound = (rule: Partial<GroupRule>): GroupRule => ({
  direction: "out",
  protocol: "-1",
  peer: { cidr: "0.0.0.0/0" },
  ...rule,
});

/** The lines that let something new in or out, beside what always passes. */
function opened(
  rules: Record<string, GroupRule[]>,
  members: Record<string, string[]> = {},
  groupIds = Object.keys(rules),
): string[] {
  const table = firewallTables(
    groupIds,
    { rules: new Map(Object.entries(rules)), addresses: new Map(Object.entries(members)) },
    1,
    always,
  );
  return table
    .split("\n")
    .filter(
      (line) =>
        /-j ACCEPT$/.test(line) && !/ -i lo | -o lo |conntrack|10\.213\.0\.[12]\/32/.test(line),
    );
}

const cases: [what: string, rules: GroupRule[], lines: string[]][] = [
  ["no rule, no way", [], []],
  [
    "one port from a network",
    [inbound({})],
    ["-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22:22 -j ACCEPT"],
  ],
  [
    "a range of ports",
    [inbound({ protocol: "udp", from: 1000, to: 2000 })],
    ["-A INPUT -s 10.0.0.0/8 -p udp -m udp --dport 1000:2000 -j ACCEPT"],
  ],
  [
    "all ports of a protocol",
    [inbound({ from: -1, to: -1 })],
    ["-A INPUT -s 10.0.0.0/8 -p tcp -j ACCEPT"],
  ],
  [
    "everything",
    [inbound({ protocol: "-1", from: undefined, to: undefined })],
    ["-A INPUT -s 10.0.0.0/8 -j ACCEPT"],
  ],
  [
    "all of icmp",
    [inbound({ protocol: "icmp", from: -1, to: -1 })],
    ["-A INPUT -s 10.0.0.0/8 -p icmp -j ACCEPT"],
  ],
  [
    "one type of icmp",
    [inbound({ protocol: "icmp", from: 8, to: -1 })],
    ["-A INPUT -s 10.0.0.0/8 -p icmp -m icmp --icmp-type 8 -j ACCEPT"],
  ],
  [
    "one type and code of icmp",
    [inbound({ protocol: "icmp", from: 3, to: 4 })],
    ["-A INPUT -s 10.0.0.0/8 -p icmp -m icmp --icmp-type 3/4 -j ACCEPT"],
  ],
  [
    "another protocol by its number",
    [inbound({ protocol: "50", from: undefined, to: undefined })],
    ["-A INPUT -s 10.0.0.0/8 -p 50 -j ACCEPT"],
  ],
  [
    "the members of a group, one line each",
    [inbound({ from: 2380, to: 2380, peer: { groupId: "sg-1" } })],
    [
      "-A INPUT -s 10.213.0.4/32 -p tcp -m tcp --dport 2380:2380 -j ACCEPT",
      "-A INPUT -s 10.213.16.4/32 -p tcp -m tcp --dport 2380:2380 -j ACCEPT",
    ],
  ],
  ["a group without members", [inbound({ peer: { groupId: "sg-empty" } })], []],
  ["outward", [outbound({})], ["-A OUTPUT -d 0.0.0.0/0 -j ACCEPT"]],
  [
    "outward, to a group's port",
    [outbound({ protocol: "tcp", from: 443, to: 443, peer: { groupId: "sg-1" } })],
    [
      "-A OUTPUT -d 10.213.0.4/32 -p tcp -m tcp --dport 443:443 -j ACCEPT",
      "-A OUTPUT -d 10.213.16.4/32 -p tcp -m tcp --dport 443:443 -j ACCEPT",
    ],
  ],
  [
    "the same twice, and in another order, is the same",
    [inbound({ from: 80, to: 80 }), inbound({}), inbound({})],
    [
      "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22:22 -j ACCEPT",
      "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 80:80 -j ACCEPT",
    ],
  ],
];
for (const [what, rules, lines] of cases) {
  test(what, () =>
    assert.deepEqual(opened({ "sg-1": rules }, { "sg-1": ["10.213.0.4", "10.213.16.4"] }), lines),
  );
}

test("an instance in two groups has the rules of both, and none of a third", () => {
  const rules = {
    "sg-1": [inbound({})],
    "sg-2": [inbound({ from: 80, to: 80 })],
    "sg-3": [inbound({ from: 81, to: 81 })],
  };
  assert.deepEqual(
    opened(rules, {}, ["sg-1", "sg-2"]).map((line) => /dport (\d+)/.exec(line)?.[1]),
    ["22", "80"],
  );
});

test(
  "each chain lets established connections pass, ends with a silent drop, and the VPC's " +
    "own services are always in reach",
  () => {
    const lines =
      firewallTables([], { rules: new Map(), addresses: new Map() }, 1, always)
        .split("COMMIT")[0]
        ?.split("\n") ?? [];
    for (const chain of ["INPUT", "OUTPUT"]) {
      const rules = lines.filter((line) => line.startsWith(`-A ${chain}`));
      assert.equal(rules.at(-1), `-A ${chain} -j DROP`);
      assert.ok(rules.includes(`-A ${chain} -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT`));
    }
    for (const own of ["10.213.0.2/32", "10.213.0.1/32 -p tcp -m tcp --dport 14582"])
      assert.ok(lines.includes(`-A OUTPUT -d ${own} -j ACCEPT`));
    assert.equal(
      lines.filter((line) => line.startsWith("-A INPUT") && line.endsWith("ACCEPT")).length,
      2,
    );
  },
);

test(
  "the metadata service is at its link-local address, and its answers die after as many " +
    "hops as the instance's options say",
  () => {
    const tables = (hops: number) =>
      firewallTables([], { rules: new Map(), addresses: new Map() }, hops, always);
    assert.match(
      tables(1),
      /^-A OUTPUT -d 169\.254\.169\.254\/32 -p tcp -m tcp --dport 80 -j DNAT --to-destination 10\.213\.0\.1:14582$/m,
    );
    assert.match(
      tables(1),
      /^-A PREROUTING -s 10\.213\.0\.1\/32 -p tcp -m tcp --sport 14582 -j TTL --ttl-set 1$/m,
    );
    assert.match(tables(3), /--ttl-set 3$/m);
  },
);
