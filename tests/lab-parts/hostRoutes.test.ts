/**
 * What of the host's routes and firewall stops the lab, as text: overlaps, and bridged traffic that
 * would be dropped. Does not prove that bridge and namespaces can be made on this host.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { forwardRefusal, overlapRefusal, overlapping, rangeOf } from "../../lab/hostRoutes.ts";

const cidr = "10.213.0.0/16";
const overlaps: [dst: string, dev: string, overlaps: boolean][] = [
  ["default", "eth0", false],
  ["192.0.2.0/24", "eth0", false],
  ["10.213.4.0/24", "eth1", true],
  ["10.213.255.255", "eth1", true],
  ["10.0.0.0/8", "tun0", true],
  ["10.212.0.0/16", "eth1", false],
  ["10.214.0.0/16", "eth1", false],
  ["10.212.0.0/15", "eth1", true],
  ["10.213.0.0/16", "etcdlab0", false],
  ["0.0.0.0/0", "eth0", false],
];
for (const [dst, dev, expected] of overlaps) {
  test(`${cidr} ${expected ? "overlaps" : "does not overlap"} ${dst} dev ${dev}`, () =>
    assert.equal(overlapping([{ dst, dev }], cidr, "etcdlab0").length, expected ? 1 : 0));
}

test("addresses above 127 are counted without a sign", () =>
  assert.deepEqual(rangeOf("192.168.0.0/16"), { first: 3232235520, last: 3232301055 }));

test("the refusal names the route and a network that is free", () => {
  assert.equal(
    overlapRefusal(
      [
        { dst: "default", dev: "eth0" },
        { dst: "10.0.0.0/8", gateway: "10.8.0.1", dev: "tun0" },
      ],
      cidr,
      "etcdlab0",
    ),
    "LAB_CIDR: 10.213.0.0/16 overlaps this host's route 10.0.0.0/8 via 10.8.0.1 dev " +
      "tun0; run again with LAB_CIDR=172.29.0.0/16, which is free here.",
  );
  assert.equal(overlapRefusal([{ dst: "192.0.2.0/24", dev: "eth0" }], cidr, "etcdlab0"), undefined);
});

const docker = [
  "-P INPUT ACCEPT",
  "-P FORWARD DROP",
  "-N DOCKER-USER",
  "-A FORWARD -j DOCKER-USER",
].join("\n");
const firewalls: [
  what: string,
  callIptables: string | undefined,
  rules: string | undefined,
  says: RegExp | undefined,
][] = [
  ["no br_netfilter", undefined, docker, undefined],
  ["br_netfilter off", "0\n", docker, undefined],
  ["no iptables", "1\n", undefined, undefined],
  ["FORWARD accepts", "1\n", "-P FORWARD ACCEPT", undefined],
  ["Docker's DROP", "1\n", docker, /iptables -I DOCKER-USER -i etcdlab0 -o etcdlab0 -j ACCEPT/],
  ["DROP without Docker", "1\n", "-P FORWARD DROP", /iptables -I FORWARD -i etcdlab0/],
  [
    "Docker's DROP, mended",
    "1\n",
    `${docker}\n-A DOCKER-USER -i etcdlab0 -o etcdlab0 -j ACCEPT`,
    undefined,
  ],
];
for (const [what, callIptables, rules, says] of firewalls) {
  test(`firewall: ${what}`, () => {
    const refusal = forwardRefusal(callIptables, rules, "etcdlab0");
    if (says) assert.match(refusal ?? "", says);
    else assert.equal(refusal, undefined);
  });
}
