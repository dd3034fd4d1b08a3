// What is allowed and said all the same. Does not prove that preview shows it.
import assert from "node:assert/strict";
import test from "node:test";
import type { RawConfig } from "../../components/settings/problems.ts";
import { checkSettings } from "../../components/settings/settings.ts";
import { warnings } from "../../components/settings/warnings.ts";
import { validSettings } from "./validSettings.ts";

function said(change: RawConfig, standIn = false): string {
  const { settings, problems } = checkSettings(validSettings(change));
  assert.deepEqual(problems, []);
  return warnings(settings!, standIn).join("\n");
}
const inZones = (...letters: string[]) => ({
  nodes: Object.fromEntries(letters.map((z, i) => [`m${i}`, { zone: `us-east-1${z}` }])),
});

const warned: [name: string, change: RawConfig, want: RegExp][] = [
  ["no TLS", { tls: "false" }, /^tls: false leaves everything/],
  ["a mirror's word", { etcdChecksums: "mirror" }, /^etcdChecksums: mirror believes/],
  ["less waiting than TTL", { ttl: "300" }, /^dnsTimeout: 120 s are less than ttl, 300 s/],
  [
    "strangers",
    { openToTheWorld: "true", sshFrom: ["0.0.0.0/0"] },
    /^openToTheWorld: sshFrom and clientsFrom may hold/,
  ],
  [
    "1 GiB",
    { dataVolumeGb: "1" },
    /^dataVolumeGb: 1 GiB may fill up, .*; 8 GiB have room for all$/,
  ],
  [
    "more Elastic IPs than an account has",
    { publicAddress: "true", ...inZones("a", "b", "c", "a", "b", "c", "d") },
    /^publicAddress: 7 nodes take an Elastic IP each, and an account has 5 in a region/,
  ],
  ["7 GiB", { dataVolumeGb: "7" }, /^dataVolumeGb: 7 GiB/],
  [
    "a type of a family that is not known",
    { instanceType: "t4.medium" },
    /^instanceType: the AWS provider of this program knows no type t4\.medium; did you mean t3\.medium\?; where AWS has none/,
  ],
  ["a size that the family has not", { instanceType: "t3.4xlarge" }, /knows no type t3\.4xlarge/],
  ["a family of later", { instanceType: "m99i.large" }, /knows no type m99i\.large/],
  [
    "a node's own type",
    { nodes: { a: { zone: "us-east-1a", instanceType: "t33.medium" } } },
    /^instanceType: .* no type t33\.medium; did you mean t3\.medium or t3a\.medium\?/,
  ],
  [
    "three in one zone",
    inZones("a", "a", "a"),
    /^nodes: all 3 members lie in us-east-1a, and a cluster of 3 stops with fewer than 2: /,
  ],
  [
    "two of three",
    inZones("a", "b", "b"),
    /^nodes: 2 of 3 members lie in us-east-1b, .*more than 1 /,
  ],
  ["three of five", inZones("a", "b", "b", "b", "c"), /^nodes: 3 of 5 .* fewer than 3/],
  ["four of seven", inZones("a", "a", "a", "a", "b", "b", "c"), /^nodes: 4 of 7 members/],
];
for (const [name, change, want] of warned)
  test(`said: ${name}`, () => assert.match(said(change), want));

test("what is wise is not talked about", () => {
  for (const change of [
    {},
    { dataVolumeGb: "8" },
    { instanceType: "m8i-flex.large" },
    { instanceType: "u-12tb1.112xlarge" },
    { instanceType: "x8g.metal-48xl", architecture: "arm64" },
    inZones("a"),
    inZones("a", "a", "b", "b", "c"),
    inZones("a", "a", "a", "b", "b", "c", "c"),
  ])
    assert.equal(said(change), "");
  assert.equal(said({ dataVolumeGb: "1" }, true), "", "an emulator holds nobody's data");
});
