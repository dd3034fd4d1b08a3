// etcd-join on a node that is a folder, with a stand-in for systemctl. Does not prove that etcd
// joins then: tests/faults does; nor that systemd does as told: tests/lab does.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { after, before, describe, test } from "node:test";
import { startMetadataServer, type MetadataServer } from "../metadataServer.ts";
import { nodeOf, putLog, unit, type Node } from "./nodePrograms.ts";
import { get, put } from "./preflightRun.ts";
import { joining, ticket } from "./startRows.ts";

const id = joining.memberId;
const old = "1111111111111111";
const marker = { name: "a", domain: "etcd.test", memberId: old, nonce: "fedcba9876543210" };
const started = ["enable etcd.service", "start --no-block etcd.service"];

let metadata: MetadataServer;
before(async () => {
  metadata = await startMetadataServer(() => "i-1");
});
after(() => metadata.close());

const join = (node: Node, given: object | string = joining) =>
  node.run("etcd-join", given, ["--metadata", `127.0.0.1:${metadata.port}`]);
const markers = (node: Node, content: object) =>
  Promise.all([put(node.dir, "rootMarker", content), put(node.dir, "dataMarker", content)]);

interface Row {
  readonly name: string;
  readonly prepare?: (node: Node) => Promise<unknown>;
  readonly settings?: object;
  readonly given?: object | string;
  /** What it says when it changes nothing; undefined: it does what follows. */
  readonly refused?: RegExp;
  readonly files?: readonly string[];
  readonly calls?: readonly string[];
}

const fresh = ["disk/data", "node/ticket.json"];
const aside = (who: string) => [
  "disk/data",
  `disk/data.${who}.T`,
  `disk/member.${who}.T.json`,
  `node/member.${who}.T.json`,
  "node/ticket.json",
];
const rows: readonly Row[] = [
  { name: "an empty node", files: fresh, calls: started },
  {
    name: "a node without a data directory",
    prepare: ({ dir }) => fs.rm(path.join(dir, "disk/data"), { recursive: true }),
    files: fresh,
    calls: started,
  },
  {
    name: "where the ticket lies and etcd was not started",
    prepare: ({ dir }) => put(dir, "ticket", joining),
    files: fresh,
    calls: started,
  },
  {
    name: "where etcd starts with this ticket: it is left alone",
    prepare: async (node) => {
      await put(node.dir, "ticket", joining);
      await node.set("unit", unit("activating"));
    },
    files: fresh,
    calls: ["enable etcd.service"],
  },
  {
    name: "where a start with this ticket left a store without a log: it is kept",
    prepare: async (node) => {
      await put(node.dir, "ticket", joining);
      await put(node.dir, "store");
    },
    files: fresh,
    calls: started,
  },
  {
    name: "where a start with another ticket goes on, and has no log",
    prepare: async (node) => {
      await put(node.dir, "ticket", { ...joining, memberId: old, nonce: "1" });
      await put(node.dir, "store");
      await node.set("unit", unit("activating"));
    },
    files: ["disk/data", "disk/data.unknown.T", "node/ticket.json"],
    calls: ["stop etcd.service", ...started],
  },
  {
    name: "a founder whose disk is empty, with its old ticket",
    prepare: ({ dir }) => put(dir, "ticket", ticket),
    files: fresh,
    calls: started,
  },
  {
    name: "a member that lost its disk, whose unit is refused again and again",
    prepare: async (node) => {
      await put(node.dir, "rootMarker", marker);
      await node.set("unit", unit("activating", { SubState: "auto-restart" }));
    },
    files: ["disk/data", `node/member.${old}.T.json`, "node/ticket.json"],
    calls: ["stop etcd.service", ...started],
  },
  {
    name: "this very member, stopped",
    prepare: async (node) => {
      await putLog(node.dir, id);
      await markers(node, { ...marker, memberId: id, nonce: joining.nonce });
    },
    files: ["disk/data", "disk/member.json", "node/member.json"],
    calls: started,
  },
  {
    name: "this very member, and it runs",
    prepare: async (node) => {
      await putLog(node.dir, id);
      await node.set("unit", unit("active", { UnitFileState: "enabled" }));
    },
    files: ["disk/data"],
    calls: ["enable etcd.service"],
  },
  {
    name: "this very member by a log that cannot be read, and its marker",
    prepare: async ({ dir }) => {
      await put(dir, "wal", "half");
      await put(dir, "dataMarker", { ...marker, memberId: id });
    },
    files: ["disk/data", "disk/member.json"],
    calls: started,
  },
  {
    name: "another member, stopped",
    prepare: async (node) => {
      await putLog(node.dir, old);
      await markers(node, marker);
    },
    files: aside(old),
    calls: started,
  },
  {
    name: "another member whose marker knows no id, as a founder's",
    prepare: async (node) => {
      await putLog(node.dir, old);
      await markers(node, { name: "a" });
    },
    files: aside(old),
    calls: started,
  },
  {
    name: "data of which nothing says whose they are",
    prepare: async (node) => {
      await put(node.dir, "wal", "half");
      await markers(node, {});
    },
    files: aside("unknown"),
    calls: started,
  },
  {
    name: "another member's data whose markers a cut-short run has not yet set aside",
    prepare: async (node) => {
      await fs.rm(path.join(node.dir, "disk/data"), { recursive: true });
      await markers(node, marker);
    },
    files: aside(old).filter((name) => !name.startsWith("disk/data.")),
    calls: started,
  },
  {
    name: "another member, and it runs",
    prepare: async (node) => {
      await putLog(node.dir, old);
      await node.set("unit", unit("active"));
    },
    refused:
      /^etcd is active on node a as member 1{16}, not as 8e9e05c52164694d, so nothing was changed\. .*etcd-retire stops it\.\n$/,
  },
  {
    name: "another member that fails again and again",
    prepare: async (node) => {
      await putLog(node.dir, old);
      await node.set("unit", unit("activating", { SubState: "auto-restart" }));
    },
    refused: /^etcd is activating on node a as member 1{16}, /,
  },
  {
    name: "an etcd that runs and whose data were removed below it",
    prepare: (node) => node.set("unit", unit("active")),
    refused: /^etcd is active on node a as member of unknown id, /,
  },
  ...(["rootMarker", "dataMarker", "aside"] as const).map((where) => ({
    name: `a member that had this ticket and lost its disk, by its ${where}`,
    prepare: ({ dir }: Node) => put(dir, where, { ...marker, nonce: joining.nonce }),
    refused: /^the ticket was used before \(\S+\.json\), and the data of member 8e9e05c52164694d/,
  })),
  {
    name: "another machine's ticket, with another member on the disk",
    prepare: ({ dir }) => putLog(dir, old),
    given: { ...joining, machine: "i-2" },
    refused: /^the ticket is not for this node, so nothing was changed:\n {2}machine: i-2 in the/,
  },
  {
    name: "a ticket to found",
    given: ticket,
    refused: /^a ticket to join is needed; one to found/,
  },
  {
    name: "nothing",
    given: "",
    refused: /^what came on standard input cannot be read as a ticket/,
  },
  {
    name: "a ticket without an id",
    given: { ...joining, memberId: undefined },
    refused: /^what came on standard input cannot be read as a ticket \(/,
  },
  {
    name: "a data volume that is not mounted",
    prepare: ({ dir }) => putLog(dir, old),
    settings: { mountPoint: import.meta.dirname },
    refused: /^the data volume is not mounted at \S+, so nothing was changed/,
  },
  {
    name: "a node without tickets",
    settings: { tickets: false },
    refused: /^the attribute `tickets` is false on this node, so it takes none$/m,
  },
  {
    name: "a node that was never converged",
    prepare: ({ dir }) => fs.rm(path.join(dir, "settings.json")),
    refused: /^this node was never converged: \S+settings\.json is not there\. `pulumi up` does it/,
  },
];

describe("etcd-join", { concurrency: 4 }, () => {
  for (const { name, prepare, settings, given, refused, files = [], calls = [] } of rows)
    test(name, async () => {
      const node = await nodeOf(settings);
      await prepare?.(node);
      const before = await node.files();
      const { code, err, json } = await join(node, given);
      if (refused) {
        assert.match(err, refused);
        assert.deepEqual([code, json], [1, undefined]);
        assert.deepEqual([await node.files(), await node.calls()], [before, []]);
        return;
      }
      assert.deepEqual([code, err, json?.memberId], [0, "", id]);
      assert.deepEqual(await node.calls(), calls);
      assert.deepEqual(await node.files(), files);
      const waits = await get(node.dir, "ticket");
      if (files.includes("node/ticket.json")) assert.deepEqual(JSON.parse(waits ?? ""), joining);
      const again = await join(node, given);
      assert.deepEqual([again.code, again.err], [0, ""]);
      assert.deepEqual(again.json, { memberId: id, did: [] });
      assert.deepEqual(await node.files(), files, "a second call changed something");
    });
});

test("what is set aside is whole; what is new is its user's alone, the ticket root's", async () => {
  const node = await nodeOf();
  await putLog(node.dir, old);
  await put(node.dir, "store", "its data");
  const { json } = await join(node);
  const disk = path.join(node.dir, "disk");
  const [kept = ""] = (await fs.readdir(disk)).filter((name) => name.startsWith("data."));
  assert.match(kept, /^data\.1{16}\.\d{8}T\d{6}Z$/);
  assert.deepEqual(json?.did, [
    `set ${disk}/data aside as ${disk}/${kept}`,
    "put the ticket in place",
    "started etcd",
  ]);
  assert.equal(await fs.readFile(path.join(disk, kept, "member/snap/db"), "utf8"), "its data");
  const mode = async (name: string) => (await fs.stat(path.join(node.dir, name))).mode & 0o777;
  assert.deepEqual([await mode("disk/data"), await mode("node/ticket.json")], [0o700, 0o600]);
  assert.deepEqual(await fs.readdir(path.join(disk, "data")), []);
});

test("what systemd does not do is said, and the next call goes on", async () => {
  const node = await nodeOf();
  await node.set("broken", "");
  const { code, err } = await join(node);
  assert.equal(code, 1);
  assert.equal(err, "`systemctl enable etcd.service` failed (exit 1); it said: unit is masked\n");
  await fs.rm(path.join(node.dir, "broken"));
  assert.deepEqual((await join(node)).json, { memberId: id, did: ["started etcd"] });
});

test("one waits for another that changes the node", async () => {
  const node = await nodeOf();
  // flock prints once it has the folder, and lets go of it when its input ends
  const other = spawn("flock", [path.join(node.dir, "node"), "sh", "-c", "echo has it; cat"]);
  await once(other.stdout, "data");
  let ended = false;
  const joins = join(node).finally(() => (ended = true));
  await new Promise((resolve) => setTimeout(resolve, 700));
  assert.deepEqual([ended, await node.files()], [false, ["disk/data"]]);
  other.stdin.end();
  assert.deepEqual((await joins).json?.memberId, id);
});
