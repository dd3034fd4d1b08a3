// How the writer through etcdctl keeps score, with a script in etcdctl's place. Does not prove how
// etcdctl itself behaves: tests/faults/memberStories.test.ts runs it against real etcd.
import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import test, { after } from "node:test";
import { poll } from "../../components/engine/poll.ts";
import { startEtcdctlWriter } from "../membership/etcdctlWriter.ts";

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "etcdctl-writer-"));
after(() => fs.rmSync(folder, { recursive: true }));
const at = (name: string) => path.join(folder, name);

/** Keeps keys in a file; refuses to write while the file `down` is there. */
const program = `#!/bin/sh
shift 2 # --endpoints
case $1 in
  put)
    if [ -e ${folder}/down ]; then touch ${folder}/refused && exit 1; fi
    echo "$2" >> ${folder}/keys && echo OK ;;
  get) cat ${folder}/keys ;;
esac
`;
fs.writeFileSync(at("etcdctl"), program, { mode: 0o755 });

const keys = () =>
  (fs.existsSync(at("keys")) ? fs.readFileSync(at("keys"), "utf8") : "").split("\n");

function until(there: () => boolean): Promise<undefined> {
  return poll<undefined, string>({
    seconds: 10,
    pause: 10,
    look: async () => (there() ? { found: undefined } : { still: `${keys().length} keys` }),
    expired: (still) => assert.fail(still),
  });
}

const start = () => {
  fs.rmSync(at("keys"), { force: true });
  const endpoints = { a: "http://10.88.0.11:2379" };
  return startEtcdctlWriter(at("etcdctl"), folder, { endpoints, identity: undefined }, 1);
};

test("what was acknowledged and is not there is lost, by member and key", async () => {
  const writer = start();
  await until(() => keys().length > 3);
  assert.deepEqual((await writer.stop({ a: "a", b: "b" })).lost, []);
  const again = start();
  await until(() => keys().length > 3);
  const [first = ""] = keys();
  fs.writeFileSync(at("keys"), keys().slice(1).join("\n"));
  const { lost } = await again.stop({ a: "a", b: "b" });
  assert.deepEqual(lost, [`a ${first}`, `b ${first}`]);
});

test("a gap that has not ended when the writer is stopped is counted whole", async () => {
  const writer = start();
  await until(() => keys().length > 3);
  fs.writeFileSync(at("down"), "");
  await until(() => fs.existsSync(at("refused")));
  const score = writer.stop();
  setTimeout(() => fs.rmSync(at("down")), 700);
  const { gapMs, unknown, acknowledged } = await score;
  assert.ok(gapMs >= 650, `${gapMs} ms`);
  assert.ok(unknown > 0);
  assert.equal(acknowledged, keys().filter(Boolean).length);
});
