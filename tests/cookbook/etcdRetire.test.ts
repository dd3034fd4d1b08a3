// etcd-retire on a node that is a folder, with a stand-in for systemctl. Does not prove that
// systemd does as told: tests/lab does.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nodeOf, putLog, unit } from "./nodePrograms.ts";
import { put } from "./preflightRun.ts";
import { joining } from "./startRows.ts";

const ends = ["kill --signal=KILL etcd.service", "stop etcd.service", "reset-failed etcd.service"];

describe("etcd-retire", { concurrency: 4 }, () => {
  test("ends a converge first, then etcd, for good; the data stay", async () => {
    const node = await nodeOf();
    await putLog(node.dir, "1111111111111111");
    await put(node.dir, "rootMarker", {});
    await put(node.dir, "ticket", joining);
    await node.set("unit", unit("active", { UnitFileState: "enabled" }));
    await node.set("converges", "etcd-bootstrap-0a1b.service loaded active running bootstrap\n");
    const { code, err, json } = await node.run("etcd-retire");
    assert.deepEqual([code, err], [0, ""]);
    assert.deepEqual(json, {
      unit: "inactive",
      did: [
        "stopped etcd-bootstrap-0a1b.service",
        "disabled etcd",
        "stopped etcd, which was active",
        "removed the ticket",
      ],
    });
    assert.deepEqual(await node.calls(), [
      "stop etcd-bootstrap-0a1b.service",
      "disable etcd.service",
      ...ends,
    ]);
    assert.deepEqual(await node.files(), ["disk/data", "node/member.json"]);
    await node.set("converges", "");
    assert.deepEqual((await node.run("etcd-retire")).json, { unit: "inactive", did: [] });
  });

  test("a node where nothing runs, and whose etcd failed", async () => {
    const node = await nodeOf();
    await node.set("unit", unit("failed"));
    assert.deepEqual((await node.run("etcd-retire")).json, { unit: "inactive", did: [] });
    assert.deepEqual(await node.calls(), ends);
  });

  test("an etcd that does not end is a failure", async () => {
    const node = await nodeOf();
    await node.set("unit", unit("active"));
    await node.set("stays", "");
    const { code, err } = await node.run("etcd-retire");
    assert.deepEqual([code, err], [1, "etcd is active still; look at: systemctl status etcd\n"]);
  });
});
