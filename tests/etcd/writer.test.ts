// How the writer of the lab and of the stories keeps score, against real etcd. Does not prove what
// it says of clusters: tests/faults/memberStories.test.ts and tests/lab do.
import assert from "node:assert/strict";
import test from "node:test";
import { poll } from "../../components/engine/poll.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { clientOf } from "../lab/turningClient.ts";
import { startWriter } from "../lab/writer.ts";
import { startMembers } from "./etcdProcesses.ts";

const [, version = ""] = etcdVersions;
const hungMs = 1_500;

async function anyWritten(endpoint: string): Promise<boolean> {
  const client = clientOf(endpoint, undefined);
  const options = { deadline: Date.now() + 500 };
  try {
    return (await client.getAll().prefix("written/").options(options).count()) > 0;
  } catch {
    return false; // it starts
  } finally {
    client.close();
  }
}

test("a gap that has not ended when the writer is asked or stopped is counted", async () => {
  const cluster = await startMembers(version, 145, ["a"]);
  const endpoints = { a: cluster.declared[0]?.endpoint ?? "" };
  const writer = startWriter({ endpoints, identity: undefined }, 5);
  try {
    await poll<undefined, string>({
      seconds: 30,
      pause: 50,
      look: async () => ((await anyWritten(endpoints.a)) ? { found: undefined } : { still: "" }),
      expired: () => assert.fail("no write came through in 30 s"),
    });
    cluster.freeze("a");
    await new Promise((resolve) => setTimeout(resolve, hungMs));
    assert.ok(writer.gap() >= hungMs - 100, "it shows while it lasts");
    const { gapMs, acknowledged, unknown } = await writer.stop({});
    assert.ok(gapMs >= hungMs - 100, `${gapMs} ms`);
    assert.ok(acknowledged > 0 && unknown > 0, `${acknowledged}, ${unknown}`);
  } finally {
    await cluster.close();
  }
});
