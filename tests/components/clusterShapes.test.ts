// What clusters of different shapes register: exactly which resources, and which wait for which.
// Does not prove that any cloud accepts them, nor more of their inputs than differs between the
// shapes: etcdCluster.test.ts looks at one shape in detail.
import assert from "node:assert/strict";
import test, { describe, before } from "node:test";
import { foreignAuthority } from "../foreignAuthority.ts";
import type { EtcdClusterArgs } from "../../components/settings/clusterArgs.ts";
import { buildCluster, nodesNamed, type BuiltCluster } from "./clusterUnderMocks.ts";
import { addressOf } from "./mocks.ts";

interface Shape {
  readonly name: string;
  readonly members: string;
  readonly settings?: Partial<EtcdClusterArgs>;
}
const { certificate: caCertificate, privateKey: caPrivateKey } = await foreignAuthority();
const brought = { caCertificate, caPrivateKey };
const shapes: readonly Shape[] = [
  { name: "one member", members: "a" },
  { name: "three members", members: "abc" },
  { name: "five members", members: "abcde" },
  { name: "seven members", members: "abcdefg" },
  { name: "three members without TLS", members: "abc", settings: { tls: false } },
  {
    name: "five members without TLS, in public",
    members: "abcde",
    settings: { tls: false, publicAddress: true },
  },
  { name: "three members under a CA that is brought", members: "abc", settings: brought },
  {
    name: "three members with public addresses",
    members: "abc",
    settings: { publicAddress: true },
  },
  {
    name: "three members on Graviton",
    members: "abc",
    settings: { architecture: "arm64", instanceType: "t4g.medium" },
  },
];

const dynamic = (type: string) => `pulumi-nodejs:dynamic/etcd:${type}`;
const ingress = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";
const record = "cloudflare:index/dnsRecord:DnsRecord";

/** Type by name of everything that a shape is made of. */
function expected({ members, settings = {} }: Shape): Record<string, string> {
  const tls = settings.tls !== false;
  const shared = {
    etcd: "etcd:index:EtcdCluster",
    "etcd-founders": dynamic("Founders"),
    "etcd-founding-volumes": dynamic("Founders"),
    "etcd-incarnation": dynamic("Incarnation"),
    "etcd-claim": record,
    "etcd-leftovers": dynamic("Leftovers"),
    "etcd-host-key-seed": dynamic("HostKeySeed"),
    "etcd-machines": dynamic("Machines"),
    "etcd-dns-readiness": dynamic("DnsReadiness"),
    "etcd-clients-dns": dynamic("DnsReadiness"),
    "etcd-membership": dynamic("Membership"),
    "etcd-health": dynamic("ClusterHealth"),
    "etcd-key": "aws:ec2/keyPair:KeyPair",
    "etcd-members": "aws:ec2/securityGroup:SecurityGroup",
    "etcd-peers": ingress,
    "etcd-clients-10.1.0.0-16": ingress,
    "etcd-ssh-10.0.0.0-8": ingress,
    "etcd-out": "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    ...(tls && !settings.caCertificate ? { "etcd-ca": dynamic("CertificateAuthority") } : {}),
    ...(tls ? { "etcd-operator-certificate": dynamic("Certificate") } : {}),
  };
  const ofMember = (name: string) => ({
    [name]: "etcd:index:EtcdNode",
    [`${name}-interface`]: "aws:ec2/networkInterface:NetworkInterface",
    [`${name}-address`]: record,
    [`${name}-peer`]: record,
    [`${name}-client`]: record,
    [`${name}-data`]: "aws:ebs/volume:Volume",
    [`${name}-leftovers`]: dynamic("Leftovers"),
    [`${name}-instance`]: "aws:ec2/instance:Instance",
    [`${name}-attachment`]: "aws:ec2/volumeAttachment:VolumeAttachment",
    [`${name}-host-key`]: dynamic("HostKey"),
    [`${name}-first-contact`]: dynamic("FirstContact"),
    [`${name}-shutdown`]: dynamic("MemberShutdown"),
    [`${name}-machine-tag`]: "aws:ec2/tag:Tag",
    [`${name}-volume-tag`]: "aws:ec2/tag:Tag",
    [`${name}-bootstrap`]: "command:remote:Command",
    ...(settings.publicAddress === true ? { [`${name}-public-address`]: "aws:ec2/eip:Eip" } : {}),
    ...(tls ? { [`${name}-certificate`]: dynamic("Certificate") } : {}),
  });
  return Object.assign(shared, ...[...members].map((member) => ofMember(`etcd-${member}`)));
}

for (const shape of shapes)
  describe(shape.name, () => {
    const members = [...shape.members];
    const { settings = {} } = shape;
    const tls = settings.tls !== false;
    const isPublic = settings.publicAddress === true;
    let cluster: BuiltCluster;
    const dependenciesOf = (name: string) => [...(cluster.dependencies.get(name) ?? [])].sort();

    before(async () => {
      cluster = await buildCluster({ nodes: nodesNamed(shape.members), ...settings });
    });

    test("exactly these resources", () => {
      assert.equal(
        new Set(cluster.registered.map(({ name }) => name)).size,
        cluster.registered.length,
        "a name is used twice",
      );
      assert.deepEqual(
        Object.fromEntries(cluster.registered.map(({ name, type }) => [name, type])),
        expected(shape),
      );
    });

    test("all that is made after the claim waits for it, and goes before it", () => {
      const before = ["etcd-founders", "etcd-incarnation", "etcd-claim"];
      assert.deepEqual(
        [...cluster.claimed].sort(),
        cluster.registered
          .filter(({ name, type }) => !type.startsWith("etcd:index:") && !before.includes(name))
          .map(({ name }) => name)
          .sort(),
      );
    });

    test("records of one kind of server and of client, -ssl exactly with TLS", () => {
      const ssl = tls ? "-ssl" : "";
      for (const member of members) {
        const target = `${member}.etcd.test`;
        const { inputs: a } = cluster.one(`etcd-${member}-address`);
        assert.deepEqual([a.name, a.content], [target, addressOf(`etcd-${member}-interface`)]);
        for (const [record, service, port] of [
          ["peer", "server", 2380],
          ["client", "client", 2379],
        ] as const) {
          const { inputs } = cluster.one(`etcd-${member}-${record}`);
          assert.equal(inputs.name, `_etcd-${service}${ssl}._tcp.etcd.test`);
          assert.deepEqual(inputs.data, { priority: 0, weight: 0, port, target });
        }
      }
    });

    test("the gate waits for every record and expects every member", () => {
      assert.deepEqual(
        dependenciesOf("etcd-dns-readiness"),
        members.flatMap((member) => [`etcd-${member}-address`, `etcd-${member}-peer`]),
      );
      const { tls: encrypted, members: awaited } = cluster.one("etcd-dns-readiness").inputs
        .expected as { tls: boolean; members: { target: string }[] };
      assert.equal(encrypted, tls);
      assert.deepEqual(
        awaited.map(({ target }) => target),
        members.map((member) => `${member}.etcd.test`),
      );
    });

    test(
      "each bootstrap waits for the gate and for what is its own, and for " + "no other member",
      () => {
        for (const member of members) {
          const on = dependenciesOf(`etcd-${member}-bootstrap`);
          const own = ["attachment", "shutdown", "machine-tag", "volume-tag"];
          if (isPublic) own.push("public-address");
          for (const needed of [
            "etcd-dns-readiness",
            ...own.map((what) => `etcd-${member}-${what}`),
          ])
            assert.ok(on.includes(needed), `${needed} is not among ${on.join(", ")}`);
          assert.deepEqual(
            on.filter((name) => /^etcd-[a-g]-/.test(name) && !name.startsWith(`etcd-${member}-`)),
            [],
          );
        }
      },
    );

    test("health judges every member once they are as declared; clients find them then", () => {
      assert.deepEqual(
        dependenciesOf("etcd-membership"),
        members.map((member) => `etcd-${member}-bootstrap`),
      );
      assert.deepEqual(dependenciesOf("etcd-health"), ["etcd-membership"]);
      const scheme = tls ? "https" : "http";
      assert.deepEqual(
        cluster.one("etcd-health").inputs.members,
        members.map((member) => ({
          name: member,
          endpoint: `${scheme}://${addressOf(`etcd-${member}-interface`)}:2379`,
          peerUrl: `${scheme}://${member}.etcd.test:2380`,
        })),
      );
      assert.equal("identity" in cluster.one("etcd-health").inputs, tls);
      for (const member of members)
        assert.ok(dependenciesOf(`etcd-${member}-client`).includes("etcd-health"));
    });

    test("every certificate is signed by the one CA; none of its key is in the open", () => {
      const certificates = cluster.registered.filter(({ type }) => type === dynamic("Certificate"));
      assert.equal(certificates.length, tls ? members.length + 1 : 0);
      for (const { inputs } of certificates) {
        const text = JSON.stringify(inputs.authority);
        const [line = "?"] = caCertificate.split("\n").slice(1);
        assert.equal(text.includes(line), settings.caCertificate !== undefined);
      }
      const [keyLine = "?"] = caPrivateKey.split("\n").slice(1);
      const open = JSON.stringify(
        cluster.registered.map(({ inputs }) => inputs),
        (_name, value: unknown) => (isSecret(value) ? "[secret]" : value),
      );
      assert.ok(!open.includes(keyLine));
    });

    test("an image of the machines' architecture", () => {
      const architecture = settings.architecture ?? "amd64";
      const images = cluster.lookUps.filter(({ token }) => token === "aws:ec2/getAmi:getAmi");
      assert.ok(images.length > 0);
      for (const { inputs } of images)
        assert.deepEqual(inputs.filters, [
          { name: "name", values: [`debian-13-${String(architecture)}-*`] },
        ]);
      for (const member of members)
        assert.equal(
          cluster.one(`etcd-${member}-instance`).inputs.instanceType,
          settings.instanceType ?? "t3.medium",
        );
    });
  });

function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && "4dabf18193072939515e22adb298388d" in value;
}

test("keepData leaves the data volumes to the account, and nothing else", async () => {
  const keeping = await buildCluster({ keepData: "volumes" });
  const kept = [...keeping.options].filter(([, { retainOnDelete }]) => retainOnDelete);
  const volumes = kept.map(([name]) => name).filter((name) => name.endsWith("-data"));
  assert.deepEqual(volumes.sort(), ["etcd-a-data", "etcd-b-data", "etcd-c-data"]);
  const machines = kept.filter(([name]) => /-(instance|interface|address|peer|client)$/.test(name));
  assert.deepEqual(machines, []);
  const usual = await buildCluster({});
  assert.equal(usual.options.get("etcd-a-data")?.retainOnDelete, false);
});
