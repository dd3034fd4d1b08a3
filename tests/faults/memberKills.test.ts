// Runs that change members, killed at a step, with real etcd, TLS, DNS and the node's own programs,
// under a writer that keeps score: each is a process of its own, and one more run ends as declared.
// Machines, SSH and systemd are stand-ins as in memberStories.test.ts; does not prove what Pulumi
// does around a run that was killed (tests/lab/members.test.ts).
import assert from "node:assert/strict";
import test from "node:test";
import { etcdVersions } from "../etcdVersions.ts";
import type { Kills, KillsTold } from "../membership/kills.ts";
import { goals, inWords, momentsOf } from "../membership/moments.ts";
import { currentSample, sampleOf } from "../sample.ts";
import { openBench } from "./bench.ts";

const [, version = ""] = etcdVersions;

test("runs that are killed while members change are finished by the next", async (t) => {
  const sample = await currentSample();
  const { taken: moments } = sampleOf(sample, "members", goals.flatMap(momentsOf));
  t.diagnostic(`killed at ${moments.map(inWords).join(", ")} (${sample.how})`);
  const world = await (await openBench(["a", "b", "c", "d"])).world(version, true);
  const started = Date.now();
  try {
    const input: Kills = { moments, lapses: sample.seed === undefined };
    const { lines, written } = await world.run<KillsTold>("kills", input, 540_000);
    for (const line of lines) t.diagnostic(line);
    t.diagnostic(
      `${((Date.now() - started) / 1000).toFixed(0)} s; ${written.acknowledged} writes ` +
        `acknowledged (${written.perSecond} a second), ${written.unknown} unknown, ` +
        `${written.lost.length} lost, largest gap ${written.gapMs} ms`,
    );
    assert.equal(lines.length, moments.length);
  } finally {
    await world.close();
  }
});
