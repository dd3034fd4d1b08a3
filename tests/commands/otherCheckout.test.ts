// What looks at the lab, or breaks something in it, refuses to where the host's lab is another
// checkout's. Does not prove that start, stop and destroy do: they ask podman; tests/lab does not
// show it either.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { test } from "node:test";
import { projectDir } from "../../lab/paths.ts";

const skip = process.getuid?.() === 0 ? false : "only root can have a /run of its own";

/**
 * A command of this checkout on a host whose lab is another's. Without a network and with a storage
 * of its own, so that one that does not refuse reaches no lab that really runs here: podman with an
 * empty /run takes the host for one that was started anew, and forgets which containers run.
 */
function call(claimedBy: string, args: readonly string[]) {
  const script =
    "mkdir -p /var/lib/containers && " +
    "for own in /run /dev/shm /var/lib/containers; do mount -t tmpfs none $own; done && " +
    'mkdir /run/etcd-lab && echo "$1" > /run/etcd-lab/checkout && shift && exec "$@"';
  const lab = [process.execPath, "commands/run.mjs", "lab", ...args];
  return spawnSync("unshare", ["--mount", "--net", "sh", "-c", script, "sh", claimedBy, ...lab], {
    cwd: projectDir,
    encoding: "utf8",
    timeout: 60_000,
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
  });
}

for (const args of [
  ["status"],
  ["logs"],
  ["logs", "a"],
  ["fault", "list"],
  ["fault", "clear"],
  ["fault", "kill", "machine=d"],
])
  test(`lab ${args.join(" ")}: one sentence that says whose lab it is`, { skip }, () => {
    const { status, stdout, stderr } = call(tmpdir(), args);
    assert.equal(
      stderr,
      `lab: the lab on this host is not this checkout's but that of ${tmpdir()}; type it there: ` +
        `npm run lab -- ${args.join(" ")}\n`,
    );
    assert.deepEqual([status, stdout], [1, ""]);
  });

test("a checkout that is gone has nothing to type there", { skip }, () => {
  const { stderr } = call("/nowhere/etcd", ["status"]);
  assert.match(stderr, /^lab: .* that of \/nowhere\/etcd; that one is gone: npm run lab -- start /);
});

test("help is nobody's lab", { skip }, () => {
  assert.equal(call(tmpdir(), ["fault", "--help"]).status, 0);
});
