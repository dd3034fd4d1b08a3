/**
 * What the reconciler decides to do, from what EC2 says and what there is. Does not prove that the
 * steps work: tests/lab/ec2.test.ts does.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { plan, subject } from "../../lab/ec2/plan.ts";
import type { Action, Attachment, Cloud, Instance, Machine } from "../../lab/ec2/plan.ts";

const data: Attachment = { volumeId: "vol-1", device: "/dev/sdf", sizeGiB: 8 };
const more: Attachment = { volumeId: "vol-2", device: "/dev/sdg", sizeGiB: 8 };
const instance: Instance = {
  id: "i-1",
  name: "a",
  state: "running",
  address: "10.213.0.4",
  zone: "us-east-1a",
  firewall: "rules",
  attachments: [data],
};
const stopped: Instance = { ...instance, state: "stopped" };
const successor: Instance = { ...instance, id: "i-2" };
const machine: Machine = {
  id: "i-1",
  address: "10.213.0.4",
  state: "running",
  volumeIds: ["vol-1"],
  firewall: "rules",
};
const halted: Machine = { ...machine, state: "stopped" };

const cases: [what: string, instances: Instance[], machines: Machine[], actions: Action[]][] = [
  ["nothing there, nothing wanted", [], [], []],
  ["a new instance gets a machine", [instance], [], [{ do: "start", instance }]],
  ["a machine that is as it should be is left alone", [instance], [machine], []],
  [
    "a machine that ended by itself is started again",
    [instance],
    [halted],
    [{ do: "start", instance }],
  ],
  ["a stopped instance's machine is stopped", [stopped], [machine], [{ do: "stop", id: "i-1" }]],
  ["and stays so", [stopped], [halted], []],
  ["an instance stopped before it had a machine gets none", [stopped], [], []],
  ["a terminated instance's machine goes", [], [machine], [{ do: "remove", id: "i-1" }]],
  ["also when it is stopped", [], [halted], [{ do: "remove", id: "i-1" }]],
  [
    "a successor on the same address waits for it to be gone",
    [successor],
    [machine],
    [{ do: "remove", id: "i-1" }],
  ],
  ["and then starts", [successor], [], [{ do: "start", instance: successor }]],
  [
    "a volume that came later is attached",
    [{ ...instance, attachments: [data, more] }],
    [machine],
    [{ do: "attach", id: "i-1", attachment: more }],
  ],
  [
    "one that left is detached",
    [{ ...instance, attachments: [] }],
    [machine],
    [{ do: "detach", id: "i-1", volumeId: "vol-1" }],
  ],
  [
    "detached before attached",
    [{ ...instance, attachments: [more] }],
    [machine],
    [
      { do: "detach", id: "i-1", volumeId: "vol-1" },
      { do: "attach", id: "i-1", attachment: more },
    ],
  ],
  [
    "detached while stopped",
    [{ ...stopped, attachments: [] }],
    [halted],
    [{ do: "detach", id: "i-1", volumeId: "vol-1" }],
  ],
  [
    "attached while stopped: the next start brings it",
    [{ ...stopped, attachments: [data, more] }],
    [halted],
    [],
  ],
  [
    "other rules of security groups are set at once",
    [{ ...instance, firewall: "others" }],
    [machine],
    [{ do: "filter", id: "i-1", firewall: "others" }],
  ],
  [
    "and on a machine whose rules are not known",
    [instance],
    [{ ...machine, firewall: undefined }],
    [{ do: "filter", id: "i-1", firewall: "rules" }],
  ],
  ["while stopped the next start brings them", [{ ...stopped, firewall: "others" }], [halted], []],
  [
    "stopping comes before detaching",
    [{ ...stopped, attachments: [] }],
    [machine],
    [{ do: "stop", id: "i-1" }],
  ],
];
for (const [what, instances, machines, actions] of cases) {
  test(what, () =>
    assert.deepEqual(plan(cloudOf(instances), { machines, volumeIds: ["vol-1"] }), actions),
  );
}

test("a volume's file is deleted when EC2 does not know it and no machine has it any more", () => {
  const cloud: Cloud = { instances: [], volumeIds: ["vol-2"] };
  assert.deepEqual(plan(cloud, { machines: [], volumeIds: ["vol-1", "vol-2"] }), [
    { do: "delete volume", volumeId: "vol-1" },
  ]);
  assert.deepEqual(plan(cloud, { machines: [machine], volumeIds: ["vol-1", "vol-2"] }), [
    { do: "remove", id: "i-1" },
  ]);
});

test("three instances start at the same time", () => {
  const three = ["i-1", "i-2", "i-3"].map((id, number) => ({
    ...instance,
    id,
    address: `10.213.0.${4 + number}`,
    attachments: [],
  }));
  const actions = plan(cloudOf(three), { machines: [], volumeIds: [] });
  assert.deepEqual(
    actions.map((action) => action.do),
    ["start", "start", "start"],
  );
  assert.equal(new Set(actions.map(subject)).size, 3);
});

function cloudOf(instances: readonly Instance[]): Cloud {
  return { instances, volumeIds: ["vol-1", "vol-2"] };
}
