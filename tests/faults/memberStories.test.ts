// Members that come, go and return, by the reconciler's own code with real etcd, TLS, DNS and the
// node's own programs, under a writer that keeps score. Machines are namespaces, and SSH and
// systemd are stand-ins: does not prove them, nor Pulumi around it (tests/lab/members.test.ts).
import { after, before, describe, test } from "node:test";
import { etcdVersions } from "../etcdVersions.ts";
import { type Bench, openBench } from "./bench.ts";
import type { OpenWorld } from "./world.ts";
import type { stories, Told } from "../membership/stories.ts";

const everyVersion: readonly (keyof typeof stories)[] = ["growAndShrink", "oneForAnother"];
const once: readonly (keyof typeof stories)[] = [
  "replaced",
  "goneForGood",
  "unreadableData",
  "majorityLost",
  "killedAfterAdd",
  "refusals",
  "rememberedAbsence",
  "bySnapshot",
];
const [, middle = ""] = etcdVersions;

const started = Date.now();
const lines: string[] = [];
let bench: Bench;
before(async () => {
  bench = await openBench(["a", "b", "c", "d", "e", "f", "g"]);
});
after(() => {
  lines.push(`${((Date.now() - started) / 1000).toFixed(0)} s in all`);
  process.stdout.write(`${lines.join("\n")}\n`);
});

// One world at a time, or they would write too little: the lab works beside them.
describe("members", { concurrency: 1 }, () => {
  for (const [version, told] of [
    ...etcdVersions.map((each) => [each, everyVersion] as const),
    [middle, once] as const,
  ])
    describe(`etcd ${version}, ${told.length} stories`, { concurrency: 1 }, () => {
      let world: OpenWorld;
      before(async () => {
        world = await bench.world(version, true);
      });
      after(() => world?.close());
      for (const name of told)
        test(name, async () => {
          const { seconds, written, byEtcdctl } = await world.run<Told>(name, {}, 240_000);
          for (const [what, took] of Object.entries(seconds))
            lines.push(`etcd ${version}  ${what}: ${took.toFixed(1)} s`);
          if (written)
            lines.push(
              `etcd ${version}  ${name}: ${written.acknowledged} writes acknowledged ` +
                `(${written.perSecond} a second), ${written.unknown} unknown, ` +
                `${written.lost.length} lost, largest gap ${written.gapMs} ms`,
            );
          if (byEtcdctl)
            lines.push(
              `etcd ${version}  ${name}, through etcdctl: ${byEtcdctl.acknowledged} writes ` +
                `acknowledged, ${byEtcdctl.unknown} unknown, ${byEtcdctl.lost.length} lost, ` +
                `largest gap ${byEtcdctl.gapMs} ms`,
            );
        });
    });
});
