// What the templates become, rendered with Ruby's ERB as itamae does. Does not prove that etcd and
// systemd accept the result: tests/lab does. Chef's own renderer is not run here.
import assert from "node:assert/strict";
import test from "node:test";
import { parse } from "yaml";
import { needsRuby as options, render } from "./render.ts";

test(
  "etcd.yaml holds exactly the keys etcd knows, because it ignores others without a word, " +
    "and none that begins a cluster",
  options,
  async () => {
    assert.deepEqual(parse(await render("etcd.yaml")), {
      name: "a",
      "data-dir": "/var/lib/etcd/data",
      "listen-peer-urls": "http://10.0.0.1:2380",
      "listen-client-urls": "http://10.0.0.1:2379,http://127.0.0.1:2379",
      "initial-advertise-peer-urls": "http://a.etcd.test:2380",
      "advertise-client-urls": "http://a.etcd.test:2379",
      "initial-cluster-state": "existing",
      "quota-backend-bytes": 2147483648,
      "auto-compaction-mode": "periodic",
      "auto-compaction-retention": "1h",
    });
  },
);

test("etcd.yaml with TLS asks peers and clients for certificates", options, async () => {
  const config = parse(await render("etcd.yaml", { tls: true })) as Record<string, unknown>;
  assert.equal(config["initial-advertise-peer-urls"], "https://a.etcd.test:2380");
  assert.deepEqual(config["peer-transport-security"], {
    "cert-file": "/etc/etcd/pki/member.crt",
    "key-file": "/etc/etcd/pki/member.key",
    "client-cert-auth": true,
    "trusted-ca-file": "/etc/etcd/pki/ca.crt",
    "allowed-hostname": ["etcd.test"],
  });
  assert.equal(config["tls-min-version"], "TLS1.2");
  const suites = config["cipher-suites"] as string[];
  assert.equal(suites.length, 6);
  for (const suite of suites)
    assert.match(
      suite,
      /^TLS_ECDHE_(ECDSA|RSA)_WITH_(AES_128_GCM_SHA256|AES_256_GCM_SHA384|CHACHA20_POLY1305_SHA256)$/,
    );
  assert.deepEqual(config["client-transport-security"], {
    "cert-file": "/etc/etcd/pki/member.crt",
    "key-file": "/etc/etcd/pki/member.key",
    "client-cert-auth": true,
    "trusted-ca-file": "/etc/etcd/pki/ca.crt",
  });
});

test("an unknown own address is listened on everywhere, once", options, async () => {
  const config = parse(await render("etcd.yaml", {}, { address: "0.0.0.0" })) as Record<
    string,
    unknown
  >;
  assert.equal(config["listen-client-urls"], "http://0.0.0.0:2379");
  assert.equal(
    (JSON.parse(await render("preflight.json", {}, { address: "0.0.0.0" })) as { address: string })
      .address,
    "",
  );
});

test("the preflight's settings", options, async () => {
  assert.deepEqual(JSON.parse(await render("preflight.json")), {
    name: "a",
    domain: "etcd.test",
    tls: false,
    peerPort: 2380,
    address: "10.0.0.1",
    members: { a: "10.0.0.1", b: "10.0.0.2" },
    timeoutSeconds: 60,
    tickets: true,
    joins: true,
    token: "tok: 1",
    initialState: "new",
    volume: "vol-0abc",
    dataDir: "/var/lib/etcd/data",
    mountPoint: "/var/lib/etcd",
  });
});

test(
  "the unit asks the preflight before anything else, gives up never, and waits for the volume",
  options,
  async () => {
    const lines = (await render("etcd.service")).split("\n");
    const steps = lines.filter((line) => line.startsWith("Exec"));
    assert.deepEqual(steps, [
      "ExecStartPre=+/usr/local/lib/etcd-node/etcd-preflight",
      "ExecStartPre=-+/usr/local/lib/etcd-node/etcd-applied record",
      "ExecStart=/opt/etcd/etcd --config-file /run/etcd-node/etcd.yaml",
      "ExecStartPost=+/usr/local/lib/etcd-node/etcd-preflight --joined",
      "ExecStopPost=-+/usr/local/lib/etcd-node/etcd-preflight --joined",
    ]);
    for (const line of [
      "Type=notify",
      "User=etcd",
      "StartLimitIntervalSec=0",
      "TimeoutStartSec=infinity",
      "TimeoutStopSec=30",
      "Restart=on-failure",
      "RestartSec=2",
      "RequiresMountsFor=/var/lib/etcd",
    ])
      assert.ok(lines.includes(line), line);
  },
);

test(
  "a data directory that is gone keeps systemd from nothing: the preflight has its say",
  options,
  async () => {
    const lines = (await render("etcd.service")).split("\n");
    const writable = lines.filter((line) => line.startsWith("ReadWritePaths="));
    assert.deepEqual(writable, ["ReadWritePaths=-/var/lib/etcd/data"]);
  },
);

test("the mount waits for its device", options, async () => {
  assert.match(await render("var-lib-etcd.mount"), /^Requires=etcd-volume\.service$/m);
  assert.match(await render("var-lib-etcd.mount"), /^What=\/dev\/disk\/by-id\/x$/m);
  assert.match(await render("etcd-volume.service"), /etcd-volume wait \/dev\/disk\/by-id\/x 300$/m);
});
