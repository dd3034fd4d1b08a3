// Each rule of the policy pack: what it accepts, and what it says of one broken field. Does not
// prove that the engine asks them: tests/lab/policy.test.ts does.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import test from "node:test";
import { allRules as rules } from "../../policy/allRules.ts";
import { broken, judge, judgeStack, type Resource, valid } from "./judge.ts";

test("every rule accepts what the program makes, says its reason, is in the pack", async () => {
  const files = (await fs.readdir(path.resolve(import.meta.dirname, "../../policy/rules")))
    .map((name) => path.basename(name, ".ts"))
    .sort();
  assert.deepEqual(Object.keys(rules).sort(), files);
  for (const rule of Object.values(rules)) {
    assert.ok(
      rule.description.length > 60 && /[.:,;] /.test(rule.description),
      `${rule.name}: ${rule.description}`,
    );
    for (const [kind, resource] of Object.entries(valid)) {
      if ("validateResource" in rule)
        assert.deepEqual(await judge(rule, resource), [], `${rule.name} on ${kind}`);
    }
    if ("validateStack" in rule)
      assert.deepEqual(await judgeStack(rule, Object.values(valid)), [], rule.name);
  }
  assert.deepEqual(
    Object.values(rules).flatMap((rule) =>
      rule.enforcementLevel ? [`${rule.name} ${rule.enforcementLevel}`] : [],
    ),
    ["etcd-digests advisory"],
  );
});

const world =
  "is open to 0.0.0.0/0; name the networks or groups that need it " +
  "(etcd:sshFrom, etcd:clientsFrom).";
const legacy = (props: object): Resource => ({
  type: "aws:ec2/securityGroupRule:SecurityGroupRule",
  props: { type: "ingress", securityGroupId: "sg-members", protocol: "tcp", ...props },
});
const inline = (rule: object): Resource =>
  broken("group", { ingress: [{ protocol: "tcp", ...rule }] });
const withDigest = (digest: string) => broken("cluster", { etcdSha256: { amd64: digest } });

/** Rule, resource with one thing broken, what is said. */
type Case = readonly [
  rule: Exclude<keyof typeof rules, "srvKinds">,
  what: string,
  resource: Resource,
  said: readonly (string | RegExp)[],
];
const cases: readonly Case[] = [
  [
    "imdsV2",
    "tokens optional",
    broken("instance", { metadataOptions: { httpTokens: "optional", httpPutResponseHopLimit: 1 } }),
    ['metadataOptions.httpTokens is optional; set it to "required".'],
  ],
  [
    "imdsV2",
    "a hop more",
    broken("instance", { metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 2 } }),
    ["metadataOptions.httpPutResponseHopLimit is 2; set it to 1."],
  ],
  [
    "imdsV2",
    "nothing set",
    broken("instance", { metadataOptions: undefined }),
    [/httpTokens is not set/, /httpPutResponseHopLimit is not set/],
  ],

  [
    "encryptedVolumes",
    "data volume",
    broken("volume", { encrypted: false }),
    [
      "encrypted is false; set it to true. A volume that exists is not encrypted in " +
        "place: it is replaced.",
    ],
  ],
  [
    "encryptedVolumes",
    "data volume, unsaid",
    broken("volume", { encrypted: undefined }),
    [/^encrypted is not set/],
  ],
  [
    "encryptedVolumes",
    "root volume",
    broken("instance", { rootBlockDevice: { encrypted: false } }),
    ["rootBlockDevice.encrypted is false; set it to true."],
  ],
  [
    "encryptedVolumes",
    "root volume, unsaid",
    broken("instance", { rootBlockDevice: undefined }),
    [/^rootBlockDevice\.encrypted is not set/],
  ],
  [
    "encryptedVolumes",
    "a further volume",
    broken("instance", {
      ebsBlockDevices: [{ deviceName: "/dev/sdf", encrypted: true }, { deviceName: "/dev/sdg" }],
    }),
    ["ebsBlockDevices: /dev/sdg is not encrypted; set its encrypted to true."],
  ],

  ["noOpenPorts", "IPv4", broken("clients", { cidrIpv4: "0.0.0.0/0" }), [`2379 ${world}`]],
  [
    "noOpenPorts",
    "IPv6",
    broken("ssh", { cidrIpv4: undefined, cidrIpv6: "::/0" }),
    [/^22 is open to ::\/0; /],
  ],
  [
    "noOpenPorts",
    "half of the Internet",
    broken("ssh", { cidrIpv4: "128.0.0.0/1" }),
    [/^22 is open to 128\.0\.0\.0\/1; /],
  ],
  [
    "noOpenPorts",
    "half of IPv6",
    broken("ssh", { cidrIpv4: undefined, cidrIpv6: "8000::/1" }),
    [/^22 is open to 8000::\/1; /],
  ],
  [
    "noOpenPorts",
    "no source",
    broken("ssh", { cidrIpv4: undefined }),
    ["22 is opened without a source; name a network or a group."],
  ],
  [
    "noOpenPorts",
    "the older kind of rule",
    legacy({ fromPort: 22, toPort: 22, cidrBlocks: ["10.0.0.0/8", "0.0.0.0/0"] }),
    [`22 ${world}`],
  ],
  [
    "noOpenPorts",
    "a rule inside the group",
    inline({ fromPort: 22, toPort: 22, ipv6CidrBlocks: ["::/0"] }),
    [/^22 is open to ::\/0/],
  ],
  [
    "noOpenPorts",
    "every protocol",
    broken("clients", {
      ipProtocol: "-1",
      fromPort: undefined,
      toPort: undefined,
      cidrIpv4: "0.0.0.0/0",
    }),
    [`0 to 65535 ${world}`],
  ],

  [
    "peerPort",
    "a network",
    broken("peers", { referencedSecurityGroupId: undefined, cidrIpv4: "10.0.0.0/16" }),
    [
      "2380, and so 2380, is open to 10.0.0.0/16; open it from the members' own " +
        "security group only.",
    ],
  ],
  [
    "peerPort",
    "another group",
    broken("peers", { referencedSecurityGroupId: "sg-other" }),
    [/open to another group or a prefix list/],
  ],
  [
    "peerPort",
    "a range around it",
    broken("clients", { toPort: 2380 }),
    [/^2379 to 2380, and so 2380, is open to 10\.0\.0\.0\/16/],
  ],
  [
    "peerPort",
    "every port",
    broken("clients", { ipProtocol: "-1", fromPort: undefined, toPort: undefined }),
    [/^0 to 65535, and so 2380/],
  ],
  [
    "peerPort",
    "the older kind, another group",
    legacy({ fromPort: 2380, toPort: 2380, sourceSecurityGroupId: "sg-other" }),
    [/open to another group/],
  ],
  [
    "peerPort",
    "inside the group, itself and a network",
    inline({ fromPort: 2380, toPort: 2380, self: true, cidrBlocks: ["10.0.0.0/8"] }),
    [/open to 10\.0\.0\.0\/8/],
  ],

  [
    "memberPorts",
    "another port",
    broken("clients", { fromPort: 9100, toPort: 9100 }),
    ["9100 is opened; open 22, 2379, 2380, each by a rule of its own."],
  ],
  ["memberPorts", "a range", broken("clients", { toPort: 2380 }), [/^2379 to 2380 is opened/]],

  [
    "unproxiedRecords",
    "proxied",
    broken("a", { proxied: true }),
    ["a.etcd.test A is proxied; set proxied to false."],
  ],

  [
    "recordTtl",
    "automatic",
    broken("server", { ttl: 1 }),
    [
      "_etcd-server-ssl._tcp.etcd.test SRV has the TTL 1; set etcd:ttl to 60 or more, " +
        "86400 at most.",
    ],
  ],
  ["recordTtl", "too short", broken("a", { ttl: 59 }), [/TTL 59/]],
  ["recordTtl", "too long", broken("a", { ttl: 86_401 }), [/TTL 86401/]],

  [
    "srvPriority",
    "they differ",
    broken("server", { priority: 10 }),
    [
      "_etcd-server-ssl._tcp.etcd.test has the priority 10, and 0 in data; set both to " +
        "the same number.",
    ],
  ],
  [
    "srvPriority",
    "one is missing",
    broken("client", { priority: undefined }),
    [/has the priority not set, and 0 in data/],
  ],

  [
    "etcdVersion",
    "below the floor",
    broken("cluster", { etcdVersion: "3.6.13" }),
    ["etcdVersion is 3.6.13: 3.6.14 or newer is needed, for its security fixes."],
  ],
  [
    "etcdVersion",
    "not exact",
    broken("cluster", { etcdVersion: "latest" }),
    ["etcdVersion is latest: a release such as 3.6.14 is needed."],
  ],
  [
    "etcdVersion",
    "an old line",
    broken("cluster", { etcdVersion: "3.4.40" }),
    [/the lines known here are/],
  ],
  [
    "etcdVersion",
    "unsaid",
    broken("cluster", { etcdVersion: undefined }),
    [/^etcdVersion is not set/],
  ],

  [
    "etcdDigests",
    "the mirror's own",
    broken("cluster", { etcdChecksums: "mirror" }),
    [
      "etcdChecksums is mirror: whoever serves the archive also says what it should be; " +
        'set it to "pinned".',
    ],
  ],
  [
    "etcdDigests",
    "none",
    broken("cluster", { etcdSha256: {} }),
    ["no digest is given for etcd 3.6.14; set etcd:etcdSha256 from the release's SHA256SUMS."],
  ],
  [
    "etcdDigests",
    "another than the release's",
    withDigest("0".repeat(64)),
    [/^the digest of etcd 3\.6\.14 for amd64 is 0{64}, and the release's is ffe840ff/],
  ],

  [
    "fixedImage",
    "the image is followed",
    { ...valid.instance, ignoreChanges: ["userData", "keyName"] },
    ["a change of ami would reach this machine; add it to the resource's ignoreChanges."],
  ],
  [
    "fixedImage",
    "all are",
    { ...valid.instance, ignoreChanges: [] },
    [/^a change of ami or userData or keyName would reach this machine; add them/],
  ],

  ...(["instance", "volume", "interface", "group", "key", "address"] as const).map((kind): Case => [
    "marks",
    `${kind} without tags`,
    broken(kind, { tags: undefined }),
    [/^missing tags: Project, Stack, Incarnation \(there are none\)/],
  ]),
  [
    "marks",
    "one tag less",
    broken("volume", { tags: { Name: "a.etcd.test", Project: "etcd", Stack: "prod" } }),
    ["missing tags: Incarnation (there are Name, Project, Stack); pass the cluster's tags on."],
  ],
  [
    "marks",
    "a record's comment",
    broken("a", { comment: "made by hand" }),
    [
      'the comment is "made by hand"; pass the cluster\'s on ("pulumi <project>/<stack> ' +
        '<incarnation>").',
    ],
  ],
  ["marks", "no comment", broken("server", { comment: undefined }), [/^the comment is not set/]],
];

for (const [name, what, resource, said] of cases) {
  test(`${rules[name].name}: ${what}`, async () => {
    const found = await judge(rules[name], resource);
    assert.equal(found.length, said.length, found.join("\n"));
    said.forEach((wanted, i) =>
      typeof wanted === "string"
        ? assert.equal(found[i], wanted)
        : assert.match(found[i] ?? "", wanted),
    );
  });
}

test("peer-port: the older kinds of rule, from the group itself, are accepted", async () => {
  for (const resource of [
    legacy({ fromPort: 2380, toPort: 2380, self: true }),
    legacy({ fromPort: 2380, toPort: 2380, sourceSecurityGroupId: "sg-members" }),
    inline({ fromPort: 2380, toPort: 2380, self: true }),
  ]) {
    assert.deepEqual(await judge(rules.peerPort, resource), []);
  }
});

test("srv-kinds: both kinds under one domain, of one service or of two", async () => {
  const { server, client } = valid;
  const plain = (kind: "server" | "client", name: string) => broken(kind, { name });
  for (const resources of [
    [server, plain("server", "_etcd-server._tcp.etcd.test")],
    [server, plain("client", "_etcd-client._tcp.etcd.test")],
  ]) {
    assert.deepEqual(await judgeStack(rules.srvKinds, resources), [
      "etcd.test has SRV records of both kinds, _etcd-…-ssl and plain; keep the kind " +
        "that etcd:tls asks for.",
    ]);
  }
  assert.deepEqual(
    await judgeStack(rules.srvKinds, [
      server,
      client,
      plain("server", "_etcd-server._tcp.other.test"),
    ]),
    [],
  );
});
