// D1 to D12: what real etcd does alone with broken DNS, on every supported line, plain and with
// TLS; that health does not call it well; that both gates refuse it; and that the same machines
// with the gates become one cluster of exactly the declared members once DNS is right. What etcd
// starts with is what the cookbook renders. Does not prove systemd, real nameservers or a real
// resolver (tests/lab/dnsFaults.test.ts), nor D13 to D15 (tests/lab/serviceFaults.test.ts: an API
// that refuses, or loses its answer after the write; tests/lab/firstLight.test.ts: a second up
// without changes).
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { etcdVersions } from "../etcdVersions.ts";
import { openBench, type Bench } from "./bench.ts";
import type { Discovery } from "./discovery.ts";
import type { FirstStarts } from "./firstStarts.ts";
import { faults } from "./faults.ts";
import { FaultTable } from "./faultTable.ts";
import type { RollingRestart } from "./rollingRestart.ts";
import type { OpenWorld } from "./world.ts";

const started = Date.now();
const table = new FaultTable();
let bench: Bench;
before(async () => {
  bench = await openBench();
});
after(() => {
  process.stdout.write(`${table.text()}\n${((Date.now() - started) / 1000).toFixed(0)} s in all\n`);
});

// A world waits more than it works: all six take little longer than one.
describe("DNS at a first start", { concurrency: true }, () => {
  for (const version of etcdVersions)
    for (const tls of [false, true]) {
      describe(`etcd ${version} ${tls ? "with TLS" : "plain"}`, { concurrency: 1 }, () => {
        let world: OpenWorld;
        before(async () => {
          world = await bench.world(version, tls);
        });
        after(() => world?.close());

        for (const fault of faults) {
          test(`${fault.id} ${fault.broken}`, async () => {
            const seen = await world.run<Discovery>("discovery", { id: fault.id });
            table.add(fault.id, fault.broken, version, tls, seen.alone, seen);
            assert.equal(seen.alone, fault.alone, "etcd alone");
            for (const line of fault.health)
              assert.ok(
                seen.health.some((reason) => line.test(reason)),
                `health lacks ${line}: ${seen.health.join("\n") || "it is well"}`,
              );
            if (!fault.health.length) assert.deepEqual(seen.health, [], "health");
            if (fault.gate) assert.match(seen.gate, fault.gate, "the gate");
            else assert.equal(seen.gate, "", "the gate");
            for (const said of seen.node)
              if (fault.node) assert.match(said, fault.node, "the node's gate");
              else assert.equal(said, "", "the node's gate");
            assert.deepEqual(
              seen.members,
              [`${seen.clusterId}: a b c`],
              "with the gates: one cluster of the declared members, in every member's view",
            );
          });
        }

        test("N8, N9 DNS breaks after the check; a machine anew on an empty disk", async () => {
          const seen = await world.run<FirstStarts>("firstStarts", {});
          table.add("N9", "DNS breaks between check and start", version, tls, seen.alone, {
            gate: "-",
            node: [],
            health: [],
          });
          assert.equal(seen.alone, "a: no leader", "it waits for the peers that it has verified");
          assert.deepEqual(seen.members, ["a b c"], "one cluster");
          assert.match(seen.lasting, /^b: exit 1: cannot fetch cluster info from peer urls/);
          if (tls) {
            table.add("N8", "b anew, its disk empty, its peers away", version, tls, "-", {
              gate: "-",
              node: seen.anew,
              health: [],
            });
            const [without, others] = seen.anew;
            assert.match(without ?? "", /^node b holds no member and has no ticket for a first/);
            assert.match(others ?? "", /machine: i-b in the ticket, i-b-anew here/);
            assert.deepEqual(seen.data, []);
            const { given, read, listed, beside, startFile, refusals } = seen.joined!;
            assert.deepEqual([read, refusals], [given, []], "the id in the log is etcd's");
            assert.match(listed, new RegExp(`^${given[1]}, started, b, .*, true$`));
            assert.deepEqual(beside, [
              "data",
              `data.${given[0]}.T`,
              "data.unknown.T", // what the start with the lasting file alone left
              `member.${given[0]}.T.json`,
              "member.json",
            ]);
            assert.match(startFile, /^initial-cluster: "a=[^,]+,b=[^,]+,c=[^,]+"$/m);
            assert.match(startFile, /^initial-cluster-state: "existing"$/m);
          }
          assert.equal(
            seen.ids[1],
            seen.ids[0],
            "a and c are what they were, whichever unit starts",
          );
          for (const text of seen.startFiles)
            assert.deepEqual(text.match(/^(discovery|initial-cluster).*$/gm), [
              "initial-cluster-state: existing",
            ]);
          assert.equal(seen.value, "before");
        });

        test("D4, D5 DNS goes away, and members restart", async () => {
          const seen = await world.run<RollingRestart>("rollingRestart", {});
          table.add(
            "D4",
            "DNS down, a restarts with its data",
            version,
            tls,
            seen.afterFirst.sentence,
            { gate: "-", node: seen.refusals, health: seen.afterFirst.health },
          );
          table.add(
            "D5",
            "DNS still down, b restarts, too",
            version,
            tls,
            seen.afterSecond.sentence,
            { gate: "-", node: seen.refusals, health: seen.afterSecond.health },
          );
          assert.deepEqual(seen.untouched, [], "members that nobody restarts stay healthy");
          assert.deepEqual(seen.refusals, [], "a node that holds a member starts at once");
          assert.equal(seen.afterFirst.sentence, "a: no leader; b c: a cluster of 3");
          assert.equal(seen.afterFirst.health.length, 1);
          assert.match(seen.afterFirst.health[0] ?? "", /^a \(http.*gave no answer/);
          assert.equal(seen.afterSecond.sentence, "a b c: no leader");
          assert.match(seen.afterSecond.health[0] ?? "", /^no member accepted a write/);
          assert.equal(seen.ids[1], seen.ids[0], "the cluster is the same once DNS is back");
          assert.equal(seen.value, "before");
        });
      });
    }
});
