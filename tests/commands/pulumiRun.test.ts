// One run of Pulumi as a child process: its events, its failure, and what signals become. Does not
// prove what Pulumi does on SIGINT; tests/lab/kills does what follows from worse.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { after, test } from "node:test";
import { EventLog } from "../../commands/stack/eventLog.ts";
import { makeCheckout } from "./checkout.ts";

const checkout = makeCheckout();
after(() => checkout.remove());

/** Makes one DNS record and says so; then does what TEST_THEN says. */
const fakePulumi = `#!${process.execPath}
const fs = require("node:fs");
const args = process.argv.slice(2);
const events = args[args.indexOf("--event-log") + 1];
fs.writeFileSync(process.env.TEST_FOLDER + "/events.mode", fs.statSync(events).mode.toString(8));
const type = "cloudflare:index/dnsRecord:DnsRecord";
const metadata = { op: "create", urn: "x::y::etcd-a", type };
const say = (event) => fs.appendFileSync(events, JSON.stringify(event) + "\\n");
say({ resourcePreEvent: { metadata } });
say({ resOutputsEvent: { metadata } });
fs.writeFileSync(process.env.TEST_FOLDER + "/pulumi.args", args.slice(0, 3).join(" "));
if (process.env.TEST_THEN === "full disk") {
  fs.appendFileSync(events, '{"resourcePreEvent":{"metad');
  say({ resourcePreEvent: { metadata } });
  say({ diagnosticEvent: { severity: "info", message: "later" } });
  console.log("output");
}
if (["fail", "full disk"].includes(process.env.TEST_THEN)) {
  const head = "urn:pulumi:dev::etcd::etcd:index:EtcdCluster$";
  const node = { urn: head + "etcd:index:EtcdNode::etcd-a", type: "etcd:index:EtcdNode" };
  const now = { inputs: { name: "a" }, outputs: { privateIp: "10.0.0.4" } };
  say({ resOutputsEvent: { metadata: { ...node, op: "same", new: now } } });
  const urn = head + "command:remote:Command::etcd-a-bootstrap";
  say({ diagnosticEvent: { severity: "error", urn, message: "the reason" } });
  process.exit(255);
}
if (process.env.TEST_THEN === "leave") {
  // A plugin that hangs holds our output open, and outlives us.
  const { spawn } = require("node:child_process");
  const plugin = spawn("sleep", ["30"], { stdio: "inherit", detached: true });
  fs.writeFileSync(process.env.TEST_FOLDER + "/plugin.pid", String(plugin.pid));
  process.exit(0);
}
const lock = "the stack is currently locked by 1 lock(s). Either wait for the other process(es) " +
  "to end or delete the lock file with \`pulumi cancel\`.\\n" +
  "  file:///state/.pulumi/locks/x.json: created by root@host (pid 4711) at 2027-01-01T00:00:00Z";
if (process.env.TEST_THEN === "locked") {
  console.error("error: " + lock);
  say({ diagnosticEvent: { severity: "error", message: lock } });
  process.exit(255);
}
if (!["wait", "cancel"].includes(process.env.TEST_THEN)) process.exit(0);
process.on("SIGTERM", () => process.exit(15));
let interrupts = 0;
process.on("SIGINT", () => {
  if (process.env.TEST_THEN === "wait") process.exit(0);
  say({ diagnosticEvent: { severity: "error", message: "update canceled; pulumi cancel" } });
  if (++interrupts === Number(process.env.TEST_INTERRUPTS)) process.exit(255);
});
setInterval(() => undefined, 1000);
fs.writeFileSync(process.env.TEST_FOLDER + "/ready", "");
`;
const cli = path.join(checkout.folder, "fake-pulumi.cjs");
writeFileSync(cli, fakePulumi);
chmodSync(cli, 0o755);
const runModule = path.join(checkout.folder, "commands/stack/pulumiRun.ts");
const script = `
const { runPulumi } = await import(${JSON.stringify(runModule)});
const npmRun = (command) => "npm run " + command + " --";
const access = { env: {}, settings: [], up: "npm run up", npmRun };
const stack = { name: "prod", cli: ${JSON.stringify(cli)}, ...access };
await runPulumi(stack, ["up"], (line) => console.log(line)).catch((error) => {
  console.log(error.message);
  process.exitCode = 1;
});
`;

function start(then: string, interrupts = 1) {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      TEST_FOLDER: checkout.folder,
      TEST_THEN: then,
      TEST_INTERRUPTS: `${interrupts}`,
    },
  });
  let text = "";
  child.stdout.on("data", (data: Buffer) => {
    text += data.toString();
  });
  const ended = new Promise<{ code: number | null; text: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, text })),
  );
  return { child, ended };
}

/** All that is told; how long it took is the machine's. */
const made = /^DNS records {2}1 made \(\d\.\d s\)\n$/;

test("what was made is told, on the stack that was asked for", async () => {
  const { code, text } = await start("").ended;
  assert.equal(code, 0);
  assert.match(text, made);
  assert.equal(readFileSync(path.join(checkout.folder, "pulumi.args"), "utf8"), "up --stack prod");
});

test("the event log, which holds secrets, is its owner's only, and gone at the end", async () => {
  await start("").ended;
  assert.equal(readFileSync(path.join(checkout.folder, "events.mode"), "utf8"), "100600");
  assert.equal(existsSync(path.join(checkout.folder, ".lab/logs/pulumi-up.events")), false);
});

test("a failure is Pulumi's own words and where the rest is", async () => {
  const { code, text } = await start("fail").ended;
  assert.equal(code, 1);
  assert.match(
    text,
    /pulumi up failed \(exit 255\)\. Its whole output: \.lab\/logs\/pulumi-up\.log\n {2}etcd-a-bootstrap of node a \(10\.0\.0\.4\): the reason\n {4}Next: mend .*npm run ssh -- a sudo tail/,
  );
});

test("on a full disk the run goes on, and what is not kept is said, without a stack", async () => {
  const log = path.join(checkout.folder, ".lab/logs/pulumi-up.log");
  rmSync(log, { force: true });
  mkdirSync(path.dirname(log), { recursive: true });
  symlinkSync("/dev/full", log);
  try {
    const { code, text } = await start("full disk").ended;
    const lines = text.split("\n").map((line) => line.trim());
    assert.deepEqual(
      lines.filter((line) => /not kept|not all|later/.test(line)).sort(),
      [
        "Pulumi's output is not kept from here on (ENOSPC: no space left on device, write); the " +
          "run goes on",
        "later", // before or after what is made: the log and the events are read apart
        "not all that Pulumi did is told above: its event log: a line of it is cut off; is the " +
          "disk full?",
      ],
      text,
    );
    assert.match(
      text,
      /failed \(exit 255\)\. Its output, up to the full disk: \S+\.log\n.*the reason/,
    );
    assert.doesNotMatch(text, /\n +at /);
    assert.equal(code, 1);
  } finally {
    rmSync(log);
  }
});

test("a plugin that hangs and holds the output open is not waited for", async () => {
  const began = Date.now();
  try {
    const { code, text } = await start("leave").ended;
    assert.equal(code, 0);
    assert.match(text, made);
    assert.ok(Date.now() - began < 10_000, `${Date.now() - began} ms`);
  } finally {
    process.kill(Number(readFileSync(path.join(checkout.folder, "plugin.pid"), "utf8")));
  }
});

test("another run that has just begun is named, and no lock file of Pulumi's", async () => {
  const { code, text } = await start("locked").ended;
  assert.equal(code, 1);
  assert.match(
    text,
    /\nanother Pulumi works on the stack prod \(process 4711\); wait for it, or end it with: kill -INT 4711\n$/,
  );
});

for (const [interrupts, words] of [
  [1, /\npulumi up was stopped by you; what was done is written down, .* goes on from here\. Its/],
  [2, /\npulumi up was abandoned by you, .*; the same command looks at what there is, and goes on/],
] as const) {
  test(`${interrupts} × Ctrl-C is no failure, and what to do is said`, async () => {
    const ready = path.join(checkout.folder, "ready");
    rmSync(ready, { force: true });
    const { child, ended } = start("cancel", interrupts);
    for (const deadline = Date.now() + 30_000; !existsSync(ready);) {
      assert.ok(Date.now() < deadline, "the fake was not started");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    for (let n = 0; n < interrupts; n++) {
      child.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 300)); // two at once would count as one
    }
    const { code, text } = await ended;
    assert.equal(code, 1, text);
    assert.match(text, words);
    assert.doesNotMatch(text, /failed|pulumi cancel/);
  });
}

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`${signal} becomes SIGINT, on which Pulumi ends in order`, async () => {
    const ready = path.join(checkout.folder, "ready");
    rmSync(ready, { force: true });
    const { child, ended } = start("wait");
    for (const deadline = Date.now() + 30_000; !existsSync(ready);) {
      assert.ok(Date.now() < deadline, "the fake was not started");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    child.kill(signal);
    const { code, text } = await ended;
    assert.equal(code, 0, text);
  });
}

test("the event log is read as it grows, by whole lines", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "etcd-events-"));
  const file = path.join(folder, "events");
  try {
    const log = new EventLog(file);
    assert.deepEqual(log.next(), []);
    const [one, two] = ['{"sequence":1,"name":"ä"}\n', '{"sequence":2}\n'].map((line) =>
      Buffer.from(line),
    );
    assert.ok(one && two);
    appendFileSync(file, one.subarray(0, 22)); // in the middle of a letter
    assert.deepEqual(log.next(), []);
    appendFileSync(file, Buffer.concat([one.subarray(22), two]));
    assert.deepEqual(log.next(), [{ sequence: 1, name: "ä" }, { sequence: 2 }]);
    assert.deepEqual(log.next(), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
