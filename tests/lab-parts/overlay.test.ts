/**
 * What faults make of the answers of a nameserver. Does not prove that a nameserver gives them:
 * publisher.test.ts and the lab tier do.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { answersOf } from "../../lab/dns/answers.ts";
import { lagMs, withFaults } from "../../lab/dns/overlay.ts";
import type { Fault, NameServer } from "../../lab/faultKinds.ts";
import { set, srvName } from "./records.ts";

const everything = set.flatMap(answersOf);
const shown = (faults: readonly Fault[], server: NameServer) =>
  withFaults(everything, faults, server).map(
    (answer) => `${answer.name.replace(".etcd.test", "")} ${answer.type} ${answer.content}`,
  );
const honest = shown([], "ns1");

const overlays: [what: string, fault: Fault, ns1: string[], ns2: string[]][] = [
  [
    "withhold on both",
    { kind: "withhold", name: "b.etcd.test", type: "A" },
    honest.filter((line) => !line.startsWith("b A")),
    honest.filter((line) => !line.startsWith("b A")),
  ],
  [
    "withhold on ns2 only",
    { kind: "withhold", name: "b.etcd.test", type: "A", server: "ns2" },
    honest,
    honest.filter((line) => !line.startsWith("b A")),
  ],
  [
    "withhold one target of SRV",
    { kind: "withhold", name: srvName, type: "SRV", content: "b.etcd.test" },
    honest.filter((line) => !line.includes("2380 b")),
    honest.filter((line) => !line.includes("2380 b")),
  ],
  [
    "withhold one target by its whole content",
    { kind: "withhold", name: srvName, type: "SRV", content: "0 0 2380 B.etcd.test." },
    honest.filter((line) => !line.includes("2380 b")),
    honest.filter((line) => !line.includes("2380 b")),
  ],
  [
    "withhold what is not there",
    { kind: "withhold", name: "z.etcd.test", type: "A" },
    honest,
    honest,
  ],
  [
    "falsify an address",
    { kind: "falsify", name: "a.etcd.test", type: "A", content: "10.213.0.99", server: "ns1" },
    honest.map((line) => line.replace("a A 10.213.0.4", "a A 10.213.0.99")),
    honest,
  ],
  [
    "falsify one target of SRV",
    {
      kind: "falsify",
      name: srvName,
      type: "SRV",
      content: "0 0 2381 a.etcd.test",
      instead: "a.etcd.test:2380",
    },
    honest.map((line) => line.replace("2380 a", "2381 a")),
    honest.map((line) => line.replace("2380 a", "2381 a")),
  ],
  [
    "an extra target",
    {
      kind: "extra",
      name: srvName,
      type: "SRV",
      content: "0 0 2380 ghost.etcd.test",
      server: "ns2",
    },
    honest,
    [...honest, "_etcd-server-ssl._tcp SRV 0 0 2380 ghost.etcd.test."],
  ],
];
for (const [what, fault, ns1, ns2] of overlays) {
  test(`fault: ${what}`, () => {
    assert.deepEqual(shown([fault], "ns1"), ns1);
    assert.deepEqual(shown([fault], "ns2"), ns2);
  });
}

test("the newest lag of a server counts, ns2 when none is named", () => {
  assert.deepEqual([lagMs([], "ns1"), lagMs([], "ns2")], [0, 2000]);
  const faults: Fault[] = [
    { kind: "dns-lag", seconds: 5 },
    { kind: "dns-lag", seconds: 20 },
    { kind: "dns-lag", seconds: 1, server: "ns1" },
  ];
  assert.deepEqual([lagMs(faults, "ns1"), lagMs(faults, "ns2")], [1000, 20_000]);
});
