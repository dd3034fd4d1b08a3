// Secrets of every kind, planted and made (SSH key, CA key, API token; keys of members, operator,
// hosts), looked for wherever somebody might read: on success and on failure. Does not prove it for
// a Chef server's node objects, nor for whoever is root on a node or holds the passphrase.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import * as path from "node:path";
import test, { after, before } from "node:test";
import { parse, stringify } from "yaml";
import { addresses, vpc, zone } from "../../lab/addresses.ts";
import { keyDir, labDir, logDir, projectDir, stateDir } from "../../lab/paths.ts";
import { run } from "../../lab/shell.ts";
import { EC2 } from "@aws-sdk/client-ec2";
import { foreignAuthority } from "../foreignAuthority.ts";
import { runProgram } from "./earlierProgram.ts";
import { mustRun, npmRun } from "./harness.ts";
import { instances } from "./inventory.ts";
import { onMachine } from "./machines.ts";

const file = path.join(labDir, "secret.yaml");
const configured = ["--config-file", file, "--non-interactive"];
const up = (...args: string[]) =>
  npmRun("pulumi", "up", "--yes", "--skip-preview", ...args, ...configured);
const cli = (input: string, ...args: string[]) =>
  run(process.execPath, [path.join(projectDir, "commands/run.mjs"), "pulumi", ...args], {
    cwd: projectDir,
    input,
    env: { NODE_TEST_CONTEXT: undefined },
  });
/** By this key the engine knows a secret in a value. */
const secretMark = "4dabf18193072939515e22adb298388d";
let needles = new Map<string, string>();
let commandLines: CommandLines;
let success = "";

before(async () => {
  await mustRun("lab", "stop");
  await mustRun("lab", "start");
  const authority = await foreignAuthority();
  // The API token stands there as it does in every real stack's file: encrypted.
  const { "etcd:sshPrivateKeyFile": _, ...config } = (
    parse(await readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8")) as {
      config: Record<string, unknown>;
    }
  ).config;
  await mkdir(labDir, { recursive: true });
  await writeFile(
    file,
    stringify({
      ...(parse(await readFile(path.join(projectDir, "Pulumi.dev.yaml"), "utf8")) as object),
      config: { ...config, "etcd:caCertificate": authority.certificate },
    }),
  );
  for (const [key, secret] of [
    ["etcd:caPrivateKey", authority.privateKey],
    ["etcd:sshPrivateKey", await readFile(path.join(keyDir, "admin"), "utf8")],
  ] as const) {
    await cli(secret, "config", "set", "--secret", key, "--config-file", file);
  }
  commandLines = watchCommandLines();
  const { code, text } = await up();
  commandLines.stop();
  assert.equal(code, 0, text);
  success = text;
  needles = needlesOf(
    await mustRun("pulumi", "stack", "export", "--show-secrets"),
    await readFile(path.join(keyDir, "admin"), "utf8"),
    authority.privateKey,
  );
});
after(async () => {
  await npmRun("lab", "stop");
});

interface CommandLines {
  readonly seen: Set<string>;
  stop(): void;
}

/**
 * Every process's arguments, of this machine and of the lab's, as often as can be looked while
 * something runs.
 */
function watchCommandLines(): CommandLines {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
      } catch {
        /* it ended meanwhile */
      }
    }
  }, 25);
  return { seen, stop: () => clearInterval(timer) };
}

/**
 * For each private key a line that nothing else holds, as it is and as it travels in the
 * bootstrap's script; and the token. A template in a program is none.
 */
function needlesOf(state: string, ...more: string[]): Map<string, string> {
  const pems = new Set(
    [
      ...state
        .replaceAll("\\\\n", "\n")
        .replaceAll("\\n", "\n")
        .matchAll(
          /-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\s]+-----END [A-Z ]*PRIVATE KEY-----/g,
        ),
      ...more.map((pem) => [pem.trim()]),
    ].map(([pem = ""]) => pem),
  );
  const found = new Map<string, string>([["the API token", zone.apiToken]]);
  for (const pem of pems) {
    const lines = pem
      .split("\n")
      .slice(1, -1)
      .map((text) => text.trim());
    const line = lines[Math.floor(lines.length / 2)] ?? "";
    found.set(`key ${found.size}`, line);
    // Base64 of the same, whatever stood before it: one of three alignments.
    for (const shift of [0, 1, 2])
      found.set(
        `key ${found.size} in base64`,
        Buffer.from(line.slice(shift)).toString("base64").slice(0, 60),
      );
  }
  return found;
}

function leaks(text: string): string[] {
  return [...needles].filter(([, needle]) => text.includes(needle)).map(([what]) => what);
}

const logs = async () =>
  (
    await Promise.all(
      (await readdir(logDir)).map((name) => readFile(path.join(logDir, name), "latin1")),
    )
  ).join("\n");
const containers = async () => (await instances()).map(({ id }) => `etcd-lab-${id}`);

test("there is something to look for, and looking finds it", async () => {
  assert.ok(
    needles.size >= 1 + 4 * 9,
    `${needles.size} texts: the SSH key, the CA's, three members', the operator's, ` +
      "three hosts' at least",
  );
  assert.ok(leaks(await mustRun("pulumi", "stack", "export", "--show-secrets")).length >= 9);
  assert.ok(leaks(await readFile(path.join(keyDir, "admin"), "utf8")).length >= 1);
  assert.ok(commandLines.seen.size > 50, "no processes were seen");
});

test("not in the exported state, in what Pulumi prints, in the lab's logs", async () => {
  assert.deepEqual(leaks(await mustRun("pulumi", "stack", "export")), []);
  assert.deepEqual(leaks(await mustRun("pulumi", "stack", "output")), []);
  assert.deepEqual(leaks(success), []);
  assert.deepEqual(leaks(await logs()), []);
});

test("not in any file of the backend, nor in the stack file", async () => {
  const files = (await readdir(stateDir, { recursive: true, withFileTypes: true })).filter(
    (entry) => entry.isFile(),
  );
  assert.ok(
    files.some(({ name }) => name === "dev.json"),
    "the state was not looked at",
  );
  assert.ok(
    files.some(({ name }) => name.includes(".history")),
    "the history was not looked at",
  );
  for (const { parentPath, name } of files) {
    const text = await readFile(path.join(parentPath, name), "latin1");
    assert.deepEqual(leaks(text), [], name);
  }
  for (const stackFile of [file, path.join(projectDir, "Pulumi.dev.yaml")])
    assert.deepEqual(leaks(await readFile(stackFile, "utf8")), [], stackFile);
});

test("the providers' own configuration in the state holds the API token encrypted", async () => {
  const { deployment } = JSON.parse(await mustRun("pulumi", "stack", "export")) as {
    deployment: { resources: { urn: string; inputs?: Record<string, unknown> }[] };
  };
  // That of dynamic resources is the whole configuration: a destroy runs no program.
  for (const [provider, key] of [
    ["cloudflare", "apiToken"],
    ["pulumi-nodejs", "cloudflare:apiToken"],
  ] as const) {
    const held = deployment.resources
      .filter(({ urn }) => urn.includes(`::pulumi:providers:${provider}::`))
      .map(({ inputs }) => inputs?.[key]);
    assert.equal(held.length, 1, provider);
    assert.deepEqual(Object.keys(held[0] as object).sort(), [secretMark, "ciphertext"], provider);
  }
});

test(
  "not in a preview with details, as JSON, in the engine's events, or in the listed " +
    "configuration",
  async () => {
    for (const args of [
      ["preview", "--diff", "--show-sames"],
      ["preview", "--show-config"],
      ["preview", "--json"],
      ["config"],
      ["config", "--json"],
    ]) {
      const { code, text } = await npmRun("pulumi", ...args, ...configured);
      assert.equal(code, 0, text);
      assert.deepEqual(leaks(text), [], args.join(" "));
    }
    const { code, text, events } = await runProgram(projectDir, "preview", "--config-file", file);
    assert.equal(code, 0, text);
    assert.match(events, /"urn"/, "there are no events");
    assert.deepEqual(leaks(events), [], "the engine's events");
  },
);

test("not among the arguments of any process", () => {
  assert.deepEqual(leaks([...commandLines.seen].join("\n")), []);
});

test("not in the machines' journals, on their disks only where root and etcd read", async () => {
  for (const container of await containers()) {
    assert.deepEqual(leaks(await onMachine(container, "journalctl", "--no-pager")), []);
    assert.deepEqual(
      leaks(
        await onMachine(
          container,
          "sh",
          "-c",
          "cat /var/lib/etcd-bootstrap/converge.log; cat /var/log/*.log 2>/dev/null",
        ),
      ),
      [],
    );
    const holders = (
      await onMachine(
        container,
        "sh",
        "-c",
        "grep -rlE 'BEGIN ([A-Z]+ )?PRIVATE KEY' /etc /var/lib /var/log /var/cache /run " +
          "/tmp /root /home 2>/dev/null | grep -v ^/run/systemd || true",
      )
    )
      .split("\n")
      .filter(Boolean);
    assert.ok(holders.includes("/etc/etcd/pki/member.key"), holders.join(", "));
    for (const holder of holders)
      assert.match(
        await onMachine(container, "stat", "-c", "%a %U:%G", holder),
        /^(640 root:etcd|[46]00 root:root)$/m,
        holder,
      );
  }
});

test("not in user data, but for the key of the first contact, which is spent", async () => {
  const ec2 = new EC2({
    region: vpc.region,
    endpoint: `http://127.0.0.1:${addresses.ec2Port}`,
    credentials: { accessKeyId: "lab", secretAccessKey: "lab" },
  });
  try {
    for (const { id } of await instances()) {
      const { UserData } = await ec2.describeInstanceAttribute({
        InstanceId: id,
        Attribute: "userData",
      });
      const found = leaks(
        Buffer.from(UserData?.Value ?? "", "base64")
          .toString()
          .replaceAll("\\n", "\n"),
      );
      assert.ok(
        found.filter((what) => !what.includes("base64")).length <= 1,
        `${id}: ${found.join(", ")}`,
      );
    }
  } finally {
    ec2.destroy();
  }
});

test("nor when it fails: a converge that breaks off, settings that are refused", async () => {
  const broken = path.join(labDir, "broken.yaml");
  const stack = parse(await readFile(file, "utf8")) as { config: Record<string, unknown> };
  await writeFile(
    broken,
    stringify({
      ...stack,
      config: {
        ...stack.config,
        "etcd:chef": {
          product: "cinc",
          packageUrl: `http://${addresses.gateway}:9/cinc.deb`,
          packageSha256: "a".repeat(64),
        },
      },
    }),
  );
  const failed = await npmRun(
    "pulumi",
    "up",
    "--yes",
    "--skip-preview",
    "--config-file",
    broken,
    "--non-interactive",
  );
  assert.notEqual(failed.code, 0);
  assert.match(failed.text, /could not be fetched/);
  assert.deepEqual(leaks(failed.text), []);
  const other = generateKeyPairSync("ec", { namedCurve: "P-256" })
    .privateKey.export({ format: "pem", type: "pkcs8" })
    .toString();
  await cli(other, "config", "set", "--secret", "etcd:caPrivateKey", "--config-file", broken);
  const refused = await npmRun("pulumi", "preview", "--config-file", broken, "--non-interactive");
  assert.match(
    refused.text,
    /caPrivateKey: the key of caCertificate is needed; this is another one/,
  );
  assert.deepEqual(
    [leaks(refused.text), refused.text.includes(other.split("\n")[1] ?? "?")],
    [[], false],
  );
  assert.deepEqual(leaks(await logs()), []);
  assert.deepEqual(leaks(await mustRun("pulumi", "stack", "export")), []);
});
