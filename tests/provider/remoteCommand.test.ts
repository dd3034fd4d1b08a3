/**
 * The lab's command plugin and the commands it runs, called as the engine calls it, against an SSH
 * server in this process that runs commands in a local shell. How it connects is in
 * remoteConnection.test.ts. Does not prove that it works with OpenSSH's sshd, nor that the engine
 * keeps secrets (the lab tier does).
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import * as os from "node:os";
import * as path from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { startFakeSsh } from "./fakeSsh.ts";
import type { FakeSsh } from "./fakeSsh.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { until } from "./until.ts";
import { secret, unknown } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

const type = "command:remote:Command";
let ssh: FakeSsh;
let plugin: PluginProcess;
let folder: string;
let connection: Values;

before(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), "command-"));
  ssh = await startFakeSsh(["GREETING", "PULUMI_COMMAND_STDOUT"]);
  // A dead agent socket must not matter: the plugin does not look at it.
  plugin = await startPlugin("command", { SSH_AUTH_SOCK: path.join(folder, "no-agent") });
  await plugin.configure({});
  connection = {
    host: "127.0.0.1",
    port: ssh.port,
    user: ssh.user,
    privateKey: ssh.privateKey,
    dialErrorLimit: 0,
    perDialTimeout: 15,
  };
});
after(async () => {
  await plugin.stop();
  await ssh.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  plugin.lines.length = 0;
});

const create = (inputs: Values, options = {}) =>
  plugin.create(type, "boot", { connection, ...inputs }, options);

test("create runs the command with its input; both streams lose their last newline", async () => {
  const { id, state } = await create({
    create: "cat; echo; echo out; echo err >&2",
    stdin: "given",
  });
  assert.match(id, /^boot[0-9a-f]{8}$/);
  assert.equal(state.stdout, "given\nout");
  assert.equal(state.stderr, "err");
});

test("a command that reads gets an empty input when there is none", async () => {
  assert.equal((await create({ create: "cat; echo end" })).state.stdout, "end");
});

test("large input arrives whole", async () => {
  assert.equal(
    (await create({ create: "wc -c | tr -d ' '", stdin: "x".repeat(3_000_000) })).state.stdout,
    "3000000",
  );
});

test("its lines are shown while it runs, as passing ones, by `logging`", async () => {
  const shown = async (logging?: string) => {
    plugin.lines.length = 0;
    await create({
      create: "echo out; echo err >&2; printf last",
      ...(logging ? { logging } : {}),
    });
    return plugin.lines.toSorted();
  };
  assert.deepEqual(await shown(), ["status: err", "status: last", "status: out"]);
  assert.deepEqual(await shown("stdoutAndStderr"), ["status: err", "status: last", "status: out"]);
  assert.deepEqual(await shown("stdout"), ["status: last", "status: out"]);
  assert.deepEqual(await shown("stderr"), ["status: err"]);
  assert.deepEqual(await shown("none"), []);
});

test("a failure names the exit code, the command and all it wrote", async () => {
  await assert.rejects(create({ create: "echo one; echo two >&2; exit 3" }), (error: Error) => {
    assert.match(
      error.message,
      /Process exited with status 3: running "echo one; echo two >&2; exit 3":\n/,
    );
    assert.match(error.message, /one\n/);
    assert.match(error.message, /two\n/);
    return true;
  });
});

test("a failure by a signal names it", async () => {
  await assert.rejects(
    create({ create: "kill -9 $$" }),
    /Process exited with status \d+ from signal KILL: running/,
  );
});

test("the end of an endless failure message arrives", async () => {
  await assert.rejects(
    create({
      create: "yes 'ünd\tso weiter' | head -c 400000; echo; echo the reason; exit 1",
      logging: "none",
    }),
    /characters left out\][^]*the reason/,
  );
});

test("a preview opens no connection", async () => {
  const before = ssh.connections();
  const { state } = await create(
    { create: "echo", connection: { ...connection, host: unknown } },
    { preview: true },
  );
  assert.equal(state.stdout, unknown);
  assert.equal(ssh.connections(), before);
});

test("a changed trigger replaces, any other change updates, `connection` too", async () => {
  const old = { connection, create: "true", triggers: ["i-1"] };
  const difference = (news: Values) =>
    plugin.diff(type, old, { ...old, stdout: "", stderr: "" }, { ...old, ...news });
  assert.deepEqual(await difference({}), { changed: [], replaces: [], deleteFirst: false });
  assert.deepEqual((await difference({ triggers: ["i-2"] })).replaces, ["triggers"]);
  assert.deepEqual((await difference({ triggers: [unknown] })).replaces, ["triggers"]);
  for (const news of [
    { stdin: "x" },
    { create: "false" },
    { connection: { ...connection, port: 23 } },
    { update: "true" },
  ]) {
    const found = await difference(news);
    assert.deepEqual(found.changed, Object.keys(news));
    assert.deepEqual(found.replaces, []);
  }
});

test("an update runs `update`, or `create` again where there is none, or nothing", async () => {
  const old = { connection, create: "echo made", addPreviousOutputInEnv: false };
  const state = { ...old, stdout: "made", stderr: "" };
  const updated = async (news: Values) =>
    (
      await plugin.update(type, "id", old, state, {
        connection,
        addPreviousOutputInEnv: false,
        ...news,
      })
    ).stdout;
  assert.equal(await updated({ create: "echo again", update: "echo changed" }), "changed");
  assert.equal(await updated({ create: "echo again" }), "again");
  assert.equal(await updated({}), "made");
  const planned = await plugin.update(type, "id", old, state, { ...old, stdin: "x" }, true);
  assert.equal(planned.stdout, unknown);
});

test("a delete runs `delete` when there is one", async () => {
  const file = path.join(folder, "here");
  await writeFile(file, "");
  await plugin.remove(type, "id", {}, { connection, create: "true", stdout: "", stderr: "" });
  await plugin.remove(type, "id", {}, { connection, delete: `rm ${file}`, stdout: "", stderr: "" });
  await assert.rejects(readFile(file), { code: "ENOENT" });
});

test("a refresh asks nobody and changes nothing", async () => {
  const inputs = { connection: { ...connection, host: "192.0.2.1" }, create: "true" };
  const state = { ...inputs, stdout: "a", stderr: "", id: "id" };
  const found = await plugin.read(type, "id", inputs, state);
  assert.deepEqual(found.state, state);
  assert.deepEqual((await plugin.diff(type, found.inputs, found.state, inputs)).changed, []);
});

test("environment: what the server takes arrives, what it refuses is an error", async () => {
  assert.equal(
    (await create({ create: "echo $GREETING", environment: { GREETING: "hello" } })).state.stdout,
    "hello",
  );
  await assert.rejects(
    create({ create: "true", environment: { OTHER: "x" } }),
    /could not set environment variable "OTHER": ssh: setenv failed/,
  );
  assert.ok(plugin.lines.some((line) => /^error: Unable to set 'OTHER'\. .*AcceptEnv/.test(line)));
});

test("the previous output comes as a variable; a server that refuses it only warns", async () => {
  const state = { connection, create: "true", stdout: "before", stderr: "old" };
  const after = await plugin.update(type, "id", state, state, {
    connection,
    create: "echo [$PULUMI_COMMAND_STDOUT][$PULUMI_COMMAND_STDERR]",
  });
  assert.equal(after.stdout, "[before][]");
  assert.ok(
    plugin.lines.some((line) => line.startsWith("warning: Unable to set 'PULUMI_COMMAND_STDERR'")),
  );
});

test("the connection is secret and complete after check", async () => {
  const { inputs, reasons } = await plugin.check(type, "boot", {
    connection: secret({ host: "h", privateKey: "k" }),
    create: "true",
  });
  assert.deepEqual(reasons, []);
  assert.deepEqual(
    inputs.connection,
    secret({
      host: "h",
      privateKey: "k",
      dialErrorLimit: 10,
      perDialTimeout: 15,
      port: 22,
      user: "root",
    }),
  );
});

test("inputs are checked", async () => {
  const reasons = async (inputs: Values) => (await plugin.check(type, "boot", inputs)).reasons;
  assert.deepEqual(await reasons({ create: "true" }), ["Missing required property 'connection'"]);
  assert.deepEqual(await reasons({ connection: { user: "x" } }), [
    "Missing required property 'connection.host'",
  ]);
  assert.match(
    (await reasons({ connection, logging: "loud" }))[0] ?? "",
    /expected logging to be one of .*, got loud/,
  );
});

test("cancelling the run ends a command at once", async () => {
  const own = await startPlugin("command");
  await own.configure({});
  const refused = assert.rejects(
    own.create(type, "boot", { connection, create: "echo begun; exec sleep 60" }),
    /cancelled while the command ran/,
  );
  await until(() => own.lines.includes("status: begun"), "the command's first line");
  await own.cancel();
  await refused;
  await own.stop();
});

test("the log holds neither keys nor input nor output", async () => {
  await create({ create: "cat", stdin: "very-hidden" });
  const log = await plugin.log();
  assert.match(log, /\[create command:remote:Command boot\] boot[0-9a-f]{8}/);
  assert.doesNotMatch(log, /very-hidden|PRIVATE KEY/);
});
