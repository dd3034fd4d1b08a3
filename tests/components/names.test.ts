// Names of a cluster. Does not prove that anybody uses them: a look through components/ does, for
// what is put together elsewhere.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import * as path from "node:path";
import test from "node:test";
import { ClusterNames, srvNames } from "../../components/names.ts";

test("with TLS: https and the -ssl records; without: http and the plain ones", () => {
  const shown = (tls: boolean) => {
    const names = new ClusterNames("etcd.test", tls);
    return [
      names.hostname("a"),
      names.peerUrl("a"),
      names.clientUrl("10.0.0.1"),
      names.serverSrv,
      names.clientSrv,
    ];
  };
  assert.deepEqual(shown(true), [
    "a.etcd.test",
    "https://a.etcd.test:2380",
    "https://10.0.0.1:2379",
    "_etcd-server-ssl._tcp.etcd.test",
    "_etcd-client-ssl._tcp.etcd.test",
  ]);
  assert.deepEqual(shown(false), [
    "a.etcd.test",
    "http://a.etcd.test:2380",
    "http://10.0.0.1:2379",
    "_etcd-server._tcp.etcd.test",
    "_etcd-client._tcp.etcd.test",
  ]);
});

test("no other file of components/ puts a name, a URL or a port together", () => {
  const folder = path.join(import.meta.dirname, "../../components");
  const parts = [
    /_etcd-(server|client)/,
    /(?<!ports? |and )\b23(79|80)\b/,
    /\$\{\w*(name|member|node)\}\.\$\{/i,
  ];
  const found = readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && file !== "names.ts")
    .flatMap((file) =>
      readFileSync(path.join(folder, file), "utf8")
        .split("\n")
        // Prose may name them.
        .filter((line) => !/^\s*(\/?\*|\/\/)/.test(line))
        .filter((line) => parts.some((part) => part.test(line)))
        .map((line) => `${file}: ${line.trim()}`),
    );
  assert.deepEqual(found, []);
});

test("the four SRV sets that members or clients may look up, and the claim", () => {
  assert.deepEqual(srvNames("etcd.test"), [
    "_etcd-server-ssl._tcp.etcd.test",
    "_etcd-server._tcp.etcd.test",
    "_etcd-client-ssl._tcp.etcd.test",
    "_etcd-client._tcp.etcd.test",
  ]);
  assert.equal(new ClusterNames("etcd.test", true).claim, "_etcd-on-ec2.etcd.test");
});
