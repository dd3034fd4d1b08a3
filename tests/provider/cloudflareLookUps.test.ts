/**
 * The look-ups of the lab's cloudflare plugin, called as the engine calls them, against the lab's
 * Cloudflare emulator. Does not prove that the official plugin answers so: its source was read.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { zone } from "../../lab/addresses.ts";
import { cloudflareApp } from "../../lab/cloudflare/app.ts";
import { RecordStore } from "../../lab/cloudflare/store.ts";
import { listen, type Listening } from "../../lab/httpServer.ts";
import { secret } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";
import { type PluginProcess, startPlugin } from "./pluginProcess.ts";

const store = new RecordStore([], () => undefined);
const asked: string[] = [];
let forbidden = "none";
let api: Listening;
let plugin: PluginProcess;

before(async () => {
  const app = cloudflareApp({
    stores: [store],
    takeFailure: ({ path }) =>
      path.endsWith(forbidden) ? { kind: "api-fault", status: 403 } : undefined,
    log: () => undefined,
  });
  const fetch: typeof app.fetch = (request, ...rest) => {
    asked.push(decodeURIComponent(new URL(request.url).search));
    return app.fetch(request, ...rest);
  };
  api = await listen("The Cloudflare emulator", fetch, "127.0.0.1", 0);
  plugin = await startPlugin("cloudflare");
  const baseUrl = `http://127.0.0.1:${api.port}/client/v4`;
  await plugin.configure({ baseUrl, apiToken: secret(zone.apiToken) });
});
after(async () => {
  await plugin.stop();
  await api.close();
});
beforeEach(() => {
  for (const { id } of store.list()) store.delete(id);
  asked.length = 0;
  forbidden = "none";
});

const add = (name: string, more: object = {}) =>
  store.create({ name, type: "A", content: "203.0.113.9", ttl: 1, ...more });
const getDnsRecords = async (args: Values) => {
  const answer = await plugin.invoke("cloudflare:index/getDnsRecords:getDnsRecords", {
    zoneId: zone.id,
    ...args,
  });
  return answer.results as Values[];
};
const getZone = (args: Values) => plugin.invoke("cloudflare:index/getZone:getZone", args);

test("records of one name, proxied or not, of all types, with the SDK's names", async () => {
  const proxied = add("b.etcd.test", { proxied: true, comment: "website" });
  add("b.etcd.test", { type: "TXT", content: '"words"' });
  add("b.b.etcd.test");
  const [a, text, ...others] = await getDnsRecords({ name: { exact: "B.etcd.test" } });
  assert.deepEqual(others, []);
  assert.deepEqual(a, {
    id: proxied.id,
    name: "b.etcd.test",
    type: "A",
    content: "203.0.113.9",
    ttl: 1,
    proxied: true,
    proxiable: true,
    comment: "website",
    settings: {},
    tags: [],
    meta: "{}",
    createdOn: proxied.created_on,
    modifiedOn: proxied.modified_on,
  });
  assert.deepEqual([text?.type, text?.content, text?.comment], ["TXT", '"words"', undefined]);
  assert.deepEqual(asked, ["?name.exact=B.etcd.test&page=1", "?name.exact=B.etcd.test&page=2"]);
});

test("filters that the program gives are asked for, and no others", async () => {
  add("a.etcd.test", { comment: "x" });
  add("a.etcd.test", { content: "203.0.113.10", comment: "x", proxied: true });
  add("ab.etcd.test", { comment: "y" });
  const names = async (args: Values) => (await getDnsRecords(args)).map(({ name }) => name);
  assert.deepEqual(await names({}), ["a.etcd.test", "a.etcd.test", "ab.etcd.test"]);
  assert.deepEqual(await names({ name: { startswith: "ab" } }), ["ab.etcd.test"]);
  assert.deepEqual(await names({ comment: { exact: "y" } }), ["ab.etcd.test"]);
  assert.deepEqual(await names({ proxied: true }), ["a.etcd.test"]);
  assert.deepEqual(await names({ type: "SRV" }), []);
});

test("more than one page, and no more than is wanted", async () => {
  for (let i = 0; i < 120; i++) add("a.etcd.test", { content: `203.0.113.${i}` });
  assert.equal((await getDnsRecords({})).length, 120);
  assert.equal((await getDnsRecords({ maxItems: 3 })).length, 3);
});

test("the parts of a service record", async () => {
  const data = { priority: 0, weight: 1, port: 2380, target: "a.etcd.test" };
  add("_etcd-server._tcp.etcd.test", { type: "SRV", data });
  const [found] = await getDnsRecords({});
  assert.deepEqual([found?.data, found?.content], [data, "1 2380 a.etcd.test"]);
});

test("a zone by its ID and by its name", async () => {
  for (const args of [{ zoneId: zone.id }, { filter: { name: "etcd.test" } }]) {
    const { id, zoneId, name, status, nameServers } = await getZone(args);
    assert.deepEqual([id, zoneId, name, status], [zone.id, zone.id, "etcd.test", "active"]);
    assert.ok(Array.isArray(nameServers));
  }
  await assert.rejects(getZone({ filter: { name: "example.org" } }), /exactly one result: 0 found/);
});

test("a zone that may not be read fails with the API's words, and at once", async () => {
  forbidden = `/zones/${zone.id}`;
  await assert.rejects(getZone({ zoneId: zone.id }), /403 Forbidden/);
  assert.equal(asked.length, 1);
  await assert.rejects(getZone({ zoneId: "f".repeat(32) }), /404 Not Found .*7003/);
});
