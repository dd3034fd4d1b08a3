// Every command that asks other machines ends, whatever hangs there: a machine that stands still or
// is gone, a handshake that is never finished, a connection that is half open. Does not prove it of
// a machine that freezes between two answers of etcd; `fault pause` in the lab does.
import assert from "node:assert/strict";
import { chmodSync, existsSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import * as path from "node:path";
import { suite, test } from "node:test";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { patiently } from "../../commands/terminal/patience.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import { startFakeSsh } from "../provider/fakeSsh.ts";
import { type Answers, type Checkout, makeCheckout } from "./checkout.ts";
import { type Hanging, startHanging } from "./hangingServers.ts";

const limitMs = 10_000;
const ssh = "/usr/bin/ssh";
const noSsh = existsSync(ssh) ? false : `there is no ${ssh} here`;
const ca = await makeAuthority("CA", 365);
const profile = { commonName: "operator", dnsNames: [], addresses: [], days: 365 };
const operator = await issueCertificate(ca, profile);

/** What a stack says whose members all are at one port, and what of it is remembered. */
function answers(port: number, hostKey = "", key = "", scheme = "https"): Answers {
  const url = `${scheme}://127.0.0.1:${port}`;
  const urls = { a: url, b: url, c: url };
  const seen = { clusterId: "1", word: "f0", revision: 1, healthyAt: "2027-01-01T00:00:00Z" };
  return {
    "stack output --json --show-secrets --stack prod": {
      out: {
        discoveryDomain: "etcd.test",
        endpoints: urls,
        peerUrls: urls,
        sshUser: "admin",
        hostKeys: { a: hostKey || "ssh-ed25519 AAAAkeyOfA" },
        caCertificate: ca.certificate,
        clientCertificate: operator.certificate,
        clientPrivateKey: operator.privateKey,
      },
    },
    "stack export --stack prod": {
      out: { deployment: { resources: [{ type: "x/etcd:ClusterHealth", outputs: seen }] } },
    },
    "config --json --stack prod": { out: { "etcd:sshPrivateKey": { secret: true } } },
    "config get sshPrivateKey --stack prod": { out: key },
  };
}

/** From the last answer of the CLI on: what comes before is our own start. */
async function call(
  checkout: Checkout,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) {
  const [command = "", ...rest] = args;
  const result = await checkout.call([command, "--stack", "prod", ...rest], env);
  const ms = Date.now() - statSync(path.join(checkout.folder, "pulumi.env")).mtimeMs;
  return { ...result, ms };
}

/** The real ssh, at another port than 22. */
function sshTo(port: number, checkout: Checkout) {
  const program = path.join(checkout.folder, "bin/ssh");
  writeFileSync(
    program,
    `#!/bin/sh\nexec ${ssh} -p ${port} -o HostKeyAlias=127.0.0.1 -o BatchMode=yes "$@"\n`,
  );
  chmodSync(program, 0o755);
}

async function withHanging(
  kind: Hanging,
  use: (port: number, checkout: Checkout) => Promise<void>,
): Promise<void> {
  const checkout = makeCheckout();
  const server = await startHanging(kind);
  try {
    await use(server.port, checkout);
  } finally {
    await server.close();
    checkout.remove();
  }
}

void suite("whatever hangs", { concurrency: 3 }, () => {
  for (const kind of ["frozen", "gone", "TLS", "HTTP/2"] as const) {
    void test(`status ends within 10 s: ${kind}`, () =>
      withHanging(kind, async (port, checkout) => {
        const scheme = kind === "HTTP/2" ? "http" : "https";
        const env = checkout.env(["pulumi"], answers(port, "", "", scheme));
        const { code, text, ms } = await call(checkout, ["status"], env);
        assert.equal(code, 1, text);
        assert.match(text, /^status: not healthy$/m);
        assert.match(text, /^ {2}c \(https?:.*\): (gave no answer|does not answer)/m);
        assert.ok(ms < limitMs, `${ms} ms\n${text}`);
      }));
  }

  for (const kind of ["frozen", "gone"] as const) {
    void test(`etcdctl ends within 10 s: ${kind}`, () =>
      withHanging(kind, async (port, checkout) => {
        const { binDir } = await ensureEtcd("3.6.14", () => undefined);
        const env = checkout.env(["pulumi"], answers(port));
        symlinkSync(path.join(binDir, "etcdctl"), path.join(checkout.folder, "bin/etcdctl"));
        const { code, text, ms } = await call(checkout, ["etcdctl", "get", "k"], env);
        assert.equal(code, 1, text);
        assert.match(text, /context deadline exceeded/);
        assert.ok(ms < limitMs, `${ms} ms`);
      }));

    void test(`ssh ends within 10 s: ${kind}`, { skip: noSsh }, () =>
      withHanging(kind, async (port, checkout) => {
        const { privateKey } = await issueCertificate(ca, profile);
        const env = checkout.env(["pulumi"], answers(port, "", privateKey));
        sshTo(port, checkout);
        const { code, text, ms } = await call(checkout, ["ssh", "a"], env);
        assert.equal(code, 255, text);
        assert.match(text, /timed out/);
        assert.ok(ms < limitMs, `${ms} ms`);
      }),
    );
  }

  void test("ssh ends within 10 s of a machine's standing still", { skip: noSsh }, async () => {
    const server = await startFakeSsh();
    const way = await startWay(server.port);
    const checkout = makeCheckout();
    try {
      const { hostKey, privateKey } = server;
      const env = checkout.env(["pulumi"], answers(1, hostKey, privateKey));
      sshTo(way.port, checkout);
      const begun = path.join(checkout.folder, "begun");
      const command = `touch ${begun}; exec sleep 60`;
      const ended = checkout.call(["ssh", "--stack", "prod", "a", command], env);
      for (const deadline = Date.now() + 30_000; !existsSync(begun);) {
        assert.ok(Date.now() < deadline, "the command was not begun");
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      way.freeze();
      const frozen = Date.now();
      const { code, text } = await ended;
      assert.equal(code, 255, text);
      assert.ok(Date.now() - frozen < limitMs + 1_000, `${Date.now() - frozen} ms`);
    } finally {
      way.close();
      await server.close();
      checkout.remove();
    }
  });

  void test("a CLI that was ended is not waited for through what it started", async () => {
    const began = Date.now();
    const slow = run("sh", ["-c", "sleep 20 & sleep 20"], { timeoutMs: 300 });
    await assert.rejects(slow, (error) => error instanceof CommandError);
    assert.ok(Date.now() - began < 5_000, `${Date.now() - began} ms`);
  });

  void test("a service that says nothing is told, and given up", async () => {
    const said: string[] = [];
    const tell = (line: string) => said.push(line);
    const never = new Promise(() => undefined);
    await assert.rejects(
      patiently(never, "EC2 (us-east-1)", tell, { everyMs: 20, giveUpMs: 60 }),
      /^Error: EC2 \(us-east-1\) gave no answer in 0\.06 s; see whether it can be reached/,
    );
    assert.equal(said.length, 2);
    assert.equal(said[0], "waiting for EC2 (us-east-1), 0.02 of 0.06 s");
    assert.equal(await patiently(Promise.resolve(7), "it", tell), 7);
    assert.equal(said.length, 2);
  });
});

/** A way to a port that can be frozen: connections stay open, and nothing passes any more. */
async function startWay(to: number) {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(to, "127.0.0.1");
    for (const socket of [near, far]) sockets.add(socket.on("error", () => undefined));
    near.pipe(far).pipe(near);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    freeze() {
      for (const socket of sockets) socket.unpipe().pause();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
