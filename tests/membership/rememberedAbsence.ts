/** A name that is used again while a voter's own resolver still remembers that there was none. */
import assert from "node:assert/strict";
import { programs } from "../../components/membership/machineLook.ts";
import type { World } from "../faults/worldProcess.ts";
import { found } from "./cluster.ts";
import type { Told } from "./stories.ts";

/** A run that waits says so after 5 s, so it lasts for longer. */
const absenceSeconds = 11;
const waits = /waiting for the resolver of b to find c \(c\.etcd\.test A: NXDOMAIN, wanted 10\./;

/** Somebody on b asked for c while it was gone. */
export async function rememberedAbsence(world: World): Promise<Told> {
  const cluster = await found(world, "a b c");
  try {
    await cluster.becomes("a b", /c leaves/);
    world.zone.absenceSeconds = absenceSeconds;
    const { wanted } = cluster.node("c");
    const look = `${programs}/etcd-look ${new URL(wanted.peerUrl).hostname}=${wanted.address}\n`;
    const asked = Date.now();
    const { output } = await cluster.node("b").access.run(look, 0, 0);
    assert.match(output, /c\.etcd\.test A: NXDOMAIN/);

    const before = await cluster.ids();
    const early = await cluster.up("a b c", { timeoutSeconds: 1 });
    assert.match(early.error, waits);
    assert.deepEqual(early.said, []);
    assert.deepEqual(await cluster.ids(), before);

    const { seconds, waited } = await cluster.becomes("a b c", /^c joins[^]*c votes now$/);
    const since = (Date.now() - asked) / 1000;
    assert.ok(since > absenceSeconds, `it joined after ${since} s`);
    const [first] = waited;
    assert.match(first?.line ?? "", waits);
    assert.equal(first?.after, 0, "it waited before it changed anything");
    const what = `b's resolver remembers for ${absenceSeconds} s that there is no c`;
    return { seconds: { [what]: seconds }, written: undefined };
  } finally {
    cluster.close();
  }
}
