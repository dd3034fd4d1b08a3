// From nothing to a healthy cluster and back, as a newcomer does it. Does not prove anything about
// real AWS, Cloudflare or Chef packages.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import test, { after, before } from "node:test";
import { addresses } from "../../lab/addresses.ts";
import { labDir, projectDir, volumeDir } from "../../lab/paths.ts";
import { podman } from "../../lab/podman.ts";
import { run } from "../../lab/shell.ts";
import { openStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs } from "../../commands/stack/stackOutputs.ts";
import { startClient } from "./client.ts";
import { allRecords, eventually, mustRun, npmRun, pulumiWith } from "./harness.ts";

interface Status {
  clusterId: string;
  healthy: boolean;
  reasons: string[];
  members: { name: string; endpoint: string; healthy: boolean; leader: boolean; version: string }[];
}
const status = async (): Promise<Status> =>
  JSON.parse((await npmRun("status", "--json")).text) as Status;

let firstUp = "";
before(async () => {
  await mustRun("down");
  firstUp = await mustRun("up");
});
after(async () => {
  await npmRun("lab", "stop");
});

test("up ends with the table, the cluster ID, and what to try next", () => {
  assert.match(firstUp, /MEMBER\s+ENDPOINT\s+VERSION/);
  assert.match(firstUp, /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/);
  assert.match(firstUp, /npm run etcdctl -- put/);
});

test("status: three members, one cluster, one leader", async () => {
  const { clusterId, healthy, reasons, members } = await status();
  assert.deepEqual([healthy, reasons], [true, []]);
  assert.match(clusterId, /^[0-9a-f]+$/);
  assert.deepEqual(
    members.map((m) => [m.name, m.healthy, m.version]),
    ["a", "b", "c"].map((n) => [n, true, "3.6.14"]),
  );
  assert.equal(members.filter((m) => m.leader).length, 1);
});

test("the checkout stays clean", async () => {
  if (!existsSync(`${projectDir}/.git`)) return;
  assert.equal(
    await run(
      "git",
      [
        "diff",
        "--stat",
        "--",
        "Pulumi.dev.yaml",
        "Pulumi.yaml",
        "package.json",
        "package-lock.json",
      ],
      { cwd: projectDir },
    ),
    "",
  );
  assert.equal(
    await run("git", ["check-ignore", ".lab", "node_modules"], { cwd: projectDir }),
    ".lab\nnode_modules\n",
  );
});

test("Cloudflare holds exactly the cluster's records, none proxied", async () => {
  const seen = (await allRecords())
    .filter((r) => r.type !== "NS" && !r.name.startsWith("ns"))
    .map((r) => `${r.name} ${r.type} ${r.content}`)
    .sort();
  const { members } = await status();
  const hosts = members.flatMap(({ name, endpoint }) => [
    `${name}.etcd.test A ${new URL(endpoint).hostname}`,
    `_etcd-server-ssl._tcp.etcd.test SRV 0 2380 ${name}.etcd.test`,
    `_etcd-client-ssl._tcp.etcd.test SRV 0 2379 ${name}.etcd.test`,
  ]);
  const claim = '_etcd-on-ec2.etcd.test TXT "etcd cluster of one owner; its comment names it"';
  assert.deepEqual(seen, [claim, ...hosts].sort());
});

test(
  "a host that is no member finds the cluster by its domain, writes through one member " +
    "and reads through another",
  async () => {
    const client = await startClient({
      identity: (await stackOutputs(await openStack("test"))).identity,
    });
    try {
      await client.run("etcdctl", "--discovery-srv", "etcd.test", "put", "colour", "blue");
      const read = await client.run(
        "etcdctl",
        "--endpoints",
        "https://c.etcd.test:2379",
        "get",
        "colour",
        "--print-value-only",
      );
      assert.equal(read.trim(), "blue");
    } finally {
      await client.close();
    }
  },
);

test("etcdctl and ssh reach the members, and pass exit codes on", async () => {
  await mustRun("etcdctl", "put", "k", "v");
  assert.match(await mustRun("etcdctl", "get", "k"), /^k\nv$/m);
  assert.notEqual((await npmRun("etcdctl", "no-such-command")).code, 0);
  assert.match(await mustRun("ssh", "b", "hostname"), /^ip-10-213-16-\d+$/m);
  assert.equal((await npmRun("ssh", "b", "exit", "7")).code, 7);
  assert.match((await npmRun("ssh", "x")).text, /no member "x"; there are a, b, c/);
});

test("a second up and a preview change nothing, also after asking the services", async () => {
  assert.match(await mustRun("up"), /nothing to change/);
  await mustRun("pulumi", "preview", "--expect-no-changes", "--non-interactive");
  await mustRun("pulumi", "preview", "--refresh", "--expect-no-changes", "--non-interactive");
  await mustRun("pulumi", "up", "--yes", "--refresh", "--expect-no-changes", "--non-interactive");
});

test("a second converge changes nothing on the node", async () => {
  const log = await mustRun(
    "ssh",
    "a",
    "sudo",
    "sh",
    "-c",
    "'cd /var/lib/etcd-bootstrap/*/ && rm -rf nodes && cinc-client -z -c client.rb -j node.json'",
  );
  assert.match(log, /\b0\/\d+ resources updated/);
});

test("a machine that reboots comes back into the same cluster by itself", async () => {
  const before = await status();
  // When its first process was started: a look at its health may come when it is back already.
  const started = async () =>
    /^\d+$/m.exec((await npmRun("ssh", "b", "cut -d' ' -f22 /proc/1/stat")).text)?.[0];
  const first = await started();
  assert.ok(first);
  await npmRun("ssh", "b", "sudo", "systemctl", "reboot");
  await eventually("b to be started again", 60_000, async () => {
    const now = await started();
    return now !== undefined && now !== first;
  });
  await eventually("the cluster to be healthy again", 60_000, async () => (await status()).healthy);
  assert.equal((await status()).clusterId, before.clusterId);
});

test("preview refuses what a cluster keeps", async () => {
  const zone = (name: string) => ({ [name]: { zone: "us-east-1a" } });
  const moved = await pulumiWith(
    { "etcd:nodes": { ...zone("a"), ...zone("b"), c: { zone: "us-east-1b" } } },
    "preview",
  );
  assert.notEqual(moved.code, 0);
  assert.match(moved.text, /nodes\.c: a member keeps its zone .* in nodes write e in place of c/);
  const domain = await pulumiWith({ "etcd:domain": "other.etcd.test" }, "preview");
  assert.match(domain.text, /by it \(founded under etcd\.test; got other\.etcd\.test\)/);
});

test("preview shows every mistake at once, without a stack trace", async () => {
  const wrong = await pulumiWith(
    {
      "etcd:domain": "etcd",
      "etcd:zoneId": "example.com",
      "etcd:ttl": "soon",
      "etcd:nods": "typo",
      "etcd:tls": "maybe",
      "etcd:nodes": ["a"],
    },
    "preview",
  );
  assert.notEqual(wrong.code, 0);
  for (const line of [
    /domain: .*two labels.*\(got etcd\)/,
    /zoneId: 32 hexadecimal digits.*\(got example\.com\)/,
    /ttl: a whole number from 60 to 86400 \(seconds\) \(got soon\)/,
    /nods: unknown key/,
    /tls: true or false \(got maybe\)/,
    /nodes: an object is needed \(got \["a"\]\)/,
  ])
    assert.match(wrong.text, line);
  assert.doesNotMatch(wrong.text, /^\s+at .*\.(ts|js):\d+/m);
});

test("down leaves nothing behind", async () => {
  await mustRun("down");
  assert.equal(await podman(["ps", "--all", "--quiet", "--filter", "label=etcd-lab=1"]), "");
  const links = await run("ip", ["-br", "link"]);
  assert.ok(!links.includes(addresses.bridge), links);
  assert.doesNotMatch(await run("ip", ["netns", "list"]), /etcd-lab/);
  assert.ok(
    !(await run("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"])).includes(
      volumeDir,
    ),
  );
  assert.ok(!existsSync(labDir), ".lab is still there");
  for (const port of [addresses.ec2Port, addresses.cloudflarePort, addresses.controlPort])
    assert.ok(await closed(port), `port ${port} still answers`);
  assert.match(await mustRun("down"), /nothing is left/); // and once more does no harm
});

function closed(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(false);
    });
    socket.on("error", () => resolve(true));
  });
}
