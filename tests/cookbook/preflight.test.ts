// etcd-preflight as the unit runs it, against a DNS server on loopback. Does not prove that systemd
// runs it, nor the system's own lookup: tests/lab does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import * as fs from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, describe, test } from "node:test";
import { startDnsStub, type StubAnswer } from "../dnsStub.ts";
import { filesFolder } from "./files.ts";

const folder = await fs.mkdtemp(path.join(os.tmpdir(), "etcd-preflight-"));
after(() => fs.rm(folder, { recursive: true }));

const members: Record<string, string> = { a: "10.0.0.1", b: "10.0.0.2", c: "10.0.0.3" };
const srvName = "_etcd-server._tcp.etcd.test";
const soa = {
  name: "etcd.test",
  type: "SOA" as const,
  ttl: 1790,
  data: {
    mname: "ns1.etcd.test",
    rname: "admin.etcd.test",
    serial: 1,
    refresh: 1,
    retry: 1,
    expire: 1,
    minimum: 1800,
  },
};
const nxdomain: StubAnswer = { rcode: "NXDOMAIN", authorities: [soa] };
const srv = (names: string[]): StubAnswer => ({
  records: names.map((name) => ({
    name: srvName,
    type: "SRV",
    ttl: 60,
    data: { priority: 0, weight: 0, port: 2380, target: `${name}.etcd.test` },
  })),
});

/** What a complete zone answers. */
function complete(name: string): StubAnswer {
  if (name === srvName) return srv(["a", "b", "c"]);
  const address = members[name.split(".")[0] ?? ""];
  return address && name.endsWith(".etcd.test")
    ? { records: [{ name, type: "A", ttl: 60, data: address }] }
    : nxdomain;
}

interface Run {
  code: number | null;
  out: string;
  err: string;
  seconds: number;
}

/**
 * One run on a node of its own: settings, resolv.conf, data directory and marker below a fresh
 * folder.
 */
async function preflight(
  port: number,
  change: object = {},
  prepare: (dir: string) => Promise<void> = async () => undefined,
  more: string[] = [],
): Promise<Run> {
  const dir = await fs.mkdtemp(path.join(folder, "node-"));
  const settings = {
    name: "a",
    domain: "etcd.test",
    tls: false,
    peerPort: 2380,
    address: "10.0.0.1",
    members,
    timeoutSeconds: 5,
    dataDir: path.join(dir, "data"),
    mountPoint: "",
    ...change,
  };
  await fs.writeFile(path.join(dir, "settings.json"), JSON.stringify(settings));
  await fs.writeFile(
    path.join(dir, "resolv.conf"),
    "# as a node has it\nnameserver 127.0.0.1\nsearch etcd.test\n",
  );
  await prepare(dir);
  const started = performance.now();
  const child = spawn(
    path.join(filesFolder, "etcd-preflight"),
    [
      "--settings",
      path.join(dir, "settings.json"),
      "--marker",
      path.join(dir, "member.json"),
      "--resolv-conf",
      path.join(dir, "resolv.conf"),
      "--dns-port",
      String(port),
      ...more,
    ],
    { timeout: 30_000 },
  );
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, out, err, seconds: (performance.now() - started) / 1000 };
}

// Most of their time is waiting, so they wait at the same time.
describe("etcd-preflight", { concurrency: true }, () => {
  test("a complete zone: two rounds, each name asked once in each, then go", async () => {
    const dns = await startDnsStub(complete);
    try {
      const run = await preflight(dns.port);
      assert.equal(run.err, "");
      assert.equal(run.code, 0);
      assert.match(
        run.out,
        /^DNS for etcd\.test is complete, asked from node a through 127\.0\.0\.1 \(\d\.\d s\)\n$/,
      );
      const round = [
        `${srvName} SRV udp`,
        "a.etcd.test A udp",
        "b.etcd.test A udp",
        "c.etcd.test A udp",
        "_etcd-server-ssl._tcp.etcd.test SRV udp",
      ];
      assert.deepEqual(dns.asked, [...round, ...round]);
    } finally {
      await dns.close();
    }
  });

  test("an address that comes late is waited for", async () => {
    const from = performance.now() + 1500;
    const dns = await startDnsStub((name) =>
      name === "c.etcd.test" && performance.now() < from ? nxdomain : complete(name),
    );
    try {
      const run = await preflight(dns.port);
      assert.equal(run.code, 0, run.err);
      assert.ok(run.seconds > 1.5, `took ${run.seconds} s`);
    } finally {
      await dns.close();
    }
  });

  test("one complete round between incomplete ones is not enough", async () => {
    let rounds = 0;
    const dns = await startDnsStub((name) => {
      if (name === srvName) rounds += 1;
      return name === srvName && rounds % 2 === 0 ? srv(["a", "b"]) : complete(name);
    });
    try {
      const run = await preflight(dns.port, { timeoutSeconds: 2 });
      assert.equal(run.code, 1);
      assert.match(run.err, /lacks c\.etcd\.test:2380/);
    } finally {
      await dns.close();
    }
  });

  test("on expiry each mismatch has its line, and how long a negative answer is kept", async () => {
    const dns = await startDnsStub((name) =>
      name === srvName
        ? srv(["a", "b", "c", "d"])
        : name === "c.etcd.test"
          ? nxdomain
          : complete(name),
    );
    try {
      const run = await preflight(dns.port, { timeoutSeconds: 1 });
      assert.equal(run.code, 1);
      assert.equal(
        run.err,
        "DNS for etcd.test is not complete after 1 s, asked from node a through 127.0.0.1. etcd " +
          "would form a wrong cluster, so it was not started.\n" +
          "  _etcd-server._tcp.etcd.test SRV   unexpected target d.etcd.test:2380 " +
          "(the resolver may keep this answer for 60 s)\n" +
          "  c.etcd.test A                     NXDOMAIN, wanted 10.0.0.3 " +
          "(the resolver may keep this answer for 1790 s)\n",
      );
    } finally {
      await dns.close();
    }
  });

  test(
    "a name that SRV does not list yet is not asked for, so that the resolver remembers " +
      "nothing about it",
    async () => {
      const dns = await startDnsStub((name) =>
        name === srvName ? srv(["a", "b"]) : complete(name),
      );
      try {
        assert.equal((await preflight(dns.port, { timeoutSeconds: 1 })).code, 1);
        assert.ok(dns.asked.includes("b.etcd.test A udp"));
        assert.deepEqual(
          dns.asked.filter((question) => question.startsWith("c.") || question.includes("-ssl")),
          [],
        );
      } finally {
        await dns.close();
      }
    },
  );

  test("while waiting it says what is missing", async () => {
    const dns = await startDnsStub(() => nxdomain);
    try {
      const run = await preflight(dns.port, { timeoutSeconds: 7 });
      assert.match(
        run.out,
        /^waiting for DNS, \d of 7 s: _etcd-server\._tcp\.etcd\.test SRV NXDOMAIN/,
      );
      assert.ok(run.seconds < 10, `took ${run.seconds} s`);
    } finally {
      await dns.close();
    }
  });

  test("an answer that was cut off is asked for again over TCP", async () => {
    const dns = await startDnsStub((name) =>
      name === srvName ? { ...srv(["a", "b", "c"]), truncate: true } : complete(name),
    );
    try {
      assert.equal((await preflight(dns.port)).code, 0);
      assert.ok(dns.asked.includes(`${srvName} SRV tcp`));
    } finally {
      await dns.close();
    }
  });

  test("a resolver that fails or keeps silent is named, within the deadline", async () => {
    const dns = await startDnsStub((name) =>
      name === srvName ? { rcode: "SERVFAIL" } : { silent: true },
    );
    try {
      assert.match(
        (await preflight(dns.port, { timeoutSeconds: 1 })).err,
        /SRV {3}SERVFAIL from 127\.0\.0\.1\n$/,
      );
    } finally {
      await dns.close();
    }
    const silent = await startDnsStub(() => ({ silent: true }));
    try {
      const run = await preflight(silent.port, { timeoutSeconds: 1 });
      assert.match(run.err, /SRV {3}no answer within 2 s from 127\.0\.0\.1\n$/);
      assert.ok(run.seconds < 6, `took ${run.seconds} s`);
    } finally {
      await silent.close();
    }
  });

  const withMember = async (dir: string) => {
    await fs.mkdir(path.join(dir, "data/member/wal"), { recursive: true });
    await fs.writeFile(path.join(dir, "data/member/wal/0000000000000000-0000000000000000.wal"), "");
  };

  test("a node that holds a member may start at once, and no DNS is asked", async () => {
    const dns = await startDnsStub(() => nxdomain);
    try {
      const run = await preflight(dns.port, {}, withMember);
      assert.deepEqual(
        { code: run.code, out: run.out, err: run.err, asked: dns.asked },
        { code: 0, out: "", err: "", asked: [] },
      );
      assert.equal((await preflight(dns.port, {}, withMember, ["--has-member"])).code, 0);
      assert.equal((await preflight(dns.port, {}, undefined, ["--has-member"])).code, 1);
    } finally {
      await dns.close();
    }
  });

  test("a node that joined once and lost its data is refused, and no DNS is asked", async () => {
    const dns = await startDnsStub(complete);
    try {
      const joined = await preflight(dns.port, {}, undefined, ["--joined"]);
      assert.deepEqual([joined.code, joined.err], [0, ""]);
      const run = await preflight(dns.port, {}, (dir) =>
        fs.writeFile(
          path.join(dir, "member.json"),
          JSON.stringify({ name: "a", domain: "etcd.test", joined: "2026-01-02T03:04:05Z" }),
        ),
      );
      assert.equal(run.code, 1);
      assert.match(
        run.err,
        /^node a was a member of etcd\.test since 2026-01-02T03:04:05Z, and .*\/data holds no member now\. A member that lost its disk must not come back under its old identity/,
      );
      assert.deepEqual(dns.asked, []);
    } finally {
      await dns.close();
    }
  });

  test("the note of having joined is written once", async () => {
    let written = "";
    const read = async (dir: string) => {
      await fs.writeFile(path.join(dir, "member.json"), "first");
      written = path.join(dir, "member.json");
    };
    assert.equal((await preflight(1, {}, read, ["--joined"])).code, 0);
    assert.equal(await fs.readFile(written, "utf8"), "first");
  });

  test("a data volume that is not mounted is refused, even when something lies below", async () => {
    const run = await preflight(1, { mountPoint: folder }, withMember);
    assert.equal(run.code, 1);
    assert.match(run.err, /^the data volume is not mounted at .*, so etcd was not started/);
  });
});
