// Where the bootstrap puts a ticket, and where it puts none, in a folder with stand-ins for systemd
// and Chef. Does not prove what the node makes of it: tests/cookbook/firstStart.test.ts does.
import assert from "node:assert/strict";
import * as fs from "node:fs/promises";
import * as path from "node:path";
import { describe, test } from "node:test";
import { machine, type Machine } from "./bootstrapMachine.ts";

describe("bootstrap", { concurrency: 2 }, () => {
  const ticket = { kind: "found", nonce: "0123456789abcdef" };
  const holding = (m: Machine) =>
    fs.readFile(path.join(m.here, "etcd-node/ticket.json"), "utf8").catch(() => undefined);

  test("a ticket is there before Chef runs, for root alone, and nowhere else", async () => {
    const m = await machine();
    await fs.writeFile(
      path.join(m.here, "bin/cinc-client"),
      `#!/bin/bash\ncp -p "$HERE/etcd-node/ticket.json" "$HERE/seen"; touch "$HERE/etcd-runs"\n`,
      { mode: 0o755 },
    );
    const { code, err } = await m.run({ ticket });
    assert.deepEqual([code, err], [0, ""]);
    const seen = path.join(m.here, "seen");
    assert.deepEqual(JSON.parse(await fs.readFile(seen, "utf8")), ticket);
    assert.equal((await fs.stat(seen)).mode & 0o777, 0o600);
    assert.equal((await fs.stat(path.join(m.here, "etcd-node"))).mode & 0o777, 0o755);
    const inRuns = (await fs.readdir(m.base, { recursive: true })).filter((f) => /ticket/.test(f));
    assert.deepEqual(
      inRuns.filter((f) => !f.includes("cookbooks")),
      [],
    );
  });

  for (const held of [
    "etcd-node/member.json",
    "etcd/member.json",
    "etcd-node/member.8e9e05c52164694d.20260102t030405Z.json",
    "etcd/member.unknown.20260102t030405Z.json",
    "etcd/data/member/wal/0000000000000000-0000000000000000.wal",
  ])
    test(`a node that holds ${held} gets no ticket, and keeps none`, async () => {
      const m = await machine();
      for (const file of [held, "etcd-node/ticket.json"]) {
        await fs.mkdir(path.dirname(path.join(m.here, file)), { recursive: true });
        await m.set(file, "");
      }
      assert.equal((await m.run({ ticket })).code, 0);
      assert.equal(await holding(m), undefined);
    });

  test("a ticket to join stays, whatever the run brings", async () => {
    const joins = '{"kind": "join", "nonce": "00112233445566aa"}';
    for (const brought of [{}, { ticket }]) {
      const m = await machine();
      await fs.mkdir(path.join(m.here, "etcd-node"));
      await m.set("etcd-node/ticket.json", joins);
      assert.equal((await m.run(brought)).code, 0);
      assert.equal(await holding(m), joins);
      const runs = (await fs.readdir(m.base, { recursive: true })).map((f) => path.basename(f));
      assert.ok(!runs.includes("ticket.json"), "the one that was brought stays in its run");
    }
  });

  test("a first start that failed keeps its ticket; a run without one takes it away", async () => {
    const m = await machine();
    await m.set("chef-exit", "1");
    assert.equal((await m.run({ ticket })).code, 1);
    assert.equal(await holding(m), `${JSON.stringify(ticket)}\n`);
    assert.equal((await m.run({ ticket })).code, 1);
    assert.equal(await holding(m), `${JSON.stringify(ticket)}\n`);
    assert.equal((await m.run()).code, 1);
    assert.equal(await holding(m), undefined);
  });
});
