// The look right before Chef runs on a machine: what does not heal is said at the first answer, all
// else is left to the command provider. Against an SSH server in this process. Does not prove that
// the engine asks it before it runs a command: tests/lab/hostKeys.test.ts does.
import assert from "node:assert/strict";
import test from "node:test";
import { makeHostKey } from "../hostKeys.ts";
import { whyNotIn } from "../../components/ssh/loginCheck.ts";
import { startFakeMachine } from "./fakeMachine.ts";

const [own, foreign, user, other] = await Promise.all([1, 2, 3, 4].map(async () => makeHostKey()));
assert.ok(own && foreign && user && other);
const asked = { node: "a", instance: "etcd-a-instance" };
const login = (port: number) => ({
  host: "127.0.0.1",
  port,
  user: "admin",
  privateKey: user.privateKey,
  hostKey: own.publicKey,
});

const rows = [
  ["the machine lets us in", own, user, /^$/],
  [
    "another host key",
    foreign,
    user,
    /^the machine at 127\.0\.0\.1 is not the one of a: .*another \(SHA256:\S+; expected SHA256:\S+\)\. Nothing was sent .*pulumi up --replace '\*\*etcd-a-instance'$/,
  ],
  [
    "a refused key",
    own,
    other,
    /^the machine of a \(127\.0\.0\.1\) does not let admin in by SSH: the key of sshPrivateKey is not accepted\. .*authorized_keys there\. Then pulumi up again$/,
  ],
] as const;
for (const [name, shown, allowed, words] of rows)
  test(name, async (t) => {
    const machine = await startFakeMachine(shown, allowed.privateKey);
    t.after(() => machine.close());
    assert.match(await whyNotIn(asked, login(machine.port)), words);
    assert.deepEqual(machine.received, []);
    if (shown === foreign) assert.equal(machine.logIns(), 0);
  });

test("a private key that cannot be read is no reason to try again", async (t) => {
  const machine = await startFakeMachine(own, user.privateKey);
  t.after(() => machine.close());
  const unreadable = { ...login(machine.port), privateKey: "none" };
  assert.match(await whyNotIn(asked, unreadable), /by SSH: Cannot parse privateKey: .* again$/);
});

test("a port where nobody listens may open yet: nothing is said", async () => {
  const machine = await startFakeMachine(own, user.privateKey);
  await machine.close();
  assert.equal(await whyNotIn(asked, login(machine.port)), "");
});
