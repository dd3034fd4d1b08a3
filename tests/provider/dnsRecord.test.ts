/**
 * The lab's cloudflare plugin, called as the engine calls it, against a small imitation of the
 * records API. Does not prove that the imitation answers like Cloudflare, nor that a whole `pulumi
 * up` works (the lab tier does).
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { startFakeCloudflare } from "./fakeCloudflare.ts";
import type { FakeCloudflare } from "./fakeCloudflare.ts";
import { startPlugin } from "./pluginProcess.ts";
import type { PluginProcess } from "./pluginProcess.ts";
import { secret, unknown } from "../../lab/plugins/values.ts";
import type { Values } from "../../lab/plugins/values.ts";

const type = "cloudflare:index/dnsRecord:DnsRecord";
const zoneId = "0e7cd1ab0e7cd1ab0e7cd1ab0e7cd1ab";
const token = "lab-token-opens-only-the-lab-0123456789abcdef";
const a: Values = {
  zoneId,
  name: "a.etcd.test",
  type: "A",
  content: "10.213.0.4",
  ttl: 60,
  proxied: false,
};
const srv: Values = {
  zoneId,
  name: "_etcd-server-ssl._tcp.etcd.test",
  type: "SRV",
  ttl: 60,
  priority: 0,
  data: { priority: 0, weight: 0, port: 2380, target: "a.etcd.test" },
};
const retryAtOnce = { "retry-after-ms": "1" };

let api: FakeCloudflare;
let plugin: PluginProcess;
before(async () => {
  api = await startFakeCloudflare();
  plugin = await startPlugin("cloudflare");
  // The stack file holds the token encrypted: the engine marks it as a secret.
  await plugin.configure({ baseUrl: api.baseUrl, apiToken: secret(token) });
});
after(async () => {
  await plugin.stop();
  await api.close();
});
beforeEach(() => {
  api.requests.length = 0;
  api.records.clear();
  api.next.length = 0;
});

test("create posts the record with the token", async () => {
  const { id, state } = await plugin.create(type, "a", a);
  assert.match(id, /^[0-9a-f]{32}$/);
  assert.equal(state.content, "10.213.0.4");
  assert.equal(api.requests[0]?.method, "POST");
  assert.equal(api.requests[0]?.path, `/client/v4/zones/${zoneId}/dns_records`);
  assert.deepEqual(api.requests[0]?.body, {
    name: "a.etcd.test",
    type: "A",
    ttl: 60,
    content: "10.213.0.4",
    proxied: false,
  });
  assert.equal(api.requests[0]?.headers.authorization, `Bearer ${token}`);
});

test("a service record has its priority twice, in data and beside it", async () => {
  await plugin.create(type, "srv", srv);
  assert.deepEqual(api.requests[0]?.body, {
    name: "_etcd-server-ssl._tcp.etcd.test",
    type: "SRV",
    ttl: 60,
    priority: 0,
    proxied: false,
    data: { priority: 0, weight: 0, port: 2380, target: "a.etcd.test" },
  });
});

for (const [name, inputs] of Object.entries({ a, srv, commented: { ...a, comment: "member a" } })) {
  test(`a refresh of an unchanged record finds no change (${name})`, async () => {
    const made = await plugin.create(type, name, inputs);
    const found = await plugin.read(type, made.id, inputs, made.state);
    assert.equal(found.id, made.id);
    const difference = await plugin.diff(type, found.inputs, found.state, inputs);
    assert.deepEqual(difference.changed, []);
  });
}

for (const [name, inputs] of Object.entries({ a, srv, commented: { ...a, comment: "member a" } })) {
  test(`an import names zone and record, and the next up changes nothing (${name})`, async () => {
    const { id } = await plugin.create(type, name, inputs);
    const found = await plugin.read(type, `${zoneId}/${id}`, {}, {});
    assert.equal(found.id, id);
    assert.equal(found.inputs.zoneId, zoneId);
    assert.deepEqual((await plugin.check(type, name, found.inputs, found.inputs)).reasons, []);
    const { inputs: wanted } = await plugin.check(type, name, inputs, found.inputs);
    assert.deepEqual((await plugin.diff(type, found.inputs, found.state, wanted)).changed, []);
  });
}

test("an import without the zone is refused; one of no record finds none", async () => {
  const { id } = await plugin.create(type, "a", a);
  await assert.rejects(plugin.read(type, id, {}, {}), /<zone_id>\/<dns_record_id>/);
  const other = "f".repeat(32);
  assert.equal((await plugin.read(type, `${zoneId}/${other}`, {}, {})).id, "");
});

test("a refresh shows what somebody else changed", async () => {
  const made = await plugin.create(type, "a", a);
  api.records.set(made.id, { ...api.records.get(made.id), content: "10.213.0.99" });
  const found = await plugin.read(type, made.id, a, made.state);
  assert.equal(found.inputs.content, "10.213.0.99");
  assert.deepEqual((await plugin.diff(type, found.inputs, found.state, a)).changed, ["content"]);
});

test("a record that is gone reads as gone", async () => {
  const made = await plugin.create(type, "a", a);
  api.records.clear();
  assert.equal((await plugin.read(type, made.id, a, made.state)).id, "");
});

test("any update puts the whole record, a new name too", async () => {
  const made = await plugin.create(type, "a", a);
  const wanted = { ...a, name: "b.etcd.test", comment: "moved" };
  assert.deepEqual((await plugin.diff(type, a, made.state, wanted)).replaces, []);
  const state = await plugin.update(type, made.id, a, made.state, wanted);
  assert.equal(state.name, "b.etcd.test");
  assert.equal(api.requests[1]?.method, "PUT");
  assert.deepEqual(api.requests[1]?.body, {
    name: "b.etcd.test",
    type: "A",
    ttl: 60,
    content: "10.213.0.4",
    comment: "moved",
    proxied: false,
  });
});

test("another type or zone makes a new record, made before the old one goes", async () => {
  const { state } = await plugin.create(type, "a", a);
  for (const [property, value] of [
    ["type", "AAAA"],
    ["zoneId", "f".repeat(32)],
  ] as const) {
    const difference = await plugin.diff(type, a, state, { ...a, [property]: value });
    assert.deepEqual(difference.replaces, [property]);
    assert.equal(difference.deleteFirst, false);
  }
});

test("an identical record is refused at once, with Cloudflare's code", async () => {
  await plugin.create(type, "a", a);
  await assert.rejects(
    plugin.create(type, "again", a),
    /failed to make http request: POST ".*dns_records": 400 Bad Request .*81058.*An identical record already exists/,
  );
  assert.equal(api.requests.length, 2);
});

test("deleting a record that is gone fails", async () => {
  const made = await plugin.create(type, "a", a);
  api.records.clear();
  await assert.rejects(
    plugin.remove(type, made.id, a, made.state),
    /DELETE .*404 Not Found .*81044/,
  );
});

for (const status of [408, 409, 429, 500, 503]) {
  test(`${status} is tried again`, async () => {
    api.next.push({ status, headers: retryAtOnce }, { status, headers: retryAtOnce });
    const { id } = await plugin.create(type, "a", a);
    assert.ok(id);
    assert.equal(api.requests.length, 3);
  });
}

test("after ten more tries the error is shown", async () => {
  for (let i = 0; i < 20; i++) api.next.push({ status: 500, headers: retryAtOnce });
  await assert.rejects(plugin.create(type, "a", a), /500 Internal Server Error/);
  assert.equal(api.requests.length, 11);
});

test("retry-after is honoured", async () => {
  api.next.push({ status: 429, headers: { "retry-after": "1" } });
  const start = performance.now();
  await plugin.create(type, "a", a);
  assert.ok(performance.now() - start >= 990, "came back before the second was over");
});

test("a dropped connection is tried again", async () => {
  api.next.push({ status: 0, drop: true });
  assert.ok((await plugin.create(type, "a", a)).id);
  assert.equal(api.requests.length, 2);
});

test("an answer that is lost after the write: the second try meets its own record", async () => {
  api.next.push({ status: 0, lost: true });
  await assert.rejects(plugin.create(type, "a", a), /81058/);
  assert.equal(api.records.size, 1);
});

test("an answer that is lost after a delete: the second try finds nothing", async () => {
  const made = await plugin.create(type, "a", a);
  api.next.push({ status: 0, lost: true });
  await assert.rejects(plugin.remove(type, made.id, a, made.state), /404 Not Found/);
});

test("a preview asks nothing of the API and does not know what it will answer", async () => {
  const { state } = await plugin.create(type, "a", { ...a, content: unknown }, { preview: true });
  assert.equal(state.content, unknown);
  assert.equal(state.createdOn, unknown);
  assert.equal(state.name, "a.etcd.test");
  const planned = await plugin.update(
    type,
    "id",
    a,
    { ...a, createdOn: "2026", modifiedOn: "2026" },
    { ...a, content: "10.213.0.5" },
    true,
  );
  assert.equal(planned.content, "10.213.0.5");
  assert.equal(planned.createdOn, "2026");
  assert.equal(planned.modifiedOn, unknown);
  assert.equal(api.requests.length, 0);
});

test("a malformed token is refused at preview, and never repeated", async () => {
  for (const given of ["malformed-one", secret("malformed-one")]) {
    const [reason] = await plugin.checkConfig({ baseUrl: api.baseUrl, apiToken: given });
    assert.match(reason ?? "", /api_token API tokens must be 40 to 80 characters long/);
    assert.doesNotMatch(reason ?? "", /malformed-one/);
  }
  for (const given of [token, secret(token)])
    assert.deepEqual(await plugin.checkConfig({ baseUrl: api.baseUrl, apiToken: given }), []);
  assert.deepEqual(await plugin.checkConfig({ baseUrl: unknown, apiToken: unknown }), []);
});

test("without a base URL the plugin refuses to work", async () => {
  assert.match(
    (await plugin.checkConfig({ apiToken: token }))[0] ?? "",
    /cloudflare:baseUrl: .*needs its address/,
  );
});

test("inputs are checked in the official words", async () => {
  const reasons = async (inputs: Values) => (await plugin.check(type, "a", inputs)).reasons;
  assert.deepEqual(await reasons(a), []);
  assert.match(
    (await reasons({ ...a, type: "B" }))[0] ?? "",
    /^expected type to be one of \["A" "AAAA".*, got B\. Examine values at 'a\.type'\.$/,
  );
  assert.match(
    (await reasons({ ...srv, content: "x" }))[0] ?? "",
    /Conflicting configuration arguments\. "content": conflicts with data/,
  );
  assert.match(
    (await reasons({ ...a, proxied: true }))[0] ?? "",
    /ttl must be set to 1 when `proxied` is true \(got 60\)/,
  );
  assert.match(
    (await reasons({ ...a, allowOverwrite: true }))[0] ?? "",
    /does not serve 'allowOverwrite'/,
  );
  assert.deepEqual(await reasons({ zoneId, name: "a", type: "A", content: "1.2.3.4" }), [
    "Missing required property 'ttl'",
  ]);
});

test("an unknown type is named", async () => {
  await assert.rejects(
    plugin.create("cloudflare:index/zone:Zone", "z", {}),
    /unrecognized resource type: cloudflare:index\/zone:Zone\. The lab's cloudflare plugin serves cloudflare:index\/dnsRecord:DnsRecord/,
  );
});

test("the log names the calls and holds no token", async () => {
  await plugin.create(type, "logged", a);
  const log = await plugin.log();
  assert.match(
    log,
    /\[create cloudflare:index\/dnsRecord:DnsRecord logged\]\s+POST zones\/.* → 200/,
  );
  assert.doesNotMatch(log, new RegExp(token));
});
