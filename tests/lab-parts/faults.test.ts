/**
 * Faults: how they are read, listed and undone, and the control interface in front of them, with
 * effects that only take notes. Does not prove that pausing, cutting or killing does to a machine
 * what it should.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { controlApp } from "../../lab/control.ts";
import { FaultInputError, parseFault } from "../../lab/faultInput.ts";
import { nothingYet } from "../../lab/faultCommand.ts";
import { inZone, noSuchMachine, plainName } from "../../lab/machineName.ts";
import { faultKinds } from "../../lab/faultKinds.ts";
import type { Fault } from "../../lab/faultKinds.ts";
import { FaultRegistry, meets, sshLateSeconds } from "../../lab/faults.ts";
import type { ApiFailure } from "../../lab/faults.ts";

const accepted: [input: unknown, fault: Fault][] = [
  [
    { kind: "withhold", name: "C.etcd.test.", type: "a", server: "ns2" },
    { kind: "withhold", name: "c.etcd.test", type: "A", server: "ns2" },
  ],
  [
    { kind: "withhold", name: "c.etcd.test", type: "A", server: null },
    { kind: "withhold", name: "c.etcd.test", type: "A" },
  ],
  [
    { kind: "withhold", name: "c", type: "A" },
    { kind: "withhold", name: "c.etcd.test", type: "A" },
  ],
  [
    { kind: "dns-lag", seconds: "20" },
    { kind: "dns-lag", seconds: 20 },
  ],
  [
    { kind: "api-fault", method: "post", drop: "after-write", times: "3" },
    { kind: "api-fault", method: "POST", drop: "after-write", times: 3 },
  ],
  [
    { kind: "extra", name: "_x._tcp.etcd.test", type: "SRV", content: "0 0 2380 c.etcd.test" },
    { kind: "extra", name: "_x._tcp.etcd.test", type: "SRV", content: "0 0 2380 c.etcd.test" },
  ],
  [
    { kind: "ec2-fault", action: "RunInstances", code: "RequestLimitExceeded", times: "2" },
    { kind: "ec2-fault", action: "RunInstances", code: "RequestLimitExceeded", times: 2 },
  ],
  [
    { kind: "ec2-fault", action: "RunInstances", when: "after", zone: "us-east-1b" },
    { kind: "ec2-fault", action: "RunInstances", when: "after", zone: "us-east-1b" },
  ],
];
for (const [input, fault] of accepted) {
  test(`read: ${JSON.stringify(input)}`, () => assert.deepEqual(parseFault(input), fault));
}

const refused: [input: unknown, message: RegExp][] = [
  [
    { kind: "melt" },
    /there is no fault "melt"; the lab can make: dns-lag, withhold, .*partition\./,
  ],
  [{}, /there is no fault nothing/],
  [[], /a fault is an object/],
  [{ kind: "constructor" }, /there is no fault "constructor"/],
  [{ kind: "withhold", name: "c.etcd.test" }, /type: withhold needs it/],
  [
    { kind: "withhold", name: "c.etcd.tset", type: "A" },
    /name: a node, or a full name in the zone etcd\.test, such as .* \(got "c\.etcd\.tset"\)/,
  ],
  [
    { kind: "withhold", name: "c.etcd.test", type: "A", server: "ns3" },
    /server: must be one of ns1, ns2 \(got "ns3"\)/,
  ],
  [
    { kind: "withhold", name: "c.etcd.test", type: "A", secnods: 1 },
    /secnods: withhold has no such parameter; it takes name, type, server, content/,
  ],
  [{ kind: "dns-lag", seconds: "soon" }, /seconds: must be seconds, 0 or more \(got "soon"\)/],
  [{ kind: "dns-lag", seconds: -1 }, /0 or more/],
  [
    { kind: "falsify", name: "c.etcd.test", type: "A", content: "c.etcd.test" },
    /an A record holds an IPv4 address/,
  ],
  [
    { kind: "extra", name: "_x._tcp.etcd.test", type: "SRV", content: "c.etcd.test:2380" },
    /'priority weight port target'/,
  ],
  [{ kind: "api-fault" }, /exactly one of them/],
  [{ kind: "api-fault", status: 500, drop: "before-write" }, /exactly one of them/],
  [{ kind: "api-fault", drop: "before-write", retryAfter: 1 }, /sent with a status only/],
  [{ kind: "api-fault", status: 200 }, /400 to 599/],
  [
    { kind: "ec2-fault", action: "RunInstances" },
    /code: ec2-fault needs one, except with when=after/,
  ],
  [
    { kind: "ec2-fault", action: "RunInstances", when: "after", code: "InternalError" },
    /where no answer carries it/,
  ],
  [
    { kind: "ec2-fault", action: "run instances", code: "InternalError" },
    /action: must be a name as EC2's API spells it, such as RunInstances \(got "run instances"\)/,
  ],
];
for (const [input, message] of refused) {
  test(`refused: ${JSON.stringify(input)}`, () =>
    assert.throws(
      () => parseFault(input),
      (error: Error) => error instanceof FaultInputError && message.test(error.message),
    ));
}

test("all problems of a fault are told at once", () => {
  assert.throws(
    () => parseFault({ kind: "withhold", name: "c d", server: "ns9" }),
    (error: Error) => error.message.split("\n").length === 3,
  );
});

test("a machine is called as the tables show it", () => {
  for (const called of ["10.213.0.4", "https://10.213.0.4:2379", " 10.213.0.4 "])
    assert.equal(plainName(called), "10.213.0.4");
  assert.equal(plainName("etcd-lab-i-0abc"), "i-0abc");
  assert.deepEqual(["A", "a.etcd.test."].map(plainName).map(inZone), [
    "a.etcd.test",
    "a.etcd.test",
  ]);
  assert.equal(
    noSuchMachine(
      "d",
      ["ns1", "i-1"],
      [
        ["i-1", "a.etcd.test"],
        [undefined, "b.etcd.test"],
      ],
    ),
    "machine: there is no d in the lab; it runs a (i-1), ns1.",
  );
});

test("a fault of a record that is not there says so, and which there are", () => {
  const there = ["a.etcd.test A 10.213.0.4", "b.etcd.test A 10.213.16.4"];
  const note = (name: string) => nothingYet({ kind: "withhold", name, type: "A" }, there);
  assert.equal(note("a.etcd.test"), "");
  assert.equal(
    note("aa.etcd.test"),
    "no record is aa.etcd.test A now; it acts once there is one " +
      "(there are a.etcd.test A, b.etcd.test A)",
  );
  assert.equal(nothingYet({ kind: "server-down", server: "ns1" }, there), "");
});

/** A registry whose effects write down what they would do. */
function registry(broken: readonly string[] = []) {
  const notes: string[] = [];
  const faults = new FaultRegistry({
    begin: async (fault) => {
      if (broken.includes(`begin ${fault.kind}`)) throw new Error("no such machine");
      notes.push(`begin ${fault.kind}`);
      if (fault.kind === "kill") return undefined;
      return async () => {
        notes.push(`undo ${fault.kind}`);
        if (broken.includes(`undo ${fault.kind}`)) throw new Error("it will not wake");
      };
    },
  });
  return { faults, notes };
}

test("only faults that act on the host have effects, undone newest first", async () => {
  const { faults, notes } = registry();
  await faults.add({ kind: "server-down", server: "ns2" });
  await faults.add({ kind: "withhold", name: "c.etcd.test", type: "A" });
  await faults.add({ kind: "partition", machine: "c" });
  assert.equal(await faults.clear(), 3);
  assert.deepEqual(notes, [
    "begin server-down",
    "begin partition",
    "undo partition",
    "undo server-down",
  ]);
  assert.deepEqual(faults.active(), []);
});

test("a kill is over at once and not listed", async () => {
  const { faults, notes } = registry();
  await faults.add({ kind: "kill", machine: "a" });
  assert.deepEqual([notes, faults.list()], [["begin kill"], []]);
});

test("a fault whose effect cannot be had is not on", async () => {
  const { faults } = registry(["begin pause"]);
  await assert.rejects(faults.add({ kind: "pause", machine: "z" }), /no such machine/);
  assert.deepEqual(faults.list(), []);
});

test("one effect that cannot be undone does not keep the others on, and is told", async () => {
  const { faults, notes } = registry(["undo pause"]);
  await faults.add({ kind: "partition", machine: "a" });
  await faults.add({ kind: "pause", machine: "b" });
  await assert.rejects(faults.clear(), /pause: it will not wake/);
  assert.deepEqual(notes.slice(2), ["undo pause", "undo partition"]);
  assert.deepEqual(faults.list(), []);
});

test("whoever listens is done before the change is answered", async () => {
  const { faults } = registry();
  const heard: string[] = [];
  const stop = faults.onChange(async (change) => {
    await new Promise((resolve) => setImmediate(resolve));
    heard.push(change);
  });
  await faults.add({ kind: "dns-lag", seconds: 1 });
  await faults.clear();
  stop();
  await faults.add({ kind: "dns-lag", seconds: 1 });
  assert.deepEqual(heard, ["added", "removed"]);
});

const post = {
  method: "POST",
  path: "/client/v4/zones/1/dns_records",
  body: '{"name":"c.etcd.test"}',
};
const matching: [fault: Omit<ApiFailure, "kind">, meets: boolean][] = [
  [{}, true],
  [{ method: "POST" }, true],
  [{ method: "PUT" }, false],
  [{ path: "dns_records" }, true],
  [{ path: "tokens" }, false],
  [{ body: "c.etcd.test" }, true],
  [{ body: "b.etcd.test" }, false],
  [{ service: "cloudflare" }, true],
  [{ service: "ec2" }, false],
];
for (const [fault, expected] of matching) {
  test(`${JSON.stringify(fault)} ${expected ? "meets" : "spares"} a POST of c.etcd.test`, () =>
    assert.equal(meets({ kind: "api-fault", ...fault }, "cloudflare", post), expected));
}

test("an api-fault fails as many requests as it says, then is off", async () => {
  const { faults } = registry();
  await faults.add({ kind: "api-fault", status: 500, times: 2 });
  assert.equal(faults.takeApiFailure("cloudflare", post)?.status, 500);
  assert.equal(faults.list()[0]?.left, 1);
  assert.equal(faults.takeApiFailure("cloudflare", post)?.status, 500);
  assert.equal(faults.takeApiFailure("cloudflare", post), undefined);
  assert.deepEqual(faults.list(), []);
});

test("without a fault SSH is not late", () => assert.equal(sshLateSeconds(), 0));

function control() {
  const { faults } = registry(["begin pause"]);
  const lines: string[] = [];
  const app = controlApp(
    faults,
    async () => ({ containers: [], dns: {}, cloudflare: [], faults: faults.list() }),
    (line) => lines.push(line),
  );
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await app.request(path, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { faults, call, lines };
}

test("the control interface switches faults on, lists them, and off, one or all", async () => {
  const { call } = control();
  const made = await call("POST", "/faults", { kind: "dns-lag", seconds: "20" });
  assert.deepEqual(
    [made.status, made.body["id"], made.body["fault"]],
    [201, 1, { kind: "dns-lag", seconds: 20 }],
  );
  await call("POST", "/faults", { kind: "ssh-late", seconds: 5 });
  assert.equal(((await call("GET", "/faults")).body as unknown as unknown[]).length, 2);
  assert.deepEqual((await call("DELETE", "/faults/1")).body, { cleared: 1 });
  assert.deepEqual((await call("DELETE", "/faults")).body, { cleared: 1 });
  assert.deepEqual((await call("GET", "/status")).body["faults"], []);
});

test("the control interface says what is wrong", async () => {
  const { call, lines } = control();
  const unknown = await call("POST", "/faults", { kind: "melt" });
  assert.deepEqual(
    [unknown.status, /the lab can make/.test(String(unknown.body["error"]))],
    [400, true],
  );
  const failed = await call("POST", "/faults", { kind: "pause", machine: "z" });
  assert.deepEqual([failed.status, failed.body["error"]], [500, "no such machine"]);
  assert.match(
    String((await call("DELETE", "/faults/7")).body["error"]),
    /there is no fault 7; on are: none/,
  );
  const nowhere = await call("GET", "/fault");
  assert.deepEqual(
    [nowhere.status, /has no GET \/fault;/.test(String(nowhere.body["error"]))],
    [404, true],
  );
  assert.equal(lines.length, 2);
});

test("every kind of fault says what it does, and so does each of its parameters", () => {
  for (const [kind, { says, parameters }] of Object.entries(faultKinds)) {
    assert.ok(says.endsWith("."), kind);
    for (const [name, parameter] of Object.entries(parameters))
      assert.ok(parameter.says.length > 0, `${kind} ${name}`);
  }
});
