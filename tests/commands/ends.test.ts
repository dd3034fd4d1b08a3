// Every command that asks other machines ends, whatever hangs there: a machine that stands still or
// is gone, a handshake that is never finished, a connection that is half open, a silent nameserver.
// Does not prove it of a real machine that freezes: tests/lab/access does, of status.
import assert from "node:assert/strict";
import { chmodSync, existsSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import * as path from "node:path";
import { suite, test } from "node:test";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { inWords } from "../../commands/stack/pulumiAnswer.ts";
import { sweep } from "../../commands/sweep/conversation.ts";
import { control } from "../../lab/controlClient.ts";
import { projectDir } from "../../lab/paths.ts";
import { patiently, telling } from "../../lab/patience.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { ensureEtcd } from "../../lab/toolchain/etcd.ts";
import { startFakeSsh } from "../provider/fakeSsh.ts";
import { startDnsStub } from "../dnsStub.ts";
import { type Answers, type Checkout, makeCheckout } from "./checkout.ts";
import { type Hanging, startHanging } from "./hangingServers.ts";

/** Whom each command waits for, and where it is shown that it ends. */
const others: Readonly<Record<string, string>> = {
  status: "the CLI, members, their SSH, nameservers: here",
  etcdctl: "the CLI, members: here",
  ssh: "the CLI, a machine: here",
  sweep: "the CLI, EC2, Cloudflare: here",
  lab: "its daemon: here; podman and the log's file have deadlines of their own",
  up: "Pulumi, which has one for each resource: pulumiRun.test.ts; then as status",
  down: "as up; then as lab",
  pulumi: "the lab's daemon, for 2 s; then Pulumi alone, to whom the terminal is given",
  bench: "as up",
  test: "its test files: testRunner.test.ts",
  check: "nobody",
  docs: "nobody",
};
const limitMs = 10_000;
const ssh = "/usr/bin/ssh";
const noSsh = existsSync(ssh) ? false : `there is no ${ssh} here`;
const ca = await makeAuthority("CA", 365);
const profile = { commonName: "operator", dnsNames: [], addresses: [], days: 365 };
const operator = await issueCertificate(ca, profile);

interface Said {
  readonly hostKey?: string;
  readonly key?: string;
  readonly scheme?: string;
  /** Of the nameserver that is to be asked. */
  readonly dns?: string;
}

/** What a stack says whose members all are at one port, and what of it is remembered. */
function answers(port: number, { hostKey, key, scheme = "https", dns }: Said = {}): Answers {
  const url = `${scheme}://127.0.0.1:${port}`;
  const urls = { a: url, b: url, c: url };
  const seen = { clusterId: "1", word: "f0", revision: 1, healthyAt: "2027-01-01T00:00:00Z" };
  const members = Object.keys(urls).map((member) => {
    return { target: `${member}.etcd.test`, address: "127.0.0.1" };
  });
  const expected = { domain: "etcd.test", tls: true, port: 2380, members };
  const gate = { expected, nameservers: dns ? [dns] : [], timeoutSeconds: 60 };
  const resources = [
    { type: "x/etcd:ClusterHealth", outputs: seen },
    ...(dns ? [{ type: "x/etcd:DnsReadiness", outputs: gate }] : []),
  ];
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
    "stack export --stack prod": { out: { deployment: { resources } } },
    "config --json --stack prod": { out: { "etcd:sshPrivateKey": { secret: true } } },
    "config get sshPrivateKey --stack prod": { out: key ?? operator.privateKey },
  };
}

/** From the first question to the CLI on: what comes before is our own start. */
async function call(
  checkout: Checkout,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
) {
  const [command = "", ...rest] = args;
  const result = await checkout.call([command, "--stack", "prod", ...rest], env);
  const ms = Date.now() - checkout.firstCall();
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
        const dns = await startDnsStub(() => ({ silent: true }));
        const env = checkout.env(["pulumi"], answers(port, { scheme, dns: dns.server }));
        const ended = call(checkout, ["status"], env);
        const { code, text, ms } = await ended.finally(() => dns.close());
        assert.equal(code, 1, text);
        assert.match(text, /at 127\.0\.0\.1:\d+: no answer over UDP/);
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
        const env = checkout.env(["pulumi"], answers(port, { key: privateKey }));
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
      const env = checkout.env(["pulumi"], answers(1, { hostKey, key: privateKey }));
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

  for (const kind of ["frozen", "gone"] as const) {
    const patience = { everyMs: 100, giveUpMs: 300 };

    void test(`sweep says whom it waits for, and gives up: ${kind}`, () =>
      withHanging(kind, async (port) => {
        const said: string[] = [];
        const settings: Readonly<Record<string, string>> = {
          "aws:region": "us-east-1",
          "aws:accessKey": "lab",
          "aws:secretKey": "lab",
          "aws:endpoints": JSON.stringify([{ ec2: `http://127.0.0.1:${port}` }]),
        };
        const stack = { project: "etcd", stack: "prod", zoneId: "f", stackId: "0a1b2c3d4e5f" };
        const swept = sweep(
          { ...stack, setting: (key) => settings[key], known: new Set(), home: {} },
          { tell: (line) => said.push(line), ask: undefined },
          patience,
        );
        await assert.rejects(swept, /EC2 \(us-east-1\).* gave no answer in 0\.3 s; see whether/);
        assert.match(said.at(-1) ?? "", /^waiting for EC2 \(us-east-1\).*, 0\.2 of 0\.3 s$/);
      }));

    void test(`the lab's daemon is given up: ${kind}`, () =>
      withHanging(kind, async (port) => {
        const said: string[] = [];
        const tell = (line: string) => said.push(line);
        await assert.rejects(
          control("GET", "/status", undefined, { port, tell, ...patience }),
          /interface \(GET \/status\) gave no answer in 0\.3 s; npm run lab -- logs daemon/,
        );
        assert.equal(said.length, 2);
      }));
  }

  void test("whom each command waits for is known", () => {
    const commands = readdirSync(path.join(projectDir, "commands"))
      .filter((file) => file.endsWith(".ts"))
      .map((file) => file.slice(0, -3));
    assert.deepEqual(commands.sort(), Object.keys(others).sort());
  });

  void test("a CLI that hangs is told, and named when its time is over", async () => {
    const said: string[] = [];
    await new Promise<void>((twice) => {
      const slow = new Promise<void>((resolve) => {
        const tell = (line: string) => {
          if (said.push(line) === 2) resolve();
        };
        setImmediate(() => void telling(slow, "waiting for `pulumi x`", tell, 50).then(twice));
      });
    });
    assert.deepEqual(said, ["waiting for `pulumi x`, 0.05 s", "waiting for `pulumi x`, 0.1 s"]);
    const over = new CommandError("pulumi: gave no result in 60 s and was ended", null, "");
    const stack = { name: "prod", cli: "pulumi", env: {} };
    assert.match(
      await inWords(stack, ["stack", "output"], over),
      /^`pulumi stack output` gave no answer about the stack prod in a minute: its backend/,
    );
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
