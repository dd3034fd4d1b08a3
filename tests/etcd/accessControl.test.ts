// etcd's own access control, switched on by somebody: what health says of it, with real etcd and
// TLS for clients. Does not prove that a renewal goes on: tests/components/etcdCluster does.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import test from "node:test";
import { ClusterHealth, waitForHealth } from "../../components/health/clusterHealth.ts";
import { credentialsOf } from "../../components/health/asking.ts";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { etcdVersions } from "../etcdVersions.ts";
import { startDynamicProvider } from "../provider/dynamicProvider.ts";
import { startMembers } from "./etcdProcesses.ts";

const silent = () => undefined;
const ca = await makeAuthority("CA of etcd.test", 10);
const issue = (commonName: string, addresses: string[]) =>
  issueCertificate(ca, { commonName, dnsNames: [], addresses, days: 10 });
const operator = await issue("operator", []);
const identity = { ca: ca.certificate, ...operator };

/** Files of PEM, by their name, in a folder of their own. */
function filesOf(texts: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(path.join(tmpdir(), "etcd-pki-"));
  const at = (name: string) => path.join(folder, name);
  for (const [name, text] of Object.entries(texts)) writeFileSync(at(name), text);
  return { at, remove: () => rmSync(folder, { recursive: true }) };
}

for (const [i, version] of etcdVersions.entries()) {
  test(`etcd ${version}: access control is named, with the commands, and they help`, async () => {
    const address = `127.0.${91 + i}.1`;
    const member = await issue("a.etcd.test", [address]);
    const files = filesOf({
      "ca.crt": ca.certificate,
      "member.crt": member.certificate,
      "member.key": member.privateKey,
      "operator.crt": operator.certificate,
      "operator.key": operator.privateKey,
    });
    const cluster = await startMembers(version, 91 + i, ["a"], {
      clientTls: true,
      more: [
        "--client-cert-auth",
        ...["--trusted-ca-file", files.at("ca.crt")],
        ...["--cert-file", files.at("member.crt"), "--key-file", files.at("member.key")],
      ],
    });
    const health = await startDynamicProvider(
      () =>
        new ClusterHealth("health", {
          members: [],
          bootstraps: "",
          founding: "",
          acceptRestore: "",
          timeoutSeconds: 1,
        }),
    );
    const etcdctl = (...args: string[]) =>
      execFileSync(
        cluster.etcdctl,
        [
          ...["--endpoints", `https://${address}:2379`, "--cacert", files.at("ca.crt")],
          ...["--cert", files.at("operator.crt"), "--key", files.at("operator.key"), ...args],
        ],
        { encoding: "utf8", stdio: "pipe" },
      );
    const awaited = { members: cluster.declared, timeoutSeconds: 30 };
    try {
      await waitForHealth(awaited, silent, credentialsOf(identity));
      const inputs = { ...awaited, bootstraps: "d", founding: "f0", acceptRestore: "", identity };
      const { id, outputs } = await health.create({ ...inputs, version: 2 });
      etcdctl("user", "add", "root:a-word");
      etcdctl("auth", "enable");

      const since = Date.now();
      const said = await waitForHealth(awaited, silent, credentialsOf(identity)).then(
        () => assert.fail("healthy"),
        (e: Error) => e.message,
      );
      assert.ok(Date.now() - since < 10_000, "waiting changes nothing");
      assert.match(
        said,
        /^ {2}access control is on in etcd \(auth enable\), and operator, as our/m,
      );
      assert.match(said, /^ {2}a \(https:.*\): cannot read \(access control is on\)$/m);
      const refreshed = await health.read(id, outputs);
      assert.deepEqual(refreshed.outputs, { ...outputs, verdict: "access control is on" });

      // The commands as they are printed, beside root's password.
      const commands = [...said.matchAll(/^ {4}npm run etcdctl -- --user root (.*)$/gm)];
      assert.equal(commands.length, 2, said);
      for (const [, typed = ""] of commands) etcdctl("--user", "root:a-word", ...typed.split(" "));
      await waitForHealth(awaited, silent, credentialsOf(identity));
      assert.deepEqual((await health.read(id, refreshed.outputs)).outputs, outputs);
    } finally {
      health.close();
      await cluster.close();
      files.remove();
    }
  });
}

test("without TLS we have no name there, and the command says so", async () => {
  const cluster = await startMembers("3.6.14", 95, ["a"]);
  const awaited = { members: cluster.declared, timeoutSeconds: 30 };
  const etcdctl = (...args: string[]) =>
    execFileSync(cluster.etcdctl, ["--endpoints", cluster.declared[0]!.endpoint, ...args], {
      stdio: "pipe",
    });
  try {
    await waitForHealth(awaited, silent);
    etcdctl("user", "add", "root:a-word");
    etcdctl("auth", "enable");
    await assert.rejects(
      waitForHealth(awaited, silent),
      /without TLS we have no name there: switch it off\n {4}npm run etcdctl -- --user root auth dis/,
    );
    etcdctl("--user", "root:a-word", "auth", "disable");
    await waitForHealth(awaited, silent);
  } finally {
    await cluster.close();
  }
});
