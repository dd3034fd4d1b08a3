// What one cluster registers: types, names, inputs, secrets, order. Does not prove that any cloud
// accepts it: tests/lab does.
import assert from "node:assert/strict";
import test, { before } from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { firstContactKeyIn } from "../../components/ssh/userData.ts";
import { addressOf, promiseOf, recordResources, settled, type Registered } from "./mocks.ts";
import { privateKey, validArgs } from "./validSettings.ts";

let registered: Registered[];
let dependencies: Map<string, string[]>;
let options: Map<string, pulumi.CustomResourceOptions>;
let peerUrls: Readonly<Record<string, string>>;
let endpoints: Record<string, string>;
let hostKeys: Record<string, string>;
const kmsKey = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

before(async () => {
  registered = await recordResources();
  const watched = watchOptions();
  ({ dependencies, options } = watched);
  const { EtcdCluster } = await import("../../components/etcdCluster.ts");
  const cluster = new EtcdCluster(
    "etcd",
    validArgs({
      clientsFrom: ["10.1.0.0/16", "sg-0123456789abcdef0"],
      kmsKeyId: kmsKey,
      nameservers: ["10.0.0.53"],
    }),
    { transformations: [watched.watch] },
  );
  endpoints = await promiseOf(cluster.endpoints);
  peerUrls = cluster.peerUrls;
  hostKeys = await promiseOf(cluster.hostKeys);
  await settled();
});

/**
 * Options are not part of what mocks see; a transformation on the component sees those of all its
 * children. That almost all depend on the claim clusterShapes.test.ts looks at, so it is left out.
 */
function watchOptions() {
  const dependencies = new Map<string, string[]>();
  const options = new Map<string, pulumi.CustomResourceOptions>();
  const watch: pulumi.ResourceTransformation = ({ name, opts }) => {
    options.set(name, opts as pulumi.CustomResourceOptions);
    const on = [opts.dependsOn ?? []].flat() as pulumi.Resource[];
    void Promise.all(on.map((resource) => promiseOf(resource.urn))).then((urns) =>
      dependencies.set(
        name,
        urns.map((urn) => urn.split("::").at(-1) ?? "").filter((on) => on !== "etcd-claim"),
      ),
    );
    return undefined;
  };
  return { dependencies, options, watch };
}
const one = (name: string): Registered => {
  const found = registered.filter((r) => r.name === name);
  assert.equal(
    found.length,
    1,
    `${name}: ${found.length} in ${registered.map((r) => r.name).join(", ")}`,
  );
  return found[0]!;
};
/** Names of what runs before a creation, in order. */
const hooksOf = (name: string): string[] =>
  (options.get(name)?.hooks?.beforeCreate ?? []).map((hook) => (hook as pulumi.ResourceHook).name);
const secretValue = (value: unknown): unknown =>
  typeof value === "object" && value !== null && "value" in value
    ? (value as { value: unknown }).value
    : value;

test("exactly these resources", () => {
  const node = (n: string) => [
    `etcd-${n}`,
    `etcd-${n}-address`,
    `etcd-${n}-attachment`,
    `etcd-${n}-bootstrap`,
    `etcd-${n}-certificate`,
    `etcd-${n}-client`,
    `etcd-${n}-data`,
    `etcd-${n}-first-contact`,
    `etcd-${n}-host-key`,
    `etcd-${n}-instance`,
    `etcd-${n}-interface`,
    `etcd-${n}-leftovers`,
    `etcd-${n}-machine-tag`,
    `etcd-${n}-peer`,
    `etcd-${n}-shutdown`,
    `etcd-${n}-volume-tag`,
  ];
  const shared = [
    "etcd",
    "etcd-ca",
    "etcd-claim",
    "etcd-operator-certificate",
    "etcd-clients-10.1.0.0-16",
    "etcd-clients-dns",
    "etcd-clients-sg-0123456789abcdef0",
    "etcd-dns-readiness",
    "etcd-founders",
    "etcd-founding-volumes",
    "etcd-health",
    "etcd-host-key-seed",
    "etcd-incarnation",
    "etcd-key",
    "etcd-leftovers",
    "etcd-machines",
    "etcd-members",
    "etcd-membership",
    "etcd-out",
    "etcd-peers",
    "etcd-ssh-10.0.0.0-8",
  ];
  assert.deepEqual(
    registered.map((r) => r.name).sort(),
    [...["a", "b", "c"].flatMap(node), ...shared].sort(),
  );
});

test("type tokens are those that the docs name", () => {
  assert.equal(one("etcd").type, "etcd:index:EtcdCluster");
  assert.equal(one("etcd-a").type, "etcd:index:EtcdNode");
  assert.equal(one("etcd-dns-readiness").type, "pulumi-nodejs:dynamic/etcd:DnsReadiness");
});

test(
  "an A record for the private address, never proxied, and SRV records with priority in " +
    "both places",
  () => {
    assert.deepEqual(one("etcd-a-address").inputs, {
      zoneId: "0".repeat(32),
      ttl: 60,
      proxied: false,
      comment: "pulumi etcd/test 0a1b2c",
      name: "a.etcd.test",
      type: "A",
      content: addressOf("etcd-a-interface"),
    });
    const srv = (port: number) => ({
      zoneId: "0".repeat(32),
      ttl: 60,
      proxied: false,
      comment: "pulumi etcd/test 0a1b2c",
      type: "SRV",
      priority: 0,
      data: { priority: 0, weight: 0, port, target: "b.etcd.test" },
    });
    assert.deepEqual(one("etcd-b-peer").inputs, {
      ...srv(2380),
      name: "_etcd-server-ssl._tcp.etcd.test",
    });
    assert.deepEqual(one("etcd-b-client").inputs, {
      ...srv(2379),
      name: "_etcd-client-ssl._tcp.etcd.test",
    });
  },
);

test("the claim: a text that is the same for all, whose comment names the owner", () => {
  assert.deepEqual(one("etcd-claim").inputs, {
    zoneId: "0".repeat(32),
    ttl: 60,
    proxied: false,
    comment: "pulumi etcd/test 0a1b2c",
    name: "_etcd-on-ec2.etcd.test",
    type: "TXT",
    content: '"etcd cluster of one owner; its comment names it"',
  });
  // What others have is looked at before anything of ours is removed.
  assert.deepEqual(hooksOf("etcd-claim"), ["etcd-names-are-free", "etcd-remove-orphans"]);
  assert.equal(options.get("etcd-claim")?.hooks?.afterCreate?.length, 1);
});

test("a machine on its own interface, with IMDSv2 only and encrypted disks", () => {
  const { inputs } = one("etcd-c-instance");
  assert.deepEqual(inputs.primaryNetworkInterface, { networkInterfaceId: "etcd-c-interface-id" });
  assert.deepEqual(inputs.metadataOptions, { httpTokens: "required", httpPutResponseHopLimit: 1 });
  assert.deepEqual(inputs.rootBlockDevice, {
    encrypted: true,
    kmsKeyId: kmsKey,
    volumeType: "gp3",
    volumeSize: 10,
  });
  assert.equal(inputs.ami, "ami-looked-up");
  assert.deepEqual(
    [
      one("etcd-c-data").inputs.encrypted,
      one("etcd-c-data").inputs.kmsKeyId,
      one("etcd-c-data").inputs.size,
    ],
    [true, kmsKey, 20],
  );
});

test("user data is secret, and brings a host key of its own to each machine", () => {
  const texts = ["a", "b", "c"].map((n) => one(`etcd-${n}-instance`).inputs.userData);
  const keys = texts.map((text) => firstContactKeyIn(String(secretValue(text))));
  for (const text of texts) assert.notEqual(typeof text, "string", "user data must be a secret");
  for (const key of keys) assert.match(key, /^ssh-ed25519 AAAA/);
  assert.equal(new Set(keys).size, 3);
  assert.deepEqual(options.get("etcd-a-instance")?.additionalSecretOutputs, ["userData"]);
});

test(
  "the first contact knows the machine by the key of its user data, once port 22 is open, " +
    "and waits for no DNS",
  () => {
    const { inputs } = one("etcd-b-first-contact");
    const on = dependencies.get("etcd-b-first-contact") ?? [];
    assert.equal(
      inputs.firstHostKey,
      firstContactKeyIn(String(secretValue(one("etcd-b-instance").inputs.userData))),
    );
    assert.deepEqual(
      [inputs.hostKey, inputs.host, inputs.instanceId, inputs.user],
      [
        "ssh-ed25519 lasting-of-etcd-b-host-key",
        addressOf("etcd-b-interface"),
        "etcd-b-instance-id",
        "admin",
      ],
    );
    for (const secret of ["privateKey", "hostPrivateKey"])
      assert.notEqual(typeof inputs[secret], "string", `${secret} must be a secret`);
    assert.ok(on.includes("etcd-ssh-10.0.0.0-8"), on.join(", "));
    assert.ok(!on.includes("etcd-dns-readiness"), on.join(", "));
    assert.equal(one("etcd-b-host-key").inputs.instanceId, "etcd-b-instance-id");
  },
);

test("every later connection pins the lasting key of its own node", async () => {
  for (const n of ["a", "b", "c"]) {
    const connection = secretValue(one(`etcd-${n}-bootstrap`).inputs.connection) as {
      hostKey: unknown;
      host: string;
    };
    assert.deepEqual(
      [connection.hostKey, connection.host],
      [`ssh-ed25519 lasting-of-etcd-${n}-host-key`, addressOf(`etcd-${n}-interface`)],
    );
  }
  assert.deepEqual(
    hostKeys,
    Object.fromEntries(
      ["a", "b", "c"].map((n) => [n, `ssh-ed25519 lasting-of-etcd-${n}-host-key`]),
    ),
  );
});

test(
  "a moved image or user data replaces no machine, and a replaced machine goes before its " +
    "successor comes",
  () => {
    assert.deepEqual(options.get("etcd-a-instance")?.ignoreChanges, [
      "ami",
      "userData",
      "keyName",
      "tags.Member",
      "tagsAll.Member",
    ]);
    for (const name of [
      "etcd-a-instance",
      "etcd-a-attachment",
      "etcd-a-address",
      "etcd-a-peer",
      "etcd-a-client",
    ])
      assert.equal(options.get(name)?.deleteBeforeReplace, true, name);
  },
);

test("what may not change is checked before anything is made", () => {
  assert.equal(registered.find((r) => !r.type.startsWith("etcd:index:"))?.name, "etcd-incarnation");
  assert.deepEqual(dependencies.get("etcd-founders"), ["etcd-incarnation"]);
});

test("everything in EC2 bears the mark, and is watched for what a cut-off run left", () => {
  for (const name of [
    "etcd-a-interface",
    "etcd-a-data",
    "etcd-a-instance",
    "etcd-members",
    "etcd-key",
  ]) {
    const { Project, Stack, Incarnation } = one(name).inputs.tags as Record<string, string>;
    assert.deepEqual([Project, Stack, Incarnation], ["etcd", "test", "0a1b2c"], name);
  }
  for (const name of [
    "etcd-a-interface",
    "etcd-a-instance",
    "etcd-a-address",
    "etcd-a-client",
    "etcd-members",
    "etcd-peers",
  ])
    assert.deepEqual(hooksOf(name), ["etcd-claim-stands", "etcd-remove-orphans"], name);
});

test("a machine and its volume are a member's, for all to see, before etcd may start", () => {
  for (const [tag, thing] of [
    ["etcd-b-machine-tag", "etcd-b-instance"],
    ["etcd-b-volume-tag", "etcd-b-data"],
  ] as const) {
    const { type, inputs } = one(tag);
    assert.deepEqual(
      [type, inputs],
      ["aws:ec2/tag:Tag", { resourceId: `${thing}-id`, key: "Member", value: "f0f0" }],
    );
    assert.deepEqual(dependencies.get(tag), ["etcd-dns-readiness"]);
    assert.ok(dependencies.get("etcd-b-bootstrap")?.includes(tag), tag);
    // Neither its own resource nor that of the thing takes it off again.
    assert.equal(options.get(tag)?.retainOnDelete, true, tag);
    for (const tag of ["tags.Member", "tagsAll.Member"])
      assert.ok(options.get(thing)?.ignoreChanges?.includes(tag), `${thing}: ${tag}`);
  }
});

test("a destroy comes between what is held and what may hold it unknown to the state", () => {
  assert.deepEqual(
    [dependencies.get("etcd-leftovers"), dependencies.get("etcd-a-interface")],
    [["etcd-members"], ["etcd-leftovers"]],
  );
  assert.deepEqual(
    [dependencies.get("etcd-a-leftovers"), dependencies.get("etcd-a-instance")],
    [["etcd-a-interface"], ["etcd-a-leftovers", "etcd-host-key-seed"]],
  );
  // What they look for is what is made after them, neither more nor less.
  assert.deepEqual(one("etcd-a-leftovers").inputs.tags, one("etcd-a-instance").inputs.tags);
  const { Name: _, ...common } = one("etcd-a-interface").inputs.tags as Record<string, string>;
  assert.deepEqual(one("etcd-leftovers").inputs.tags, common);
});

test(
  "2380 from the group itself only, 2379 from the named networks and groups, 22 from the " +
    "named networks, each rule with a description",
  () => {
    const rules = registered.filter((r) => r.type.endsWith("SecurityGroupIngressRule"));
    assert.deepEqual(
      rules
        .map((r) => [r.inputs.fromPort, r.inputs.cidrIpv4 ?? r.inputs.referencedSecurityGroupId])
        .sort(),
      [
        [22, "10.0.0.0/8"],
        [2379, "10.1.0.0/16"],
        [2379, "sg-0123456789abcdef0"],
        [2380, "etcd-members-id"],
      ],
    );
    for (const rule of rules) assert.ok(String(rule.inputs.description).length > 5);
  },
);

test("the gate waits for records, not for machines, and expects every member", () => {
  assert.deepEqual(
    dependencies.get("etcd-dns-readiness")?.sort(),
    ["a", "b", "c"].flatMap((n) => [`etcd-${n}-address`, `etcd-${n}-peer`]).sort(),
  );
  assert.deepEqual(one("etcd-dns-readiness").inputs.expected, {
    domain: "etcd.test",
    tls: true,
    port: 2380,
    members: ["a", "b", "c"].map((n) => ({
      target: `${n}.etcd.test`,
      address: addressOf(`etcd-${n}-interface`),
    })),
  });
});

test("who founds is written down once the gate is open: machine, disk and address", () => {
  assert.deepEqual(dependencies.get("etcd-founding-volumes"), ["etcd-dns-readiness"]);
  const { machineIds, volumeIds, addresses } = one("etcd-founding-volumes").inputs;
  const ofEach = (value: (name: string) => string) =>
    Object.fromEntries(["a", "b", "c"].map((n) => [n, value(n)]));
  assert.deepEqual(
    [machineIds, volumeIds, addresses],
    [
      ofEach((n) => `etcd-${n}-instance-id`),
      ofEach((n) => `etcd-${n}-data-id`),
      ofEach((n) => addressOf(`etcd-${n}-interface`)),
    ],
  );
  for (const n of ["a", "b", "c"])
    assert.match(
      String(secretValue(one(`etcd-${n}-bootstrap`).inputs.stdin)),
      /\nhas_ticket=yes\n/,
    );
});

test("each bootstrap waits for the gate, its volume and the open ports, for no other node", () => {
  const on = dependencies.get("etcd-b-bootstrap") ?? [];
  for (const needed of ["etcd-dns-readiness", "etcd-b-attachment", "etcd-peers"])
    assert.ok(on.includes(needed), `${needed} is not among ${on.join(", ")}`);
  assert.ok(!on.some((name) => /^etcd-[ac]-/.test(name)), on.join(", "));
});

test(
  "etcd is stopped between what starts it and the gate, so before any record goes; its " +
    "machine is known by its lasting key",
  () => {
    for (const n of ["a", "b", "c"]) {
      assert.ok(
        dependencies.get(`etcd-${n}-bootstrap`)?.includes(`etcd-${n}-shutdown`),
        "a bootstrap goes after its shutdown",
      );
      // Direct edges: when one member leaves, the gate stays and orders nothing.
      assert.deepEqual(dependencies.get(`etcd-${n}-shutdown`), [
        "etcd-dns-readiness",
        `etcd-${n}-address`,
        `etcd-${n}-peer`,
      ]);
      assert.equal(one(`etcd-${n}-shutdown`).inputs.hostKey, hostKeys[n]);
    }
  },
);

test("certificates wait for no machine and no health, and machines for the operator's", () => {
  for (const who of ["operator", "a", "b", "c"])
    assert.deepEqual(dependencies.get(`etcd-${who}-certificate`), []);
  for (const member of ["a", "b", "c"])
    assert.ok(dependencies.get(`etcd-${member}-bootstrap`)?.includes("etcd-operator-certificate"));
});

test("a guard of each machine knows whom to ask; the machines are written down", () => {
  const { inputs } = one("etcd-b-shutdown");
  assert.deepEqual(
    [inputs.node, inputs.instanceId, inputs.volumeId],
    ["b", "etcd-b-instance-id", "etcd-b-data-id"],
  );
  assert.deepEqual(inputs.members, one("etcd-health").inputs.members);
  assert.notEqual(secretValue(inputs.operator), inputs.operator, "the key must be a secret");
  assert.deepEqual(one("etcd-machines").inputs.machineIds, {
    a: "etcd-a-instance-id",
    b: "etcd-b-instance-id",
    c: "etcd-c-instance-id",
  });
  const { hooks } = options.get("etcd-machines") ?? {};
  assert.deepEqual(
    hooks?.beforeUpdate?.map((hook) => (hook as pulumi.ResourceHook).name),
    ["etcd-other-members", "etcd-volumes-stay", "etcd-machines-in-one-run"],
  );
});

test("a bootstrap runs one short command; the rest travels as secret standard input", () => {
  const { inputs } = one("etcd-a-bootstrap");
  assert.deepEqual(
    [inputs.create, inputs.update, inputs.delete],
    ["sudo -n bash -s", "sudo -n bash -s", undefined],
  );
  assert.deepEqual(inputs.triggers, ["etcd-a-instance-id", "etcd-a-data-id"]);
  assert.match(String(secretValue(inputs.stdin)), /^bootstrap\(\) \{/);
  assert.notEqual(typeof inputs.stdin, "string", "standard input must be a secret");
});

test("members wait for every bootstrap, health for them, clients find the cluster after it", () => {
  assert.deepEqual(dependencies.get("etcd-membership"), [
    "etcd-a-bootstrap",
    "etcd-b-bootstrap",
    "etcd-c-bootstrap",
  ]);
  const { members, privateKey, operator, ...rest } = one("etcd-membership").inputs;
  assert.deepEqual((members as unknown[])[0], {
    name: "a",
    endpoint: `https://${addressOf("etcd-a-interface")}:2379`,
    peerUrl: "https://a.etcd.test:2380",
    address: addressOf("etcd-a-interface"),
    machine: "etcd-a-instance-id",
    volume: "etcd-a-data-id",
    hostKey: "ssh-ed25519 lasting-of-etcd-a-host-key",
  });
  assert.equal(rest.clusterToken, "etcd.test-0a1b2c-f0f0", "that of the founders");
  assert.deepEqual(rest.leavers, [], "the state has no other machines");
  assert.equal(rest.openedAt, "opened-etcd-dns-readiness", "a killed run is told by the gate");
  for (const secret of [privateKey, operator]) assert.notEqual(secretValue(secret), secret);
  assert.deepEqual(dependencies.get("etcd-health"), ["etcd-membership"]);
  assert.deepEqual(dependencies.get("etcd-a-client"), ["etcd-health", "etcd-a-shutdown"]);
  const { founding, acceptRestore } = one("etcd-health").inputs;
  assert.deepEqual([founding, acceptRestore], ["f0f0", ""], "what it recognises the cluster by");
  assert.deepEqual(
    endpoints,
    Object.fromEntries(
      ["a", "b", "c"].map((n) => [n, `https://${addressOf(`etcd-${n}-interface`)}:2379`]),
    ),
  );
});

test("peer URLs are by name", () => {
  assert.deepEqual(
    peerUrls,
    Object.fromEntries(["a", "b", "c"].map((n) => [n, `https://${n}.etcd.test:2380`])),
  );
});

test("up ends when clients can find every member, also when a client record was made anew", () => {
  const clients = ["a", "b", "c"].map((n) => `etcd-${n}-client`);
  assert.equal(one("etcd-clients-dns").type, "pulumi-nodejs:dynamic/etcd:DnsReadiness");
  assert.deepEqual(dependencies.get("etcd-clients-dns")?.sort(), clients);
  const { expected, recordIds, timeoutSeconds } = one("etcd-clients-dns").inputs;
  assert.deepEqual(expected, {
    service: "client",
    domain: "etcd.test",
    tls: true,
    port: 2379,
    members: ["a", "b", "c"].map((n) => ({
      target: `${n}.etcd.test`,
      address: addressOf(`etcd-${n}-interface`),
    })),
  });
  assert.deepEqual([recordIds, timeoutSeconds], [clients.map((record) => `${record}-id`), 120]);
});

test("no private key anywhere but in secrets", () => {
  // A secret arrives in mocks wrapped; plain text would be found as it is.
  const plain = JSON.stringify(
    registered.map((r) => r.inputs),
    (_name, value: unknown) =>
      typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value
        ? "[secret]"
        : value,
  );
  for (const secret of ["marker-of-the-private-key", privateKey.split("\n")[1]!])
    assert.ok(!plain.includes(secret));
});

test(
  "a member's certificate is for its names and its address; the operator's holds no name " +
    "of the cluster, so it is no peer",
  () => {
    const { commonName, dnsNames, addresses, days, renewBeforeDays } =
      one("etcd-b-certificate").inputs;
    assert.deepEqual(
      { commonName, dnsNames, addresses, days, renewBeforeDays },
      {
        commonName: "b.etcd.test",
        dnsNames: ["etcd.test", "b.etcd.test", "localhost"],
        addresses: [addressOf("etcd-b-interface"), "127.0.0.1"],
        days: 365,
        renewBeforeDays: 60,
      },
    );
    assert.deepEqual(
      [
        one("etcd-operator-certificate").inputs.dnsNames,
        one("etcd-operator-certificate").inputs.addresses,
      ],
      [[], []],
    );
    for (const name of ["etcd-ca", "etcd-b-certificate", "etcd-operator-certificate"])
      assert.deepEqual(options.get(name)?.additionalSecretOutputs, ["privateKey"], name);
  },
);

test("what a machine's host key is made of outlives the machine in the state", () => {
  assert.ok(dependencies.get("etcd-b-instance")?.includes("etcd-host-key-seed"));
});
