// etcd-look on a node that is a folder, with stand-ins for systemctl and journalctl. Does not prove
// what the real ones print: tests/lab does.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { describe, test } from "node:test";
import { startDnsStub } from "../dnsStub.ts";
import { nodeOf, putLog, unit, type Node } from "./nodePrograms.ts";
import { complete, nxdomain, put } from "./preflightRun.ts";
import { joining, ticket } from "./startRows.ts";

const id = "2e1259d415f2a040";
const marker = { name: "a", domain: "etcd.test", memberId: "1".repeat(16), nonce: "1" };

/** How etcd 3.5.33, 3.6.14 and 3.7.1 began the log of this member. */
const real =
  "04000000000000840804100000000000" +
  "1d000000000000830801108d9cf9161a" +
  "1408c0c0caafc1ba96892e1087d5edba" +
  "8fd59dc1040000000e00000000000082";

const nothing = {
  name: "a",
  token: "etcd-etcd.test",
  volume: "vol-1",
  unit: { active: "inactive", sub: "dead", result: "success", exitCode: 0, restarts: 0 },
  enabled: false,
  disk: "empty",
  bytes: 0,
  memberId: null,
  marker: null,
  ticket: null,
  aside: [],
  words: [],
  unresolved: [],
};

const rows: readonly {
  readonly name: string;
  readonly prepare?: (node: Node) => Promise<unknown>;
  readonly settings?: object;
  /** What differs from a node that was converged and holds nothing. */
  readonly is: Partial<Record<keyof typeof nothing, unknown>>;
}[] = [
  { name: "an empty node", is: {} },
  {
    name: "a member that runs",
    prepare: async (node) => {
      await put(node.dir, "wal", "");
      await fs.writeFile(
        path.join(node.dir, "disk/data/member/wal/0000000000000000-0000000000000000.wal"),
        Buffer.from(real, "hex"),
      );
      await put(node.dir, "rootMarker", marker);
      await node.set(
        "unit",
        unit("active", { SubState: "running", NRestarts: 2, UnitFileState: "enabled" }),
      );
    },
    is: {
      unit: { active: "active", sub: "running", result: "success", exitCode: 0, restarts: 2 },
      enabled: true,
      disk: "member",
      memberId: id,
      marker,
    },
  },
  {
    name: "a member whose log cannot be read, by the marker of its data disk",
    prepare: async ({ dir }) => {
      await put(dir, "wal", "half");
      await put(dir, "dataMarker", marker);
    },
    is: { disk: "member", memberId: marker.memberId, marker },
  },
  {
    name: "a log of another make, in the second of two files",
    prepare: async ({ dir }) => {
      await putLog(dir, "00000000000000ab");
      const logs = path.join(dir, "disk/data/member/wal");
      await fs.writeFile(path.join(logs, "0000000000000001-0000000000000007.wal"), "cut off");
    },
    is: { disk: "member", memberId: "ab" },
  },
  {
    name: "a member that lost its disk",
    prepare: ({ dir }) => put(dir, "rootMarker", marker),
    is: { marker },
  },
  {
    name: "a founder that waits",
    prepare: ({ dir }) => put(dir, "ticket", ticket),
    is: { ticket: "found" },
  },
  {
    name: "a newcomer that waits, on a disk where another gave way",
    prepare: async ({ dir }) => {
      await put(dir, "ticket", joining);
      await fs.mkdir(path.join(dir, "disk/data.1111.20260102T030405Z"));
    },
    is: { ticket: "join", memberId: joining.memberId, aside: ["data.1111.20260102T030405Z"] },
  },
  {
    name: "a ticket of which half is there",
    prepare: ({ dir }) => put(dir, "ticket", '{"kind'),
    is: { ticket: "unreadable" },
  },
  {
    name: "a data volume that is not mounted",
    settings: { mountPoint: import.meta.dirname },
    prepare: ({ dir }) => putLog(dir, id),
    is: { disk: "unmounted" },
  },
];

describe("etcd-look", { concurrency: 4 }, () => {
  for (const { name, prepare, settings, is } of rows)
    test(name, async () => {
      const node = await nodeOf(settings);
      await prepare?.(node);
      const { code, err, json } = await node.run("etcd-look");
      assert.deepEqual([code, err], [0, ""]);
      assert.deepEqual(json, { ...nothing, ...is });
      assert.deepEqual(await node.calls(), [], "it told systemd something");
    });

  test("a node that was never converged", async () => {
    const node = await nodeOf();
    await fs.rm(path.join(node.dir, "settings.json"));
    const { code, err } = await node.run("etcd-look");
    assert.equal(code, 1);
    assert.match(err, /^this node was never converged: .* `pulumi up` does it\.\n$/);
  });

  test("how much was copied, a snapshot that comes in included", async () => {
    const node = await nodeOf();
    const folder = path.join(node.dir, "disk/data/member/snap");
    await fs.mkdir(folder, { recursive: true });
    await fs.writeFile(path.join(folder, "db"), Buffer.alloc(300));
    await fs.writeFile(path.join(folder, "tmp123"), Buffer.alloc(4000));
    const dns = await startDnsStub(() => nxdomain);
    try {
      assert.equal((await look(node, dns.port, [])).json?.bytes, 4300);
    } finally {
      await dns.close();
    }
  });

  test("a systemd and a resolver that keep silent take less than three seconds", async () => {
    const dns = await startDnsStub(() => ({ silent: true }));
    try {
      const node = await nodeOf();
      await node.set("hangs", "");
      const { json, seconds } = await look(node, dns.port, ["a.etcd.test=10.0.0.1"]);
      assert.equal((json?.unit as { active: string }).active, "unknown");
      assert.deepEqual(json?.unresolved, [
        "a.etcd.test A: no answer within 0.8 s from 127.0.0.1, wanted 10.0.0.1",
      ]);
      assert.ok(seconds < 3, `took ${seconds} s`);
    } finally {
      await dns.close();
    }
  });

  test("names that its own resolver does not have so, when it is asked", async () => {
    const dns = await startDnsStub((name) => (name === "b.etcd.test" ? nxdomain : complete(name)));
    try {
      const hosts = ["a.etcd.test=10.0.0.1", "b.etcd.test=10.0.0.2", "c.etcd.test=10.0.0.9"];
      const { json } = await look(await nodeOf(), dns.port, hosts);
      assert.deepEqual(json?.unresolved, [
        "b.etcd.test A: NXDOMAIN, wanted 10.0.0.2 (the resolver may keep this answer for 1790 s)",
        "c.etcd.test A: 10.0.0.3, wanted 10.0.0.9 (the resolver may keep this answer for 60 s)",
      ]);
    } finally {
      await dns.close();
    }
  });
});

function look(node: Node, port: number, hosts: readonly string[]) {
  const resolver = ["--resolv-conf", `${node.dir}/resolv.conf`, "--dns-port", String(port)];
  return node.run("etcd-look", "", [...resolver, ...hosts]);
}

const starting = {
  MESSAGE: "Starting etcd.service",
  MESSAGE_ID: "7d4958e842da4a758f6c1cdc7b36dcc5",
  SYSLOG_IDENTIFIER: "systemd",
};
const ended = { MESSAGE: "etcd.service: Failed", SYSLOG_IDENTIFIER: "systemd" };
const preflight = (MESSAGE: string) => ({ MESSAGE, SYSLOG_IDENTIFIER: "etcd-preflight" });
const etcd = (MESSAGE: string | object) => ({
  MESSAGE: typeof MESSAGE === "string" ? MESSAGE : JSON.stringify(MESSAGE),
  SYSLOG_IDENTIFIER: "etcd",
});

describe("last words", { concurrency: 4 }, () => {
  for (const [name, entries, words] of [
    [
      "of a preflight that refuses, of its last start alone",
      [starting, preflight("refused before"), ended, starting, preflight("why"), preflight("  do")],
      ["why", "do"],
    ],
    [
      "of the start before, when the next has only begun",
      [starting, preflight("why"), ended, starting],
      ["why"],
    ],
    [
      "none when the next start is well so far",
      [starting, preflight("why"), starting, preflight("DNS for x is complete, asked from node a")],
      [],
    ],
    [
      "of an etcd that was removed, once each, the last five",
      [
        starting,
        ...["1", "2", "3", "4", "4", "5"].map((msg) => etcd({ level: "error", msg })),
        etcd({ level: "info", msg: "serving" }),
        etcd({ level: "fatal", msg: "discovery failed", error: "member count is unequal" }),
        etcd("not JSON"),
      ],
      ["2", "3", "4", "5", "discovery failed: member count is unequal"],
    ],
    [
      "of an etcd that panics",
      [starting, etcd("panic: tocommit(5) is out of range"), etcd("goroutine 1 [running]:")],
      ["panic: tocommit(5) is out of range"],
    ],
    [
      "of an etcd whose database was cut off",
      [
        ...[starting, etcd("unexpected fault address 0x7f96dd007000"), etcd("fatal error: fault")],
        etcd("[signal SIGBUS: bus error code=0x2 addr=0x7f96dd007000 pc=0xa0c0a5]"),
      ],
      ["unexpected fault address 0x7f96dd007000", "fatal error: fault"],
    ],
    ["of bytes", [starting, { ...etcd("x"), MESSAGE: [1, 2] }], []],
  ] as [string, object[], string[]][])
    test(name, async () => {
      const node = await nodeOf();
      await node.set("unit", unit("failed", { Result: "exit-code", ExecMainStatus: 1 }));
      await node.set("journal", entries.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
      const { json } = await node.run("etcd-look");
      assert.deepEqual(json?.words, words);
      assert.equal((json.unit as { exitCode: number }).exitCode, 1);
    });

  test("none of an etcd that is active", async () => {
    const node = await nodeOf();
    await node.set("unit", unit("active"));
    await node.set("journal", `${JSON.stringify(preflight("why"))}\n`);
    assert.deepEqual((await node.run("etcd-look")).json?.words, []);
  });
});
