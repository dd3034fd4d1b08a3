// A cluster as `up` makes it, with TLS: who gets in, what CIS asks for, renewal without a restart.
// Does not prove who gets in on other lines of etcd, nor each kind of wrong certificate:
// tests/faults/handshakes does.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import test, { after, before } from "node:test";
import { parse } from "yaml";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { CommandError, run } from "../../lab/shell.ts";
import { openStack } from "../../commands/stack/stackAccess.ts";
import { stackOutputs, type StackOutputs } from "../../commands/stack/stackOutputs.ts";
import { cisFindings } from "../cis.ts";
import { clearFaults, eventually, makeFault, mustRun, npmRun, pulumiWith } from "./harness.ts";
import { instances } from "./inventory.ts";
import { onMachine } from "./machines.ts";

let outputs: StackOutputs;
before(async () => {
  await mustRun("lab", "stop");
  await mustRun("up");
  outputs = await stackOutputs(await openStack("test"));
});
after(async () => {
  await npmRun("lab", "stop");
});

const address = (node: string) => new URL(outputs.endpoints[node] ?? "").hostname;
const machineOf = async (node: string) =>
  `etcd-lab-${(await instances()).find((instance) => instance.node === node)?.id}`;

/** What curl says, in one line. */
async function curl(...args: string[]): Promise<string> {
  return run("curl", ["-sS", "--max-time", "10", ...args]).then(
    (text) => `answer: ${text}`,
    (error: unknown) => {
      if (error instanceof CommandError) return `refused: ${error.output.trim()}`;
      throw error;
    },
  );
}

interface Shown {
  readonly certificate: string;
  readonly privateKey: string;
}

/**
 * Whether b's client port takes a certificate: "in", or the reason. With TLS 1.3 a refusal comes
 * after the handshake, so something is asked.
 */
function knock(shown: Shown): Promise<string> {
  return new Promise((resolve) => {
    const socket = tls.connect(
      {
        host: address("b"),
        port: 2379,
        rejectUnauthorized: false,
        cert: shown.certificate,
        key: shown.privateKey,
      },
      () => socket.write("GET /version HTTP/1.1\r\nHost: etcd\r\nConnection: close\r\n\r\n"),
    );
    socket.once("data", (data) => {
      resolve(
        /^HTTP\/1.1 200/.test(data.toString()) ? "in" : (data.toString().split("\r\n")[0] ?? ""),
      );
      socket.destroy();
    });
    socket.once("error", (error) => resolve(`refused: ${error.message}`));
    socket.once("close", () => resolve("refused: closed"));
    socket.setTimeout(10_000, () => {
      resolve("silent");
      socket.destroy();
    });
  });
}

/** Whether b's peer port takes it, asked from c's machine: no other may connect there. */
async function knockAsPeer({ certificate, privateKey }: Shown): Promise<string> {
  return onMachine(
    await machineOf("c"),
    "sh",
    "-c",
    `umask 077; printf %s "$1" > /run/knock.crt; printf %s "$2" > /run/knock.key
    code=$(curl -sSk --http1.1 --max-time 10 --cert /run/knock.crt --key /run/knock.key -o /dev/null -w '%{http_code}' https://${address("b")}:2380/members 2>/run/knock.why) && [ "$code" = 200 ] && printf in || printf 'refused: %s %s' "$code" "$(cat /run/knock.why)"
    rm -f /run/knock.*`,
    "sh",
    certificate,
    privateKey,
  );
}

test("neither plain HTTP nor a client without a certificate gets an answer", async () => {
  const host = `${address("a")}:2379`;
  assert.match(
    await curl(`http://${host}/version`),
    /^refused: .*Empty reply|^answer: Client sent an HTTP request to an HTTPS server/,
  );
  // What curl says of it depends on whether it reads the alert before the connection is cut; that
  // the operator gets in, below, is the other half.
  assert.match(await curl("-k", `https://${host}/version`), /^refused: /);
});

test(
  "the operator is a client and no peer; a stranger of the same CA is no peer; another CA " +
    "is nobody",
  async () => {
    const operator = outputs.identity;
    assert.ok(operator, "the stack has no operator's certificate");
    assert.equal(await knock(operator), "in");
    assert.match(await knockAsPeer(operator), /^refused: /);
    const other = await makeAuthority("etcd CA of etcd.test", 1);
    const profile = {
      commonName: "a.etcd.test",
      dnsNames: ["etcd.test", "a.etcd.test"],
      addresses: [address("c")],
      days: 1,
    };
    const forged = await issueCertificate(other, profile);
    assert.match(await knock(forged), /^refused: /);
    assert.match(await knockAsPeer(forged), /^refused: /);
    const ca = await exported<Shown>("CertificateAuthority");
    assert.match(
      await knockAsPeer(await issueCertificate(ca, { ...profile, dnsNames: ["other.example"] })),
      /^refused: /,
    );
    // Nothing but the name was wrong with it: with the right one the peer port opens.
    assert.equal(await knockAsPeer(await issueCertificate(ca, profile)), "in");
  },
);

test("every control of CIS holds on the machines", async () => {
  for (const node of ["a", "b", "c"]) {
    const machine = await machineOf(node);
    const config = parse(await onMachine(machine, "cat", "/run/etcd-node/etcd.yaml")) as Record<
      string,
      unknown
    >;
    assert.deepEqual(
      cisFindings({
        config,
        dataDir: (
          await onMachine(machine, "stat", "--format", "%a %U:%G", "/var/lib/etcd/data")
        ).trim(),
      }),
      [],
      node,
    );
    assert.match(
      await onMachine(
        machine,
        "sh",
        "-c",
        "tr '\\0' ' ' < /proc/$(systemctl show --property MainPID --value etcd)/cmdline",
      ),
      /^\/opt\/etcd\/etcd --config-file \/run\/etcd-node\/etcd\.yaml $/,
    );
    assert.equal(
      await onMachine(
        machine,
        "sh",
        "-c",
        "stat --format '%a %U:%G' /etc/etcd/pki /etc/etcd/pki/*",
      ),
      "750 root:etcd\n640 root:etcd\n640 root:etcd\n640 root:etcd\n",
    );
    assert.equal(
      (
        await onMachine(
          machine,
          "sh",
          "-c",
          "find /var/lib/etcd-bootstrap -name '*.key' -o -name pki",
        )
      ).trim(),
      "",
      "a key is left where it came in",
    );
  }
});

test("what tables show is understood where a machine or a record is named", async () => {
  const container = await machineOf("a");
  for (const called of ["a", "a.etcd.test", address("a"), outputs.endpoints.a ?? "", container]) {
    const { code, text } = await npmRun("lab", "logs", called);
    assert.equal(code, 0, `${called}: ${text}`);
    const shell = await npmRun("ssh", called.replace(/^etcd-lab-.*/, "a"), "hostname");
    assert.equal(shell.code, 0, shell.text);
  }
  const unknown = await npmRun("lab", "fault", "kill", "machine=d");
  assert.equal(unknown.code, 1);
  assert.match(unknown.text, /machine: there is no d in the lab; it runs a \(i-\w+\), b \(i-/);
  const typed = await npmRun("lab", "fault", "withhold", "name=aa", "type=A");
  await clearFaults();
  assert.match(typed.text, /no record is aa\.etcd\.test A now; it acts once .*a\.etcd\.test A,/);
});

test("status of a member whose machine is frozen ends within 10 s", async () => {
  await makeFault({ kind: "pause", machine: "c" });
  try {
    const began = Date.now();
    const { code, text } = await npmRun("status");
    const ms = Date.now() - began;
    assert.equal(code, 1, text);
    assert.match(text, /^ {2}c \(https:.*\): gave no answer within its deadline/m);
    assert.match(text, /The machine of c says:\n {4}SSH gave no answer in/);
    assert.ok(ms < 10_000, `${ms} ms\n${text}`);
  } finally {
    await clearFaults();
  }
  const healthy = async () => (await npmRun("status")).code === 0;
  await eventually("all members to be healthy again", 30_000, healthy);
});

test(
  "a certificate inside its renewal window is a change in preview; up renews it, and etcd " +
    "is not restarted",
  async () => {
    const later = { "etcd:certificateDays": "3000", "etcd:renewBeforeDays": "400" };
    const processes = async () =>
      Promise.all(
        ["a", "b", "c"].map(async (node) =>
          (
            await onMachine(
              await machineOf(node),
              "systemctl",
              "show",
              "--property",
              "MainPID",
              "--value",
              "etcd",
            )
          ).trim(),
        ),
      );
    const shown = (node: string) =>
      new Promise<X509Certificate>((resolve, reject) => {
        const socket = tls
          .connect({ host: address(node), port: 2379, rejectUnauthorized: false }, () => {
            resolve(new X509Certificate(socket.getPeerCertificate().raw));
            socket.destroy();
          })
          .once("error", reject);
      });
    const before = await shown("a");
    const running = await processes();
    const daysOf = (c: X509Certificate) =>
      Math.round((Date.parse(c.validTo) - Date.now()) / 86_400_000);
    assert.equal(daysOf(before), 365);
    assert.deepEqual(
      [...(before.subjectAltName ?? "").split(", ")].sort(),
      [
        "DNS:a.etcd.test",
        "DNS:etcd.test",
        "DNS:localhost",
        "IP Address:127.0.0.1",
        `IP Address:${address("a")}`,
      ].sort(),
    );
    assert.match((await pulumiWith(later, "preview")).text, /etcd-a-certificate.*update/);
    const { code, text } = await pulumiWith(later, "up", "--yes", "--skip-preview");
    assert.equal(code, 0, text);
    const renewed = await shown("a");
    assert.deepEqual(
      [daysOf(renewed), renewed.serialNumber === before.serialNumber, await processes()],
      [3000, false, running],
    );
    assert.equal(
      (await pulumiWith(later, "preview", "--expect-no-changes")).code,
      0,
      "a second run would renew again",
    );
    assert.match(await mustRun("status"), /\b2999\b/);
  },
);

test(
  "a plain cluster and a short wait for DNS warn in preview, and a founded cluster is not " +
    "made plain",
  async () => {
    const { code, text } = await pulumiWith({ "etcd:tls": false, "etcd:ttl": "300" }, "preview");
    assert.notEqual(code, 0);
    assert.match(
      text,
      /warning: tls: false leaves everything to whoever reaches ports 2379 and 2380/,
    );
    assert.match(text, /warning: dnsTimeout: 120 s are less than ttl, 300 s/);
    assert.match(
      text,
      /tls: peers cannot speak both ways at once \(founded with true; got false\)/,
    );
  },
);

/** The outputs of the one resource of a type, secrets shown. */
async function exported<T>(type: string): Promise<T> {
  const state = JSON.parse(await mustRun("pulumi", "stack", "export", "--show-secrets")) as {
    deployment: { resources: { type: string; outputs: T }[] };
  };
  const found = state.deployment.resources.find((resource) => resource.type.endsWith(`:${type}`));
  assert.ok(found, `no ${type} in the state`);
  const plain = (value: unknown): unknown =>
    typeof value === "object" && value !== null && "plaintext" in value
      ? JSON.parse(String(value.plaintext))
      : value;
  return Object.fromEntries(
    Object.entries(found.outputs as object).map(([key, value]) => [key, plain(value)]),
  ) as T;
}
