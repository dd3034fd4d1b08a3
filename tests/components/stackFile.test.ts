// Which numbers of a stack's file are named because YAML reads others. Does not prove that the CLI
// reads them so; it was taken from version 3.259.0 by `pulumi config --json`.
import assert from "node:assert/strict";
import test from "node:test";
import { describeProblems, type RawConfig } from "../../components/settings/problems.ts";
import { octalProblems } from "../../components/settings/stackFile.ts";

const zone = { zone: "us-east-1a" };
const said = (lines: string, raw: RawConfig) =>
  describeProblems(
    octalProblems({ name: "Pulumi.prod.yaml", text: `config:\n${lines}\n` }, "etcd", raw),
  );

const refused: [name: string, lines: string, raw: RawConfig, want: RegExp][] = [
  [
    "a size with a zero in front",
    "  etcd:dataVolumeGb: 020",
    { dataVolumeGb: "16" },
    /^dataVolumeGb: YAML reads 020 in Pulumi\.prod\.yaml as the octal number 16; write the .*\(got 16\)$/,
  ],
  [
    "one behind which a comment stands",
    '  "etcd:ttl":   0100 # seconds',
    { ttl: "64" },
    /^ttl: YAML reads 0100 .* octal number 64; /,
  ],
  [
    "names of nodes, in a line and within braces",
    "  etcd:nodes:\n    010: { zone: us-east-1a }\n    09:\n      zone: us-east-1a",
    { nodes: { 8: zone, 9: zone } },
    /^nodes\.8: YAML reads the name 010 in .* as a number; quote it: "010" \(got 8\)\nnodes\.9: .* name 09 /,
  ],
  [
    "a name of a node in one line with the others",
    "  etcd:nodes: {01: {zone: us-east-1a}, b: {zone: us-east-1a}}",
    { nodes: { 1: zone, b: zone } },
    /^nodes\.1: YAML reads the name 01 /,
  ],
];
for (const [name, lines, raw, want] of refused)
  test(`named: ${name}`, () => assert.match(said(lines, raw), want));

const fine: [name: string, lines: string, raw: RawConfig][] = [
  ["a number", "  etcd:dataVolumeGb: 20", { dataVolumeGb: "20" }],
  ["in quotes, which its own rule refuses", '  etcd:ttl: "0100"', { ttl: "0100" }],
  ["octal that says so", "  etcd:dataVolumeGb: 0o24", { dataVolumeGb: "20" }],
  ["the same number either way", "  etcd:renewBeforeDays: 07", { renewBeforeDays: "7" }],
  ["another project's", "  other:ttl: 0100", { ttl: "64" }],
  ["a comment", "  # etcd:ttl: 0100", { ttl: "64" }],
  ["of a file that was not read", "  etcd:ttl: 0100", { ttl: "300" }],
  ["a name in quotes", '  etcd:nodes:\n    "010": { zone: z }', { nodes: { "010": zone } }],
];
for (const [name, lines, raw] of fine)
  test(`not named: ${name}`, () => assert.equal(said(lines, raw), ""));
