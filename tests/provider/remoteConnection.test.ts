/**
 * How the lab's command plugin connects: tries, keys, deadlines. Against an SSH server in this
 * process. Does not prove that it works with OpenSSH's sshd (the lab tier does); a bastion is not
 * tried.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { startFakeSsh, strangeKey } from "./fakeSsh.ts";
import type { FakeSsh } from "./fakeSsh.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { until } from "./until.ts";
import type { Values } from "../../lab/plugins/values.ts";

let ssh: FakeSsh;
let plugin: PluginProcess;
let connection: Values;

before(async () => {
  ssh = await startFakeSsh();
  // A dead agent socket must not matter: the plugin does not look at it.
  plugin = await startPlugin("command", { SSH_AUTH_SOCK: "/nowhere/agent" });
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
});
beforeEach(() => {
  plugin.lines.length = 0;
});

const create = (inputs: Values, options = {}) =>
  plugin.create("command:remote:Command", "boot", { connection, ...inputs }, options);

test("refused dials are tried again until the limit, and the message says so", async () => {
  const port = await freePort();
  const refused = create({
    create: "true",
    connection: { ...connection, port, dialErrorLimit: 3 },
  });
  await assert.rejects(
    refused,
    new RegExp(
      `after 3 failed attempts: dial tcp 127\\.0\\.0\\.1:${port}: connect: connection refused`,
    ),
  );
  assert.deepEqual(plugin.lines, [
    "status: Dial 1/3 failed: retrying",
    "status: Dial 2/3 failed: retrying",
    "status: Dial 3/3 failed: retrying",
  ]);
});

test("a server that opens late is reached, after a refused key too", async () => {
  const port = await freePort();
  const running = create({
    create: "echo reached",
    connection: { ...connection, port, dialErrorLimit: -1 },
  });
  await until(
    () => plugin.lines.some((line) => line.includes("Dial 2/inf failed")),
    "the second dial",
  );
  const stranger = await startFakeSsh([], port);
  await until(() => stranger.connections() > 0, "a connection");
  await stranger.close();
  const late = await startFakeSsh([], port, ssh);
  assert.equal((await running).state.stdout, "reached");
  await late.close();
});

test("customTimeouts end the dialling", async () => {
  await assert.rejects(
    create(
      { create: "true", connection: { ...connection, port: 1, dialErrorLimit: -1 } },
      { timeout: 1 },
    ),
    /context deadline exceeded/,
  );
});

test("a host key is checked when one is given, and any is taken when none is", async () => {
  assert.equal(
    (await create({ create: "echo fine", connection: { ...connection, hostKey: ssh.hostKey } }))
      .state.stdout,
    "fine",
  );
  const other = await startFakeSsh();
  await assert.rejects(
    create({ create: "true", connection: { ...connection, hostKey: other.hostKey } }),
    /ssh: handshake failed: ssh: host key mismatch/,
  );
  await assert.rejects(
    create({ create: "true", connection: { ...connection, hostKey: "nonsense" } }),
    /failed to parse host key/,
  );
  // The official plugin offers only the pinned key's kind, so that a host with keys of several
  // kinds shows that one.
  await assert.rejects(
    create({
      create: "true",
      connection: {
        ...connection,
        hostKey: `ssh-rsa ${Buffer.from("\0\0\0\x07ssh-rsa\0\0\0\0", "latin1").toString("base64")}`,
      },
    }),
    /ssh: no common algorithm for host key/,
  );
  await other.close();
});

test("a wrong key is refused, with a message that does not show it", async () => {
  const wrong = strangeKey();
  await assert.rejects(
    create({ create: "true", connection: { ...connection, privateKey: wrong } }),
    (error: Error) => {
      assert.match(error.message, /ssh: unable to authenticate/);
      assert.doesNotMatch(error.message, /PRIVATE KEY/);
      return true;
    },
  );
});

test("a host that connects and says nothing is given up after perDialTimeout", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as AddressInfo;
  await assert.rejects(
    create({ create: "true", connection: { ...connection, port, perDialTimeout: 1 } }),
    /dial tcp 127\.0\.0\.1:\d+: i\/o timeout/,
  );
  silent.close();
});

test("a connection through a bastion that does not answer says so", async () => {
  const proxy = { ...connection, port: await freePort() };
  await assert.rejects(
    create({ create: "true", connection: { ...connection, proxy } }),
    /^Error: 2 UNKNOWN: proxy: after 0 failed attempts: dial tcp .*connection refused/,
  );
});

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const holder = createServer().listen(0, "127.0.0.1");
  await once(holder, "listening");
  const { port } = holder.address() as AddressInfo;
  holder.close();
  await once(holder, "close");
  return port;
}
