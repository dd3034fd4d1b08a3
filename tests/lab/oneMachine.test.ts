// All machines of a healthy cluster are asked to leave at once, under a writer: preview refuses,
// and without preview one leaves at most. Does not prove it where EC2 or Cloudflare cannot be
// asked: tests/provider/memberShutdown.test.ts does.
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { openStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs } from "../../commands/stack/stackOutputs.ts";
import { mustRun, npmRun } from "./harness.ts";
import { instances, terminate } from "./inventory.ts";
import { onMachine } from "./machines.ts";
import { type Score, startWriter } from "./writer.ts";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
});
after(async () => {
  await npmRun("lab", "stop");
});

const up = ["up", "--yes", "--skip-preview", "--non-interactive"];
const allMachines = ["--replace", "**::etcd-*-instance"];
const leave = "_etcd-on-ec2/leaving";
const healthy = /Healthy: one cluster, ID [0-9a-f]+, 3 of 3 members/;
/** Machine and process of each member's etcd. */
const running = async () =>
  Promise.all(
    (await instances()).map(async ({ node, id }) => {
      const pid = await onMachine(`etcd-lab-${id}`, "pgrep", "-x", "etcd").catch(() => "none");
      return `${node} ${id} ${pid.trim()}`;
    }),
  );

test("preview refuses to make all machines anew, and names them", async () => {
  const before = await running();
  const { code, text } = await npmRun("pulumi", "preview", "--non-interactive", ...allMachines);
  assert.notEqual(code, 0, text);
  assert.match(
    text,
    /the machines of a \(i-\w+\), b \(i-\w+\), c \(i-\w+\) are alive, and this would make all of them anew in one run/,
  );
  assert.deepEqual(await running(), before);
});

test("without preview at most one leaves, the next up makes it anew, nothing is lost", async () => {
  const writer = startWriter(await stackOutputs(await openStack("test")));
  let score: Score;
  try {
    await oneLeaves();
  } finally {
    score = await writer.stop();
  }
  assert.ok(score.acknowledged > 100, `${score.acknowledged} writes`);
  assert.deepEqual(score.lost, []);
});

async function oneLeaves(): Promise<void> {
  const before = await running();
  const { code, text } = await npmRun("pulumi", ...up, ...allMachines);
  assert.notEqual(code, 0, text);
  const stayed = (await running()).filter((one) => before.includes(one));
  // The refusals cancel the run, perhaps before the one that may leave has left.
  assert.ok(stayed.length >= 2, `${before.join("; ")}\n${text}`);
  const [, member = ""] = /([abc]) \(i-\w+\) is leaving since/.exec(text) ?? [];
  const gone = before.filter((one) => !stayed.includes(one));
  assert.ok(
    gone.every((one) => one.startsWith(`${member} `)),
    `${gone.join()}\n${text}`,
  );
  assert.match(
    text,
    new RegExp(
      `the machine of [abc] \\(i-\\w+\\) stays; it was not touched: ${member} \\(i-\\w+\\) is ` +
        `leaving since [^\\n]+\\n[^\\n]*First finish ${member}: run pulumi up`,
    ),
  );
  assert.match(await mustRun("etcdctl", "get", leave), new RegExp(`"member":"${member}"`));

  const next = await npmRun("pulumi", ...up);
  assert.equal(next.code, 0, next.text);
  assert.match(await mustRun("status"), healthy);
  assert.equal((await mustRun("etcdctl", "get", leave)).trim(), "", "the leave was not given back");
  const now = await running();
  assert.deepEqual(
    now.filter((one) => before.includes(one)),
    stayed,
  );
}

test("another one leaves in the next run, alone; guards made anew let nobody leave", async () => {
  const before = await running();
  // The form for a program that itself wants several machines anew.
  const only = ["--target", "**-b-instance", "--target-dependents"];
  const b = await npmRun("pulumi", ...up, "--replace", "**-b-instance", ...only);
  assert.equal(b.code, 0, b.text);
  assert.match(await mustRun("status"), healthy);
  const after = await running();
  assert.deepEqual(
    after.filter((one) => !before.includes(one)).map((one) => one.slice(0, 1)),
    ["b"],
  );
  const guards = await npmRun("pulumi", ...up, "--replace", "**::etcd-*-shutdown");
  assert.equal(guards.code, 0, guards.text);
  assert.match(guards.text, /its machine stays, with another guard/);
  assert.deepEqual(await running(), after);
});

test("machines that are gone are made anew together, also without a majority", async () => {
  const before = await running();
  await terminate("a");
  await terminate("c");
  const preview = await npmRun("pulumi", "preview", "--refresh", "--non-interactive");
  assert.equal(preview.code, 0, preview.text);
  const { code, text } = await npmRun("pulumi", ...up, "--refresh");
  assert.equal(code, 0, text);
  for (const node of ["a", "c"])
    assert.match(text, new RegExp(`the machine of ${node} \\(i-\\w+\\) is gone: EC2 says`));
  assert.match(await mustRun("status"), healthy);
  const now = await running();
  assert.deepEqual(
    now.filter((one) => before.includes(one)).map((one) => one.slice(0, 1)),
    ["b"],
  );
});
