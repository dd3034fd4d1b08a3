// Which words of a failed run are shown. Does not prove that a CLI of another version frames errors
// the same way: then the frames are shown, too.
import assert from "node:assert/strict";
import test from "node:test";
import { ownWords } from "../../commands/stack/errorWords.ts";

const cases: [name: string, errors: string[], shown: string[]][] = [
  [
    "a refusal in a preview's hook",
    [
      'Preview failed: before hook "etcd-x" failed: etcd-ca: it is written once\n  run it',
      "preview failed",
    ],
    ["etcd-ca: it is written once\n  run it"],
  ],
  [
    "a refusal in a hook of an update",
    ['before hook "etcd-correction" failed: Error: domain: members find one another by it'],
    ["domain: members find one another by it"],
  ],
  [
    "a refusal in a check",
    ["pulumi-nodejs:dynamic/etcd:Founders resource 'etcd-founders' has a problem: nodes: kept"],
    ["nodes: kept"],
  ],
  [
    "a refusal of an official provider, with the property",
    ["aws:ec2/eip:Eip resource 'x': property domain value {here} has a problem: expected vpc"],
    ["expected vpc"],
  ],
  ["the same from two resources", ["EC2 said no", "EC2 said no"], ["EC2 said no"]],
  ["nothing else", ["update failed"], ["update failed"]],
  ["words that only look alike", ["hook failed: x"], ["hook failed: x"]],
];
for (const [name, errors, shown] of cases)
  test(`shown: ${name}`, () => assert.deepEqual(ownWords(errors), shown));
