// The first contact as the engine runs it, against an SSH server in this process. Does not prove
// that a real sshd takes the key, nor that cloud-init brings the first one:
// tests/lab/hostKeys.test.ts does.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test, { after, before } from "node:test";
import ssh2 from "ssh2";
import { FirstContact } from "../../components/ssh/firstContact.ts";
import type { Dialler } from "../../components/ssh/dialler.ts";
import { takeOver } from "../../components/ssh/takeOver.ts";
import { HostKey, HostKeySeed, type KeyPair } from "../../components/ssh/hostKey.ts";
import { makeHostKey } from "../hostKeys.ts";
import { startDynamicProvider, type DynamicProvider } from "./dynamicProvider.ts";
import { startFakeMachine, type FakeMachine } from "./fakeMachine.ts";
import { until } from "./until.ts";

let contact: DynamicProvider;
let first: KeyPair;
let lasting: KeyPair;
let foreign: KeyPair;
const { privateKey } = await makeHostKey();
before(async () => {
  [first, lasting, foreign] = await Promise.all([makeHostKey(), makeHostKey(), makeHostKey()]);
  const args = {
    node: "a",
    instanceId: "i-1",
    host: "h",
    user: "u",
    privateKey: "k",
    firstHostKey: "f",
    hostKey: "l",
    hostPrivateKey: "p",
    timeoutSeconds: 1,
  };
  contact = await startDynamicProvider(() => new FirstContact("contact", args));
});
after(() => contact.close());

const inputs = (port: number, more: object = {}) => ({
  node: "a",
  instanceId: "i-1",
  host: "127.0.0.1",
  port,
  user: "admin",
  privateKey,
  firstHostKey: first.publicKey,
  hostKey: lasting.publicKey,
  hostPrivateKey: lasting.privateKey,
  timeoutSeconds: 10,
  ...more,
});

/**
 * Makes contact with a machine and returns the error, "" when it went well. No private key may be
 * in it, or in what was printed.
 */
async function meet(machine: FakeMachine, more: object = {}): Promise<string> {
  const error = await contact.create(inputs(machine.port, more)).then(
    ({ outputs }) => {
      assert.deepEqual(outputs, { instanceId: "i-1", hostKey: lasting.publicKey });
      return "";
    },
    (e: Error) => e.message,
  );
  for (const secret of [privateKey, lasting.privateKey]) {
    for (const line of secret.split("\n").slice(1, 4))
      assert.ok(
        !error.includes(line) && !contact.printed().includes(line),
        "a private key is shown",
      );
  }
  return error;
}
const fingerprint = ({ publicKey }: KeyPair) =>
  `SHA256:${createHash("sha256")
    .update(Buffer.from(publicKey.split(" ")[1] ?? "", "base64"))
    .digest("base64")
    .replace("=", "")}`;

test("the key of the user data lets it hand over the lasting one, once", async (t) => {
  const machine = await startFakeMachine(first, privateKey);
  t.after(() => machine.close());
  assert.equal(await meet(machine), "");
  assert.equal(machine.received.length, 1);
  assert.ok(machine.received[0]?.includes(lasting.privateKey));
  assert.ok(machine.received[0]?.includes(lasting.publicKey));
});

test("a machine that shows the lasting key already is one of an earlier run", async (t) => {
  const machine = await startFakeMachine(lasting, privateKey);
  t.after(() => machine.close());
  assert.equal(await meet(machine), "");
  assert.match(contact.printed(), /has its lasting host key already/);
});

test("a tunnel may stand between: the way to the machine is dialled, and ended", async (t) => {
  const machine = await startFakeMachine(first, privateKey);
  t.after(() => machine.close());
  let open = 0;
  const tunnel: Dialler = {
    async dial(port) {
      assert.equal(port, 22);
      open++;
      return { host: "127.0.0.1", port: machine.port, close: () => open-- };
    },
  };
  const { port: _, ...contactInputs } = inputs(machine.port, { host: "machine.invalid" });
  await takeOver(contactInputs, tunnel, () => undefined);
  assert.equal(machine.received.length, 1);
  await until(() => open === 0, "the end of the tunnel");
});

for (const when of ["before", "after"] as const) {
  test(`a connection that breaks ${when} the key is taken is made again`, async (t) => {
    const machine = await startFakeMachine(first, privateKey);
    t.after(() => machine.close());
    machine.breakNext(when);
    assert.equal(await meet(machine), "");
    assert.equal(machine.received.length, when === "before" ? 1 : 2);
  });
}

test("another key is refused: no log-in is tried and nothing is sent", async (t) => {
  const machine = await startFakeMachine(foreign, privateKey);
  t.after(() => machine.close());
  const error = await meet(machine, { timeoutSeconds: 1 });
  assert.match(
    error,
    /The machine at 127\.0\.0\.1 is not the one that was made for a: its SSH host key is another\. Nothing was sent to it\./,
  );
  for (const key of [foreign, first, lasting]) assert.ok(error.includes(fingerprint(key)), error);
  assert.deepEqual([machine.logIns(), machine.received], [0, []]);
});

/** A way to a machine whose port is closed for the first `closed` attempts. */
function wayTo(machine: FakeMachine, closed = 0): Dialler & { dials: number } {
  return {
    dials: 0,
    async dial() {
      if (this.dials++ < closed) throw new Error("connection refused");
      return { host: "127.0.0.1", port: machine.port, close: () => undefined };
    },
  };
}

test("another key for a moment, as while a machine boots, is waited out", async (t) => {
  const machine = await startFakeMachine(foreign, privateKey);
  t.after(() => machine.close());
  const way = wayTo(machine, 1);
  const met = takeOver(inputs(machine.port), way, () => undefined);
  await until(() => way.dials > 1, "the second attempt");
  setTimeout(() => machine.show(first.privateKey), 500);
  await met;
  assert.equal(machine.received.length, 1);
});

for (const [what, shown, allowed, words] of [
  ["another key", () => foreign, privateKey, /is not the one that was made for a/],
  ["a refused log-in", () => first, (await makeHostKey()).privateKey, /does not let admin in/],
] as const)
  test(`${what} of a machine whose SSH was open at once is an answer: one attempt`, async (t) => {
    const machine = await startFakeMachine(shown(), allowed);
    t.after(() => machine.close());
    const way = wayTo(machine);
    await assert.rejects(
      takeOver(inputs(machine.port), way, () => undefined),
      words,
    );
    assert.equal(way.dials, 1);
  });

test("a machine that says it took the key and shows the old one is not believed", async (t) => {
  const machine = await startFakeMachine(first, privateKey, false);
  t.after(() => machine.close());
  assert.match(
    await meet(machine, { timeoutSeconds: 1 }),
    /took its lasting host key SHA256:\S+ but does not show it after 1 s \(the host shows another key\); look at HostKey/,
  );
});

test("a log-in that is refused names the user; a port where nobody listens, the way", async () => {
  const machine = await startFakeMachine(first, (await makeHostKey()).privateKey);
  assert.match(
    await meet(machine, { timeoutSeconds: 1 }),
    /^a \(127\.0\.0\.1:\d+\) does not let admin in by SSH after 0 s: the key of sshPrivateKey is not accepted\. sshUser has to be .* was made with\. `pulumi up`/,
  );
  await machine.close();
  assert.match(
    await meet(machine, { timeoutSeconds: 1 }),
    /ECONNREFUSED.*is this machine's address in sshFrom\?/,
  );
});

test("user data without a key is named before anything is tried", async () => {
  assert.match(
    await contact.create(inputs(1, { firstHostKey: "" })).then(
      () => "",
      (e: Error) => e.message,
    ),
    /the user data of i-1 holds no host key.*--replace/,
  );
});

test("only another instance or another key is a first contact again", async () => {
  const state = { instanceId: "i-1", hostKey: lasting.publicKey };
  assert.equal(
    await contact.diff(
      state,
      inputs(22, { timeoutSeconds: 99, firstHostKey: "other", privateKey: "other" }),
    ),
    false,
  );
  assert.equal(await contact.diff(state, inputs(22, { instanceId: "i-2" })), true);
  assert.equal(await contact.diff(state, inputs(22, { hostKey: foreign.publicKey })), true);
});

test(
  "the lasting key follows from seed and instance: worked out again it is the same, and " +
    "no two instances or clusters share one",
  async (t) => {
    const keys = await startDynamicProvider(
      () => new HostKey("key", { seed: "", instanceId: "i-1" }),
    );
    const seeds = await startDynamicProvider(() => new HostKeySeed("seed"));
    t.after(() => {
      keys.close();
      seeds.close();
    });
    const [seed, other] = (await Promise.all([seeds.create({}), seeds.create({})])).map(
      ({ outputs }) => String(outputs.seed),
    );
    const [one, again, two, three] = await Promise.all(
      [
        [seed, "i-1"],
        [seed, "i-1"],
        [seed, "i-2"],
        [other, "i-1"],
      ].map(async ([of, instanceId]) => (await keys.create({ seed: of, instanceId })).outputs),
    );
    assert.deepEqual(one, again);
    assert.equal(new Set([one, two, three].map((key) => key?.publicKey)).size, 3);
    const parsed = ssh2.utils.parseKey(String(one?.privateKey)); // as sshd reads it
    assert.ok(
      !(parsed instanceof Error) &&
        parsed.isPrivateKey() &&
        `ssh-ed25519 ${parsed.getPublicSSH().toString("base64")}` === one?.publicKey,
    );
    assert.ok(!JSON.stringify(one).includes(String(seed)), "the seed is in the state of the key");
    assert.equal(await keys.diff(one ?? {}, { seed, instanceId: "i-1" }), false);
    assert.equal(await keys.diff(one ?? {}, { seed, instanceId: "i-2" }), true);
  },
);
