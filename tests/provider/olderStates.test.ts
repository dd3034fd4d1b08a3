// Outputs as the first release wrote them into states, beside the same settings today: nothing is
// due, but where a version was raised, or an output is new. Does not prove it for a whole stack:
// tests/lab does.
import assert from "node:assert/strict";
import test from "node:test";
import type * as pulumi from "@pulumi/pulumi";
import { MemberShutdown } from "../../components/bootstrap/memberShutdown.ts";
import { Charter } from "../../components/charter/charter.ts";
import { Founding } from "../../components/charter/founding.ts";
import { StackId } from "../../components/recovery/stackId.ts";
import { Leftovers } from "../../components/recovery/leftovers.ts";
import { ClusterHealth } from "../../components/health/clusterHealth.ts";
import { Certificate } from "../../components/pki/certificate.ts";
import { CertificateAuthority } from "../../components/pki/certificateAuthority.ts";
import { issueCertificate, makeAuthority } from "../../components/pki/certificates.ts";
import { FirstContact } from "../../components/ssh/firstContact.ts";
import { HostKey, HostKeySeed } from "../../components/ssh/hostKey.ts";
import { startDynamicProvider } from "./dynamicProvider.ts";

const inAYear = new Date(Date.now() + 365 * 86_400_000).toISOString();
const founders = {
  nodes: ["a", "b"],
  domain: "etcd.test",
  zoneId: "f".repeat(32),
  tls: true,
  authority: "",
  etcdVersion: "3.6.14",
  places: { a: "z1 s" },
  instanceTypes: { a: "t3.medium" },
  sshPublicKey: "ssh-ed25519 AAAA",
  kmsKeyId: "",
};
const volumes = {
  volumeIds: { a: "vol-1" },
  machineIds: { a: "i-1" },
  addresses: { a: "10.0.0.1" },
};
const mark = { project: "etcd", stack: "prod", zoneId: "f".repeat(32) };
const tags = { Project: "etcd", Stack: "prod", Incarnation: "0a1b2c" };
const leftovers = { type: "aws:ec2/instance:Instance", tags };
const found = { zoneId: mark.zoneId, comment: "pulumi etcd/prod 0a1b2c" };
const authority = await makeAuthority("etcd CA of etcd.test", 3650);
const leaf = {
  commonName: "a",
  dnsNames: ["a.etcd.test", "localhost"],
  addresses: ["10.0.0.1"],
  days: 365,
  renewBeforeDays: 30,
};
const issued = {
  authorityCertificate: authority.certificate,
  ...(await issueCertificate(authority, leaf)),
  notAfter: inAYear,
  authorityNotAfter: inAYear,
};
const shutdown = {
  node: "a",
  domain: "etcd.test",
  tls: true,
  zoneId: mark.zoneId,
  comment: found.comment,
  host: "10.0.0.1",
  user: "admin",
  privateKey: "a key",
  hostKey: "ssh-ed25519 AAAA",
};
const guarded = { ...shutdown, instanceId: "i-1", volumeId: "vol-1", members: [] };
const contact = {
  node: "a",
  instanceId: "i-1",
  host: "10.0.0.1",
  user: "admin",
  privateKey: "a key",
  firstHostKey: "ssh-ed25519 AAAA",
  hostKey: "ssh-ed25519 BBBB",
  hostPrivateKey: "another key",
  timeoutSeconds: 300,
};
const healthBefore = {
  members: [{ name: "a", endpoint: "https://10.0.0.1:2379", peerUrl: "https://a.etcd.test:2380" }],
  bootstraps: "digest",
  timeoutSeconds: 120,
};
const health = { ...healthBefore, founding: "f0f0f0f0", acceptRestore: "" };

/**
 * What it is, how it is made, its old outputs, its inputs today, and whether an update is due; one
 * that asks members is made in tests/etcd.
 */
const cases: [string, () => pulumi.Resource, object, object, boolean | "asks members"][] = [
  ["Charter", () => new Charter("x", founders), { ...founders, founding: "f0" }, founders, false],
  ["Founding", () => new Founding("x", volumes), { volumeIds: { a: "vol-1" } }, volumes, true],
  [
    "Incarnation",
    () => new StackId("x", mark),
    { ...mark, word: "0a1b2c", version: 3 },
    { ...mark, version: 4 },
    true,
  ],
  [
    "Leftovers",
    () => new Leftovers("x", { ...leftovers, ...found }),
    { ...leftovers, ...found, version: 2 },
    { ...leftovers, ...found, version: 3 },
    true,
  ],
  ["HostKeySeed", () => new HostKeySeed("x"), { seed: "00".repeat(32) }, {}, false],
  [
    "HostKey",
    () => new HostKey("x", { seed: "00", instanceId: "i-1" }),
    { instanceId: "i-1", publicKey: "p", privateKey: "q" },
    { instanceId: "i-1", seed: "00" },
    false,
  ],
  [
    "FirstContact",
    () => new FirstContact("x", contact),
    { instanceId: "i-1", hostKey: "ssh-ed25519 BBBB" },
    contact,
    false,
  ],
  [
    "CertificateAuthority",
    () => new CertificateAuthority("x", { commonName: "ca" }),
    { commonName: "ca", ...authority },
    { commonName: "ca" },
    false,
  ],
  [
    "Certificate",
    () => new Certificate("x", { ...leaf, authority }),
    { ...leaf, ...issued, version: 1 },
    { ...leaf, authority, version: 2 },
    true,
  ],
  [
    "MemberShutdown",
    () => new MemberShutdown("x", guarded),
    { ...shutdown, version: 1 },
    { ...guarded, version: 3 },
    true,
  ],
  [
    "ClusterHealth",
    () => new ClusterHealth("x", health),
    { ...healthBefore, version: 1, clusterId: "c1" },
    { ...health, version: 2 },
    "asks members",
  ],
];

for (const [name, make, olds, news, due] of cases) {
  test(
    `${name} of an older state: ` + `${due ? "one update, for the new code" : "no change"}`,
    async () => {
      const provider = await startDynamicProvider(make);
      try {
        assert.equal(await provider.diff({ ...olds }, { ...news }), due !== false);
        if (due === true)
          assert.equal(
            await provider.diff(await provider.update({ ...olds }, { ...news }), { ...news }),
            false,
          );
      } finally {
        provider.close();
      }
    },
  );
}
