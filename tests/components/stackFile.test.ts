// Which numbers of a stack's file are named because YAML reads others. Does not prove that the CLI
// reads them so; it was taken from version 3.259.0 by `pulumi config --json`.
import assert from "node:assert/strict";
import test from "node:test";
import { describeProblems, type RawConfig } from "../../components/settings/problems.ts";
import { yamlProblems } from "../../components/settings/stackFile.ts";

const zone = { zone: "us-east-1a" };
const said = (lines: string, raw: RawConfig) =>
  describeProblems(
    yamlProblems({ name: "Pulumi.prod.yaml", text: `config:\n${lines}\n` }, "etcd", raw),
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
    /^nodes\.8: this is a name, and YAML reads 010 in .* as 8; quote it: "010" \(got 8\)\nnodes\.9: .* reads 09 /,
  ],
  [
    "a name of a node in one line with the others",
    "  etcd:nodes: {01: {zone: us-east-1a}, b: {zone: us-east-1a}}",
    { nodes: { 1: zone, b: zone } },
    /^nodes\.1: this is a name, and YAML reads 01 /,
  ],
  ...(
    [
      ["1e3", "1000"],
      ["0x1f", "31"],
      ["0b11", "3"],
      ["0o17", "15"],
      ["1_0", "10"],
      ["+5", "5"],
      ["1.0", "1"],
      ["True", "true"],
      ["12345678901234567890123", "1.2345678901234568e+22"],
    ] as const
  ).map(([written, read]): (typeof refused)[0] => [
    `a node called ${written}`,
    `  etcd:nodes:\n    ${written}: { zone: us-east-1a }`,
    { nodes: { [read]: zone } },
    new RegExp(`^nodes\\..*: this is a name, and YAML reads .* as .*; quote it: "`),
  ]),
  [
    "a text that is a number in another form",
    "  etcd:renamedFrom: 1e3 # the stack",
    { renamedFrom: "1000" },
    /^renamedFrom: YAML reads 1e3 in Pulumi\.prod\.yaml as 1000; quote it: "1e3" \(got 1000\)$/,
  ],
  [
    "a text with a zero in front",
    "  etcd:renamedFrom: 010",
    { renamedFrom: "8" },
    /^renamedFrom: YAML reads 010 in Pulumi\.prod\.yaml as 8; quote it: "010"/,
  ],
];
for (const [name, lines, raw, want] of refused)
  test(`named: ${name}`, () => assert.match(said(lines, raw), want));

const fine: [name: string, lines: string, raw: RawConfig][] = [
  ["a number", "  etcd:dataVolumeGb: 20", { dataVolumeGb: "20" }],
  ["in quotes, which its own rule refuses", '  etcd:ttl: "0100"', { ttl: "0100" }],
  ["a node called 7", "  etcd:nodes:\n    7: { zone: z }", { nodes: { 7: zone } }],
  ["a node called 7up", "  etcd:nodes:\n    7up: { zone: z }", { nodes: { "7up": zone } }],
  ["a number in hexadecimal", "  etcd:ttl: 0x64", { ttl: "100" }],
  ["a yes or no in capitals", "  etcd:tls: True", { tls: "true" }],
  ["octal that says so", "  etcd:dataVolumeGb: 0o24", { dataVolumeGb: "20" }],
  ["the same number either way", "  etcd:renewBeforeDays: 07", { renewBeforeDays: "7" }],
  ["another project's", "  other:ttl: 0100", { ttl: "64" }],
  ["a comment", "  # etcd:ttl: 0100", { ttl: "64" }],
  ["of a file that was not read", "  etcd:ttl: 0100", { ttl: "300" }],
  ["a name in quotes", '  etcd:nodes:\n    "010": { zone: z }', { nodes: { "010": zone } }],
];
for (const [name, lines, raw] of fine)
  test(`not named: ${name}`, () => assert.equal(said(lines, raw), ""));
