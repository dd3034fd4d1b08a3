// etcd-preflight as the unit runs it, against a DNS server on loopback: what it waits for in DNS,
// and what it starts with. Does not prove that systemd runs it, nor the system's own lookup:
// tests/lab does. Tickets and markers: firstStart.test.ts.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startDnsStub } from "../dnsStub.ts";
import { complete, nxdomain, preflight, srv, srvName } from "./preflightRun.ts";

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
      assert.equal(
        run.startFile,
        'name: a\ninitial-cluster: "a=http://a.etcd.test:2380,b=http://b.etcd.test:2380,' +
          'c=http://c.etcd.test:2380"\n' +
          'initial-cluster-token: "etcd-etcd.test"\ninitial-cluster-state: "new"\n',
      );
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
      assert.ok(performance.now() > from, `over after ${run.seconds} s`);
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
      assert.equal(run.startFile, "", "it may not be there for an etcd that starts all the same");
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

  test("without members it starts with what DNS lists, once that is the same twice", async () => {
    const alone = { members: {}, timeoutSeconds: 2 };
    const dns = await startDnsStub(complete);
    let rounds = 0;
    const growing = await startDnsStub((name) => {
      if (name === srvName) rounds += 1;
      return name === srvName ? srv(rounds % 2 ? ["a", "b"] : ["a", "b", "c"]) : complete(name);
    });
    try {
      const run = await preflight(dns.port, alone);
      assert.equal(run.code, 0, run.err);
      assert.match(
        run.startFile,
        /^initial-cluster: "a=[^,]+,b=[^,]+,c=http:\/\/c\.etcd\.test:2380"$/m,
      );
      const changing = await preflight(growing.port, alone);
      assert.equal(changing.code, 1);
      assert.match(changing.err, /the SRV targets {3}a\.etcd\.test, b\.etcd\.test.* a moment ago/);
    } finally {
      await dns.close();
      await growing.close();
    }
  });
});
